"""Do a registry's objects authorise the route, and do they carry the token?

Pure: it judges the objects that were found. Only objects whose `source:` is the registry that
is responsible for the space count; that registry alone ties the right to publish a route to the
holder of the addresses.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from byoip.domain.asn import LAST_ASN, Asn
from byoip.domain.checks.address_holder import judge_holder, maintainers_of
from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.registries.remedies import (
    CLASSES,
    remarks_line,
    steps_to_route_object,
    token_line,
)
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.claims.claim import MOST_OTHERS
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.claims.ownership_token import same_token
from byoip.domain.foreign_text import enumerated, listed, shown
from byoip.domain.prefix import InvalidPrefix, Prefix

_ORIGIN: Final = re.compile(r"AS(0|[1-9][0-9]{0,9})", re.ASCII | re.IGNORECASE)
_SOURCE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RouteVerdict:
    """What a registry's route objects say about one prefix and origin.

    Attributes:
        outcome: of the check irr.
        authoritative: the one object with this prefix, origin and source; only when passed.
        other_origins: other origins of the prefix and of what lies inside, whatever the source.
    """

    outcome: Outcome
    authoritative: RpslObject | None = None
    other_origins: tuple[OtherOrigin, ...] = ()


@dataclass(frozen=True, slots=True)
class _Route:
    """A route object; a field that cannot be read is None."""

    described: RpslObject
    prefix: Prefix | None
    origin: Asn | None
    source: str | None

    @property
    def readable(self) -> bool:
        known = None not in (self.prefix, self.origin, self.source)
        return known and not self.described.malformed

    def of(self, registry: Registry) -> bool:
        return self.source is not None and self.source.upper() == registry.source.upper()

    def __str__(self) -> str:
        return f"{self.prefix} {self.origin} in {self.source}"


def judge_routes(
    prefix: Prefix,
    origin: Asn,
    registry: Registry,
    objects: Sequence[RpslObject],
    line: str | None = None,
    more: Sequence[OtherOrigin] = (),
) -> RouteVerdict:
    """Judge the route objects found for a prefix; others may be among them.

    Prefixes are compared as networks, so a covering or more specific object is not the one. Objects
    of other sources (mirrors, RIPE-NONAUTH, *-GRS, the pseudo source RPKI) never count. `line` is
    the token's, for the object to paste; `more` are other origins known from elsewhere.
    """
    routes = [_read(one) for one in dict.fromkeys(objects) if one.object_class in _READ]
    others = _other_origins(prefix, origin, routes)
    exact = [one for one in routes if one.readable and one.prefix == prefix]
    proof = [one for one in exact if one.origin == origin and one.of(registry)]
    if not registry.offers_route_objects:
        return RouteVerdict(_not_offered(registry), other_origins=others)
    if len(proof) > 1:  # one primary key, two objects: changed between two answers, or worse
        text = f"{registry.source} gave {len(proof)} different objects for {prefix}{origin}."
        return RouteVerdict(Unanswered(Fault.GARBAGE, text), other_origins=others)
    if proof:
        return RouteVerdict(_passed(proof[0], others), proof[0].described, others)
    broken = [one for one in routes if not one.readable and _could_be(one, prefix, registry)]
    reason, seen = _why_not(prefix, origin, registry, exact, broken)
    fix = steps_to_route_object(prefix, origin, registry, line, (*others, *more))
    return RouteVerdict(Failed(reason, seen, fix), other_origins=others)


# An object whose first line is no attribute has no class: it may have been meant as a route.
_READ: Final = frozenset({*CLASSES.values(), ""})


def _read(described: RpslObject) -> _Route:
    origin = _ORIGIN.fullmatch(_single(described, "origin"))
    number = int(origin[1]) if origin else -1
    source = _SOURCE.fullmatch(_single(described, "source"))
    return _Route(
        described,
        _read_prefix(described),
        Asn(number) if 0 <= number <= LAST_ASN else None,
        source[0] if source else None,
    )


def _read_prefix(described: RpslObject) -> Prefix | None:
    try:
        prefix = Prefix.parse(_single(described, described.object_class))
    except InvalidPrefix:
        return None
    return prefix if CLASSES[prefix.family] == described.object_class else None


def _single(described: RpslObject, name: str) -> str:
    """The value of an attribute that an object has once; else nothing."""
    found = described.all(name)
    return found[0].value if len(found) == 1 else ""


def _could_be(broken: _Route, prefix: Prefix, registry: Registry) -> bool:
    """Whether an object that cannot be read may be meant for this prefix, in this registry."""
    classless = not broken.described.object_class
    here = broken.of(registry) or (broken.source is None and not classless)
    return here and (broken.prefix is None or broken.prefix == prefix)


def _why_not(
    prefix: Prefix, origin: Asn, registry: Registry, exact: list[_Route], broken: list[_Route]
) -> tuple[Reason, str]:
    here = [one for one in exact if one.of(registry)]
    elsewhere = [one for one in exact if one.origin == origin]
    if broken:
        key = f"{broken[0].described.object_class}: {broken[0].described.key}"
        return Reason.ROUTE_OBJECT_MALFORMED, f"An object cannot be read: {shown(key)}."
    if here:
        return Reason.ROUTE_OBJECT_OTHER_ORIGIN, f"Only other origins: {listed(here)}."
    if elsewhere:
        text = f"Only {listed(elsewhere)}, where {registry.source} is responsible."
        return Reason.ROUTE_OBJECT_NOT_AUTHORITATIVE, text
    kind = CLASSES[prefix.family]
    return Reason.ROUTE_OBJECT_MISSING, f"{registry.source} has no {kind} object for {prefix}."


def _passed(route: _Route, others: tuple[OtherOrigin, ...]) -> Passed:
    by = listed(sorted(maintainers_of(route.described, "mnt-by"))) or "no one named"
    names = enumerated(f"{one.asn} for {one.prefix} ({one.where})" for one in others)
    warnings = (f"Other origins are known for this space: {names}.",) if others else ()
    return Passed(f"{route}, maintained by {by}.", warnings)


def _not_offered(registry: Registry) -> Failed:
    return Failed(
        Reason.ROUTE_OBJECTS_NOT_OFFERED,
        f"The registry responsible, {registry.key}, keeps no route objects.",
        "Ask the operator to waive this check; ownership is then proven in reverse DNS.",
    )


def _other_origins(
    prefix: Prefix, origin: Asn, routes: Iterable[_Route]
) -> tuple[OtherOrigin, ...]:
    found = {
        OtherOrigin(one.origin, one.prefix, f"route object in {one.source}")
        for one in routes
        if one.readable
        and one.prefix is not None
        and one.origin is not None
        and one.origin != origin
        and prefix.covers(one.prefix)
    }
    return tuple(sorted(found, key=lambda one: (one.prefix, one.asn, one.where))[:MOST_OTHERS])


def judge_token(
    route: RpslObject,
    token_value: str,
    label: str,
    registry: Registry,
    holders: Sequence[RpslObject] | None,
    prefix: Prefix,
) -> Outcome:
    """Judge whether the authoritative route object proves ownership by the token.

    The token is one whole physical line of `descr` or `remarks`. Where the registry has the holder
    rule, every maintainer of the route must maintain the smallest address block around it as well.

    Args:
        route: the object `judge_routes` found.
        token_value: the token as issued.
        label: the operator's label before the token.
        registry: the registry responsible.
        holders: inetnum and inet6num objects around the prefix, empty where the registry says that
            there are none; None where the question stayed unanswered. Read by the holder rule only.
        prefix: the claimed prefix.
    """
    holder = _judge_holder(route, registry, holders, prefix)
    values = labelled(route, label)
    if any(same_token(value, token_value) for value in values):
        return holder
    line = remarks_line(token_line(label, token_value))
    fix = f"Add this line to {route.object_class} {route.key} in {registry.source}:\n\n{line}\n"
    if isinstance(holder, Failed):  # adding the line would not help
        fix = holder.fix
    if values:
        seen = f"Another token stands after {label}: {listed(values)}."
        return Failed(Reason.TOKEN_OTHER, seen, fix)
    return Failed(Reason.TOKEN_MISSING, f"No line of descr or remarks starts with {label}:", fix)


def labelled(route: RpslObject, label: str) -> list[str]:
    """What stands after the label, in whole physical lines of `descr` and `remarks`."""
    line = re.compile(rf"{re.escape(label)}:[ \t]*(.*)", re.ASCII | re.DOTALL)
    physical = [one for name in ("descr", "remarks") for a in route.all(name) for one in a.lines]
    return [matched[1] for one in physical if (matched := line.fullmatch(one))]


def _judge_holder(
    route: RpslObject, registry: Registry, holders: Sequence[RpslObject] | None, prefix: Prefix
) -> Outcome:
    carries = f"The {route.object_class} object {route.key} in {registry.source} carries the token"
    if not registry.holder_rule:
        return Passed(f"{carries}.")
    judged = judge_holder(route, registry, holders, prefix)
    return (
        replace(judged, seen=f"{carries}; {judged.seen}") if isinstance(judged, Passed) else judged
    )
