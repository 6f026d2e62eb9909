"""Routing registries (IRR), asked for route objects and address blocks."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Network
from typing import Protocol, TypeAlias
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.prefix import Prefix


class Lookup(StrEnum):
    """What may be asked of a routing registry about a prefix."""

    EXACT_ROUTES = "exact_routes"  # route/route6 objects with exactly this prefix
    MORE_SPECIFIC_ROUTES = "more_specific_routes"  # route/route6 objects inside it
    COVERING_ROUTES = "covering_routes"  # route/route6 objects with this prefix or around it
    SMALLEST_HOLDER = "smallest_holder"  # the smallest inetnum/inet6num around it
    AUT_NUM = "aut_num"  # the aut-num object of an AS number


@dataclass(frozen=True, slots=True)
class RegistryQuestion:
    """One question to one registry, on behalf of one account (budgets are shared fairly).

    Attributes:
        prefix: what is asked about; of an AS number what `of_aut_num` says.
    """

    registry: Registry
    lookup: Lookup
    prefix: Prefix
    account_id: UUID

    @classmethod
    def of_aut_num(cls, registry: Registry, asn: Asn, account_id: UUID) -> "RegistryQuestion":
        """About an AS number: it stands as the last 32 bits of an IPv6 address.

        So answers are remembered and counted as those about prefixes are.
        """
        return cls(registry, Lookup.AUT_NUM, Prefix(IPv6Network((asn.number, 128))), account_id)

    @property
    def asn(self) -> Asn:
        """The number of a question about one."""
        if self.lookup is not Lookup.AUT_NUM:
            raise ValueError(f"{self.lookup} is no question about an AS number")
        return Asn(int(self.prefix.network.network_address))


@dataclass(frozen=True, slots=True)
class Found:
    """The registry's objects, whatever their source; judging them is the domain's part."""

    objects: tuple[RpslObject, ...]
    exhibit: RawAnswer


@dataclass(frozen=True, slots=True)
class NoEntries:
    """The registry says explicitly that there is nothing."""

    exhibit: RawAnswer


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """There is no answer to judge. Says nothing about the prefix."""

    fault: Fault
    detail: str
    exhibit: RawAnswer


RegistryAnswer: TypeAlias = Found | NoEntries | NoAnswer


class RouteRegistry(Protocol):
    """What do the responsible registry's routing objects say?"""

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        """Ask once, within a deadline and a size limit; never raises for what the other does."""
        ...
