"""A CIDR or an address in place of an id: which object is meant.

An exact CIDR wins; an address means the smallest range around it. Nothing is guessed: where several
are meant, they are named.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

import typer

from byoip_cli.account import of_account
from byoip_cli.client import Service, ask, pages
from byoip_cli.faults import CommandFailed, Status, Unusable
from byoip_cli.names import TOKEN_VARIABLE

Network: TypeAlias = IPv4Network | IPv6Network
Row: TypeAlias = Mapping[str, Any]

_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHOWN = 5


def is_id(given: str) -> bool:
    """Whether it is an id: 32 hexadecimal digits, with or without hyphens."""
    return _ID.fullmatch(given) is not None


def plain(given: str) -> str:
    """An id as the API writes it."""
    return given.replace("-", "").lower()


def network_of(given: str) -> Network:
    """The CIDR, or the address as a network of one.

    Raises:
        Unusable: it is neither.
    """
    try:
        return ip_network(given)
    except ValueError as fault:
        told = f"{given} is neither an id nor a CIDR nor an address: {fault}."
        raise Unusable(told) from None


def pick(rows: Iterable[Row], given: str, what: str) -> Row:
    """The one object that is meant.

    Raises:
        CommandFailed: none is, or several are.
    """
    wanted, every = network_of(given), list(rows)
    found = [one for one in every if ip_network(one["cidr"]) == wanted]
    around = [one for one in every if _spans(ip_network(one["cidr"]), wanted)]
    if not found and "/" not in given and around:
        longest = max(ip_network(one["cidr"]).prefixlen for one in around)
        found = [one for one in around if ip_network(one["cidr"]).prefixlen == longest]
    if len(found) == 1:
        return found[0]
    if found:
        raise Unusable(f"{given} means {len(found)} {what}s: {_named(found)}. Give one's id.")
    inside = f" It lies in {_named(around)}." if around else ""
    raise CommandFailed(f"There is no {what} {given}.{inside}", Status.NOT_FOUND)


def prefix_of(ctx: typer.Context, given: str) -> str:
    """The id of a prefix: the customer's own, or of any account where an operator asks."""
    if is_id(given):
        return plain(given)
    wanted = network_of(given)
    service: Service = ctx.obj
    if service.variable == TOKEN_VARIABLE:
        return str(pick(pages(of_account(ctx), "/prefixes"), given, "prefix")["id"])
    rows = pages(ctx, "/prefixes", overlapping=str(wanted))
    return str(pick(rows, given, "prefix")["id"])


def listed(path: str, what: str, *, paged: bool = True) -> Callable[[typer.Context, str], str]:
    """What finds the id of an object with a `cidr` in the list at `path`.

    `{prefix}` in the path is the command's own prefix.
    """

    def found(ctx: typer.Context, given: str) -> str:
        if ctx.resilient_parsing or is_id(given):
            return plain(given)
        network_of(given)
        where = path.format(**ctx.params)
        rows = pages(ctx, where) if paged else ask(ctx, "GET", where)["result"]
        return str(pick(rows, given, what)["id"])

    return found


def named(path: str, what: str) -> Callable[[typer.Context, str | None], str | None]:
    """What finds the id of an object by its name in the list at `path`."""

    def found(ctx: typer.Context, given: str | None) -> str | None:
        if given is None or ctx.resilient_parsing:
            return given
        if is_id(given):
            return plain(given)
        return by_name(pages(ctx, path), given, what)

    return found


def by_name(rows: Iterable[Row], given: str, what: str) -> str:
    """The id of the one object of this name.

    Raises:
        CommandFailed: none has it, or several have.
    """
    every = list(rows)
    found = [one for one in every if one["name"] == given]
    found = found or [one for one in every if one["name"].casefold() == given.casefold()]
    if len(found) == 1:
        return str(found[0]["id"])
    if found:
        ids = ", ".join(one["id"] for one in found)
        raise Unusable(f"{len(found)} {what}s have the name {given}: {ids}. Give one's id.")
    known = ", ".join(one["name"] for one in every[:_SHOWN]) or "none"
    told = f"There is no {what} {given}; there are: {known}."
    raise CommandFailed(told, Status.NOT_FOUND)


def object_id(ctx: typer.Context, given: str) -> str:
    """An id as the API writes it.

    Raises:
        Unusable: it is none.
    """
    if ctx.resilient_parsing or is_id(given):
        return plain(given)
    raise Unusable(f"{given} is no id: 32 hexadecimal digits.")


def _prefix(ctx: typer.Context, given: str) -> str:
    return given if ctx.resilient_parsing else prefix_of(ctx, given)


def _spans(one: Network, other: Network) -> bool:
    return one.version == other.version and other.subnet_of(one)  # type: ignore[arg-type]


def _named(rows: Sequence[Row]) -> str:
    shown = [f"{one['cidr']} ({one['id']})" for one in rows[:_SHOWN]]
    more = len(rows) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def path_of(prefix: str) -> str:
    """Below which path of its account a prefix is."""
    return f"/prefixes/{quote(prefix, safe='')}"


ObjectId: TypeAlias = Annotated[
    str, typer.Argument(metavar="ID", help="See `list`.", callback=object_id)
]
ServiceId: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="Its name, or its id.", callback=named("/services", "service")
    ),
]
PrefixId: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="PREFIX", help="Its CIDR, an address in it, or its id.", callback=_prefix
    ),
]
RouteId: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="ROUTE",
        help="Its CIDR, or its id.",
        callback=listed("/prefixes/{prefix}/bgp/prefixes", "route", paged=False),
    ),
]
AccountId: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT", help="Its name, or its id.", callback=named("/accounts", "account")
    ),
]
ForAccount: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--account", help="Name or id of the account.", callback=named("/accounts", "account")
    ),
]
