"""Everything to paste, so that a token is where the checks will look."""

from dataclasses import dataclass

from byoip.domain.checks.registries.remedies import (
    route_object_text,
    steps_to_route_object,
    token_line,
)
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.reverse_zone import reverse_zones, txt_lines
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod


@dataclass(frozen=True, slots=True)
class Instruction:
    """One thing to publish.

    Attributes:
        where: whose portal or zone.
        name: owner name in DNS, or the attribute of the route object.
        line: the text to paste.
    """

    where: str
    name: str
    line: str


def instructions(
    token: OwnershipToken, label: str, registry: Registry | None
) -> tuple[Instruction, ...]:
    """What to publish for a token, by the methods it serves.

    `registry` is None until the first validation has found the one responsible. In one without
    route objects there is nothing to publish.
    """
    rdns = _rdns(token, label) if token.serves(TokenMethod.RDNS) else ()
    irr = _irr(token, label, registry) if token.serves(TokenMethod.IRR) else ()
    return (*rdns, *irr)


def _rdns(token: OwnershipToken, label: str) -> tuple[Instruction, ...]:
    zones = reverse_zones(token.prefix)
    lines = txt_lines(zones, label, token.value)
    return tuple(
        Instruction(f"reverse zone of {zone.prefix}", zone.owner(label), line)
        for zone, line in zip(zones, lines, strict=True)
    )


def _irr(token: OwnershipToken, label: str, registry: Registry | None) -> tuple[Instruction, ...]:
    line = token_line(label, token.value)
    if registry is not None and not registry.offers_route_objects:
        return ()
    if registry is None:
        where = "route object in the routing registry run by the RIR of the space"
        return (Instruction(where, "remarks", f"remarks: {line}"),)
    where = f"route object at {registry.source}"
    paste = Instruction(where, "remarks", f"remarks: {line}")
    if registry.objects_from_roas:
        first = steps_to_route_object(token.prefix, token.asn, registry)
        return (
            Instruction(f"ROA, of which {registry.source} makes the object", "ROA", first),
            paste,
        )
    text = route_object_text(token.prefix, token.asn, registry, line)
    return (paste, Instruction(where, "the whole object", text))
