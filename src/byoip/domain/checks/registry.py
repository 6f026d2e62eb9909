"""The registries of the Internet's numbers, and where their routing objects are kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from byoip.domain.checks.registries.national import National
from byoip.domain.prefix import Prefix


class Dialect(StrEnum):
    """Which query language a whois server speaks."""

    RIPE = "ripe"  # RIPE, APNIC, AFRINIC
    IRRD = "irrd"  # ARIN, LACNIC, and most national registries that run IRRd


@dataclass(frozen=True, slots=True)
class Budget:
    """How much all workers together may ask of one registry."""

    connections: int = 2
    per_minute: int = 60
    per_day: int = 5000


# Sources that are kept in one database, and so decide who may write a route in either. RIPE's keeps
# routes of space of other regions as RIPE-NONAUTH: only its answers leave them out, its
# authorisation does not (NonAuthSourceDecorator and RouteIpAddressAuthentication of RIPE's whois).
_BESIDE: Final[Mapping[str, tuple[str, ...]]] = {"RIPE": ("RIPE-NONAUTH",)}


def sources_beside(source: str) -> tuple[str, ...]:
    """The source, and those whose routes may let others write routes in it; in upper case."""
    return (source.upper(), *_BESIDE.get(source.upper(), ()))


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry whose route objects count for the space it is responsible for.

    Attributes:
        key: name in the delegated statistics: afrinic, apnic, arin, lacnic, ripencc, or the
            operator's own name for a national registry.
        source: value of `source:` that its authenticated objects carry, for example RIPE.
        host: whois server of its routing registry.
        rest_url: base URL of a RIPE-style REST search, preferred to whois for its TLS.
        rdap_url: base URL of its RDAP server (RFC 9082); None: no registration data is asked for.
        holder_rule: whether every `mnt-by` of a route must also maintain the address space.
        objects_from_roas: whether it makes route objects from ROAs: then the ROA comes first, and
            the token's line is added to what it made.
        offers_route_objects: False where the registry has no routing registry; the operator may
            then waive irr, and rDNS is required.
    """

    key: str
    source: str
    host: str
    dialect: Dialect
    port: int = 43
    rest_url: str | None = None
    rdap_url: str | None = None
    holder_rule: bool = False
    objects_from_roas: bool = False
    offers_route_objects: bool = True
    budget: Budget = Budget()


class Basis(StrEnum):
    """How sure we are about the responsible registry."""

    STATISTICS = "delegated-extended statistics"
    OVERRIDE = "operator's override"
    HINT = "IANA table (a hint only)"


# Of the four statuses of the delegated-extended statistics format, those with a holder.
HELD: Final = frozenset({"allocated", "assigned"})


@dataclass(frozen=True, slots=True)
class Allocation:
    """One range of a delegated-extended statistics file, cut into prefixes.

    Attributes:
        status: allocated, assigned, available or reserved.
        holder: the registry's opaque id of the holder; the same for all its ranges.
        country: ISO 3166-1 code, or empty where the registry states none.
    """

    prefix: Prefix
    registry: str
    status: str
    holder: str
    country: str = ""


_ROWS_KEPT: Final = 100  # as evidence; a /8 may hold thousands


def rows_to_keep(allocations: Sequence[Allocation]) -> bytes:
    """What statistics say, as evidence: a JSON list of objects."""
    rows = [{**asdict(one), "prefix": str(one.prefix)} for one in allocations[:_ROWS_KEPT]]
    return json.dumps(rows).encode()


def kept_rows(kept: bytes) -> tuple[Allocation, ...]:
    """The ranges in what `rows_to_keep` gave."""
    return tuple(
        Allocation(**{**row, "prefix": Prefix.parse(row["prefix"])}) for row in json.loads(kept)
    )


@dataclass(frozen=True, slots=True)
class Responsible:
    """The registry that is responsible for a prefix, and how we know.

    Attributes:
        national: a national registry whose objects count as well; its key may be unknown here.
    """

    registry: Registry
    basis: Basis
    national: National | None = None

    def __str__(self) -> str:
        """As evidence says it; `named_registry` reads it."""
        return f"{self.registry.key} ({self.basis.value})"


def named_registry(seen: str) -> tuple[str, Basis] | None:
    """The key of a registry and how it was known, in the text of a `Responsible`; None: no such."""
    for basis in Basis:
        key = seen.removesuffix(f" ({basis.value})")
        if key != seen:
            return key, basis
    return None
