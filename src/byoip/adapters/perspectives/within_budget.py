"""A perspective whose registries are asked within each account's share.

A perspective knows no accounts: who asks without end would use up what it may ask, for all others
as well. So the core counts its questions to each place as it counts those of its own.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from byoip.adapters.checks.budgeted_registry import BackOff, BudgetedRegistry
from byoip.domain.checks.reverse_dns.observation import ZoneObservation
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.perspectives.place import Place
from byoip.ports.checks.perspective import Perspective
from byoip.ports.checks.registry import Found, NoEntries, RegistryAnswer, RegistryQuestion
from byoip.ports.checks.registry_budget import Admission, Permit, RegistryBudget
from byoip.ports.clock import Clock

# A place that refuses is asked again at once; a registry that refuses it, it leaves alone itself.
_NEVER: Final = BackOff(denied=timedelta(0), refused=timedelta(0))


@dataclass(frozen=True, slots=True)
class _BudgetThere:
    """What registries allow to one place, which counts apart."""

    budget: RegistryBudget
    name: str

    async def admit(self, question: RegistryQuestion) -> Admission:
        return await self.budget.admit(self._there(question))

    async def settle(
        self, permit: Permit, question: RegistryQuestion, answer: Found | NoEntries | None
    ) -> None:
        await self.budget.settle(permit, self._there(question), answer)

    async def hold(self, question: RegistryQuestion, pause: timedelta) -> None:
        await self.budget.hold(self._there(question), pause)

    def _there(self, question: RegistryQuestion) -> RegistryQuestion:
        registry = question.registry
        key = f"{registry.key}, from perspective {self.name}"
        return replace(question, registry=replace(registry, key=key))


class WithinBudget:
    """Asks a perspective (the port `Perspective`).

    Attributes:
        place: where it stands.
    """

    def __init__(self, perspective: Perspective, budget: RegistryBudget, clock: Clock) -> None:
        """Take a budget that all workers share, and that remembers no answer."""
        self.place: Place = perspective.place
        self._perspective = perspective
        there = _BudgetThere(budget, self.place.name)
        self._registry = BudgetedRegistry(perspective, there, clock, back_off=_NEVER)

    async def observe(self, zone: ReverseZone, label: str, account_id: UUID) -> ZoneObservation:
        """What it saw of the zone: its budget of questions is the look's own."""
        return await self._perspective.observe(zone, label, account_id)

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        """What the registry told it; `out_of_budget` where this account has asked enough."""
        return await self._registry.look_up(question)
