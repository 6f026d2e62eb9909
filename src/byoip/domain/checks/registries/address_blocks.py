"""What registries write into their inetnum and inet6num objects: statuses, names, maintainers.

Sources: RIPE Database documentation, "Description of the INETNUM Object" and "... INET6NUM ...";
APNIC, "Resource status"; AFRINIC, "Status values". What no row names proves nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Counts(StrEnum):
    """Whose word counts in a block of this status."""

    HOLDER = "holder"  # mnt-by without the registries' own; mnt-lower where that leaves none
    NOTHING = "nothing"  # no party holds a block of this status


@dataclass(frozen=True, slots=True)
class BlockStatus:
    """One row: a status, whose `mnt-by` the registry puts there, and what counts."""

    status: str
    maintained_by: str
    counts: Counts = Counts.HOLDER


_BOTH: Final = "the registry, and the member or its customer"
_MEMBER: Final = "the member that assigns from its own allocation, or its customer"
_REGISTRY: Final = "the registry; its member stands in mnt-lower"
_NO_HOLDER: Final = "the registry"

RIPE: Final = (
    BlockStatus("ALLOCATED PA", _BOTH),
    BlockStatus("ALLOCATED PI", _BOTH),
    BlockStatus("ALLOCATED-ASSIGNED PA", _BOTH),
    BlockStatus("ASSIGNED PI", "the registry, and the end user or its sponsor"),
    BlockStatus("ASSIGNED ANYCAST", "the registry, and the end user or its sponsor"),
    BlockStatus("LEGACY", "the holder, and the registry where the holder has a contract"),
    BlockStatus("ASSIGNED PA", _MEMBER),
    BlockStatus("SUB-ALLOCATED PA", _MEMBER),
    BlockStatus("LIR-PARTITIONED PA", _MEMBER),
    BlockStatus("LIR-PARTITIONED PI", _MEMBER),
    BlockStatus("ALLOCATED-BY-RIR", _BOTH),
    BlockStatus("ALLOCATED-BY-LIR", _MEMBER),
    BlockStatus("AGGREGATED-BY-LIR", _MEMBER),
    BlockStatus("ASSIGNED", _MEMBER),
    BlockStatus("ALLOCATED UNSPECIFIED", _NO_HOLDER, Counts.NOTHING),
    BlockStatus("NOT-SET", _NO_HOLDER, Counts.NOTHING),
)
APNIC: Final = (
    BlockStatus("ALLOCATED PORTABLE", _REGISTRY),
    BlockStatus("ASSIGNED PORTABLE", _REGISTRY),
    BlockStatus("ALLOCATED NON-PORTABLE", _MEMBER),
    BlockStatus("ASSIGNED NON-PORTABLE", _MEMBER),
    BlockStatus("UNSPECIFIED", _NO_HOLDER, Counts.NOTHING),
)
AFRINIC: Final = (
    BlockStatus("ALLOCATED PA", _REGISTRY),
    BlockStatus("ASSIGNED PI", _REGISTRY),
    BlockStatus("ASSIGNED ANYCAST", _REGISTRY),
    BlockStatus("ALLOCATED-BY-RIR", _REGISTRY),
    BlockStatus("LEGACY", "the holder"),
    BlockStatus("ASSIGNED PA", _MEMBER),
    BlockStatus("SUB-ALLOCATED PA", _MEMBER),
    BlockStatus("ALLOCATED-BY-LIR", _MEMBER),
    BlockStatus("ALLOCATED UNSPECIFIED", _NO_HOLDER, Counts.NOTHING),
    BlockStatus("NOT-SET", _NO_HOLDER, Counts.NOTHING),
)
# By `source:`. Other registries with the holder rule (a setting) may use any status of these.
STATUSES: Final[Mapping[str, tuple[BlockStatus, ...]]] = {
    "RIPE": RIPE,
    "APNIC": APNIC,
    "AFRINIC": AFRINIC,
}
_ALL: Final = tuple(row for rows in STATUSES.values() for row in rows)

# Blocks that stand for space without a holder, or managed elsewhere.
_PLACEHOLDER: Final = re.compile(
    r"IANA-.*|NON-[A-Z-]+-MANAGED-.*|STUB-.*|ERX-NETBLOCK|NOT-SET", re.ASCII
)

# Maintainers that a registry itself writes with. National registries: see `national.py`.
_REGISTRYS_OWN: Final = re.compile(
    r"RIPE-NCC-[A-Z0-9-]+|RIPE-(?:ERX|GII|DBM)-MNT"
    r"|APNIC-[A-Z0-9-]+|MAINT-APNIC-AP"
    r"|AFRINIC-[A-Z0-9-]+",
    re.ASCII,
)
# For example MAINT-JPNIC, MNT-KRNIC-AP, MAINT-CNNIC-AP, MAINT-TW-TWNIC, MAINT-IDNIC-AP.
_NATIONAL: Final = re.compile(
    r"(?:MAINT|MNT)-(?:[A-Z]{2}-)?"
    r"(JPNIC|KRNIC|CNNIC|TWNIC|VNNIC|IDNIC|APJII|IRINN)(?:-[A-Z]{2})?",
    re.ASCII,
)

# Maintainers that are strangers to no holder at this registry. Not by a pattern, and at no other
# registry: anyone may register the rest, and who writes routes by such a name is a stranger.
# Sources: PropertiesService of RIPE's database UI. Not RIPE-NCC-RPSL-MNT, whose password is public.
_WRITES_FOR: Final[Mapping[str, frozenset[str]]] = {
    "RIPE": frozenset(
        {
            "RIPE-DBM-MNT",
            "RIPE-ERX-MNT",
            "RIPE-GII-MNT",
            "RIPE-NCC-END-MNT",
            "RIPE-NCC-HM-MNT",
            "RIPE-NCC-HM-PI-MNT",
            "RIPE-NCC-LEGACY-MNT",
            "RIPE-NCC-LOCKED-MNT",
            "RIPE-NCC-MNT",
        }
    ),
    "APNIC": frozenset(
        {
            "APNIC-HM",
            "APNIC-STUB",
            "MAINT-APNIC-AP",
            "MAINT-CNNIC-AP",
            "MAINT-IN-IRINN",
            "MAINT-JPNIC",
            "MAINT-TW-TWNIC",
            "MAINT-VN-VNNIC",
            "MNT-APJII-ID",
            "MNT-KRNIC-AP",
        }
    ),
    "AFRINIC": frozenset({"AFRINIC-DB-MNT", "AFRINIC-HM-MNT"}),
}


def counts(source: str, status: str) -> Counts:
    """What counts in a block of this status; nothing where no row names it."""
    rows = STATUSES.get(source.upper(), _ALL)
    return next((row.counts for row in rows if row.status == status), Counts.NOTHING)


def placeholder(netname: str) -> bool:
    """Whether a block of this name (upper case) has no holder here."""
    return _PLACEHOLDER.fullmatch(netname) is not None


def registrys_own(maintainer: str) -> bool:
    """Whether a registry, regional or national, writes with this maintainer (upper case)."""
    own = _REGISTRYS_OWN.fullmatch(maintainer)
    return own is not None or _NATIONAL.fullmatch(maintainer) is not None


def writes_for(source: str, maintainer: str) -> bool:
    """Whether only the registry itself, or its national one, can have this name (upper case).

    Narrower than `registrys_own`: there a name too many proves nothing, here it would be trusted.
    """
    return maintainer in _WRITES_FOR.get(source.upper(), ())


def national_key(maintainer: str) -> str | None:
    """Key of the national registry that writes with this maintainer (upper case)."""
    matched = _NATIONAL.fullmatch(maintainer)
    if matched is None:
        return None
    return "idnic" if matched[1] == "APJII" else matched[1].lower()
