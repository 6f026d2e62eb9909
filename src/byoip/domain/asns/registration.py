"""Which registry is responsible for an AS number, and has it given the number to a holder?

By the rows of type `asn` of the delegated-extended statistics files: each is a range of numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Failed, Fault, Reason, Unanswered
from byoip.domain.checks.registry import HELD, Registry
from byoip.domain.foreign_text import enumerated, shown

_CHECK: Final = "Check the number, or ask the registry about its registration."


@dataclass(frozen=True, slots=True, order=True)
class AsnRange:
    """One range of numbers of a statistics file, both ends included.

    Attributes:
        status: allocated, assigned, available or reserved.
        holder: the registry's opaque id of the holder, of the same series as for its prefixes.
    """

    first: int
    last: int
    registry: str
    status: str
    holder: str


@dataclass(frozen=True, slots=True)
class AsnRegistration:
    """The registry that is responsible for a number, and its opaque id of the holder."""

    registry: Registry
    holder: str


def apart(ranges: Iterable[AsnRange]) -> tuple[AsnRange, ...]:
    """Those that share no number with another, in order: of two that do we know of neither."""
    ordered = sorted(ranges)
    kept: list[AsnRange] = []
    end = -1
    shared = False
    for one in ordered:
        if one.first <= end:
            shared = True
            end = max(end, one.last)
            continue
        if shared and kept:
            kept.pop()
        kept.append(one)
        end, shared = one.last, False
    return tuple(kept[:-1] if shared else kept)


def responsible_for_asn(
    asn: Asn, found: Sequence[AsnRange] | None, registries: Mapping[str, Registry]
) -> AsnRegistration | Failed | Unanswered:
    """Judge the rows that hold a number.

    Args:
        asn: the number.
        found: the rows of all registries; None while one of them has no readable statistics of
            numbers: a number that one registry does not list may be another's.
        registries: those this operator knows, by key.
    """
    if found is None:
        seen = "Statistics of AS numbers are not loaded for every registry."
        return Unanswered(Fault.NO_DATA, seen)
    held = [one for one in found if one.status in HELD]
    if not held:
        said = enumerated(f"{one.status} at {one.registry}" for one in found) or "listed nowhere"
        return Failed(Reason.ASN_NOT_ASSIGNED, f"{asn} is given to nobody: {said}.", _CHECK)
    keys = {one.registry for one in held}
    if len(keys) > 1:
        seen = f"Several registries list {asn}: {enumerated(sorted(keys))}."
        return Unanswered(Fault.SOURCES_DISAGREE, seen, "Wait until the statistics agree.")
    (row,) = held  # one file never lists a number twice: see `apart`
    if row.registry not in registries:
        seen = f"{asn} is of {shown(row.registry)}."
        fix = "The operator must add the registry to the settings, or take the operator's word."
        return Unanswered(Fault.UNKNOWN_REGISTRY, seen, fix)
    return AsnRegistration(registries[row.registry], row.holder)
