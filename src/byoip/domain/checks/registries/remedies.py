"""What to publish so that checks pass: ROAs, route objects and their token, as text to paste."""

from collections.abc import Iterable
from typing import Final

from byoip.domain.asn import Asn
from byoip.domain.checks.registry import Registry
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.foreign_text import enumerated
from byoip.domain.prefix import Prefix

ROA: Final = "ROA"  # where an other origin is known from
CLASSES: Final = {4: "route", 6: "route6"}


def token_line(label: str, token: str) -> str:
    """The physical line of `descr` or `remarks` that carries a token."""
    return f"{label}: {token}"


def remarks_line(line: str) -> str:
    """That line as an attribute to paste."""
    return _line("remarks", line)


def route_object_text(
    prefix: Prefix, origin: Asn, registry: Registry, line: str | None = None
) -> str:
    """A route or route6 object to paste, with the token's line where one is given."""
    lines = [
        _line(CLASSES[prefix.family], prefix),
        _line("origin", origin),
        *([remarks_line(line)] if line else ()),
        _line("mnt-by", "YOUR-MAINTAINER"),
        _line("source", registry.source),
    ]
    return "".join(f"{one}\n" for one in lines)


def steps_to_route_object(
    prefix: Prefix,
    origin: Asn,
    registry: Registry,
    line: str | None = None,
    others: Iterable[OtherOrigin] = (),
) -> str:
    """How a route object comes to be at this registry, the token's line included.

    `others` are other origins known for the space: they come before a ROA of ours.
    """
    if not registry.objects_from_roas:
        return (
            f"Publish this object in {registry.source} ({registry.host}), with your own "
            f"maintainer:\n\n{route_object_text(prefix, origin, registry, line)}"
        )
    roa = roa_to_publish(prefix, origin, others)
    text = f"{registry.source} makes route objects from ROAs. {roa}"
    if line is None:
        return text
    return f"{text} Then add this line to the object that it makes:\n\n{remarks_line(line)}\n"


def roa_to_publish(prefix: Prefix, origin: Asn, others: Iterable[OtherOrigin] = ()) -> str:
    """Ask for the ROA of the route; first for those of other origins known for the space."""
    ours = (
        f"Publish a ROA at the registry of the space: prefix {prefix}, origin {origin}, "
        f"max length {prefix.length}."
    )
    return f"{others_first(origin, others)} Then: {ours}" if (others := tuple(others)) else ours


def others_first(origin: Asn, others: Iterable[OtherOrigin]) -> str:
    """Name the other origins, and what to do about them before a ROA for `origin`."""
    known = tuple(others)
    with_roa = {(one.asn, one.prefix) for one in known if one.where == ROA}
    without = [one for one in known if (one.asn, one.prefix) not in with_roa]
    named = enumerated(f"{one.asn} for {one.prefix} ({one.where})" for one in known)
    said = f"Other origins are known for this space: {named}."
    if not without:
        return f"{said} Keep their ROAs, if they are yours."
    return (
        f"{said} Publish ROAs for {enumerated(dict.fromkeys(str(one.asn) for one in without))} "
        f"first, if they are yours: a ROA for {origin} alone would make their routes invalid."
    )


def _line(name: str, value: object) -> str:
    return f"{name + ':':<16}{value}"
