"""Routing registries (IRR), asked for route objects and address blocks."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias
from uuid import UUID

from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.prefix import Prefix


class Lookup(StrEnum):
    """What may be asked of a routing registry about a prefix."""

    EXACT_ROUTES = "exact_routes"  # route/route6 objects with exactly this prefix
    MORE_SPECIFIC_ROUTES = "more_specific_routes"  # route/route6 objects inside it
    SMALLEST_HOLDER = "smallest_holder"  # the smallest inetnum/inet6num around it


@dataclass(frozen=True, slots=True)
class RegistryQuestion:
    """One question to one registry, on behalf of one account (budgets are shared fairly)."""

    registry: Registry
    lookup: Lookup
    prefix: Prefix
    account_id: UUID


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
