"""How often a registry may be asked, all workers together.

Registries block addresses that ask too often, some of them for good. No customer may cause that.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeAlias
from uuid import UUID

from byoip.ports.checks.registry import Found, NoEntries, RegistryQuestion


@dataclass(frozen=True, slots=True)
class Permit:
    """The question may be asked now, once. It is counted already, and holds a connection."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Busy:
    """Only connections are lacking: one may be free in a moment."""


@dataclass(frozen=True, slots=True)
class Spent:
    """The registry may not be asked now; why, as the evidence shows it."""

    why: str


Admission: TypeAlias = Permit | Found | NoEntries | Busy | Spent


class RegistryBudget(Protocol):
    """May this registry be asked this question now?"""

    async def admit(self, question: RegistryQuestion) -> Admission:
        """A permit, or the answer to the same question of a moment ago, or why not now.

        Of connections and of the questions of a minute one account gets at most half, of those
        of a day a tenth (rounded up), so that whatever one customer does, others are served.
        """
        ...

    async def settle(
        self, permit: Permit, question: RegistryQuestion, answer: Found | NoEntries | None
    ) -> None:
        """Release the connection and cache the answer for identical questions."""
        ...

    async def hold(self, question: RegistryQuestion, pause: timedelta) -> None:
        """Ask that registry nothing for so long; never shortens a longer pause."""
        ...
