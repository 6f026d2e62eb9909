"""How many of a zone's name servers show something. Pure; names count, addresses do not.

One server may have many addresses, and a hostile one may list those of others (also as its own).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """Names with exactly the same addresses: one server.

    Attributes:
        borrows: it lists addresses of another server, so none counts for it.
    """

    names: tuple[str, ...]
    addresses: frozenset[str]
    borrows: bool


def servers_of(names: Collection[str], addresses: Mapping[str, frozenset[str]]) -> list[Server]:
    """The servers behind these names, in their order. A name without addresses is one, too.

    An address of two servers counts for the one all of whose addresses the other lists, if any:
    the other borrows. So it counts for at most one.
    """
    groups: dict[object, list[str]] = {}
    for name in names:
        groups.setdefault(addresses.get(name) or name, []).append(name)
    sets = [addresses.get(group[0], frozenset()) for group in groups.values()]
    return [
        Server(tuple(group), own, any(own & other and not own <= other for other in sets))
        for group, own in zip(groups.values(), sets, strict=True)
    ]


def needed(servers: int) -> int:
    """How many of so many servers must agree: more than half, so two of two, and one of one."""
    return servers // 2 + 1


def showing(
    servers: Collection[Server], confirming: Collection[str], shown: Collection[str]
) -> list[Server]:
    """Those that count as showing what stands at the addresses `shown`.

    Only a server that has one of the confirming names does.
    """
    return [
        one
        for one in servers
        if not one.borrows
        and not one.addresses.isdisjoint(shown)
        and not set(one.names).isdisjoint(confirming)
    ]
