"""The twin of the registries' budget: enough of it, or none; it remembers who was asked."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from byoip.ports.checks.registry import Found, NoEntries, RegistryQuestion
from byoip.ports.checks.registry_budget import Admission, Permit, Spent


@dataclass
class EnoughBudget:
    """`spent`, if set, is why nothing may be asked; `admitted` are keys of registries."""

    spent: str | None = None
    admitted: list[str] = field(default_factory=list)
    accounts: list[UUID | None] = field(default_factory=list)
    settled: int = 0
    held: dict[str, timedelta] = field(default_factory=dict)

    async def admit(self, question: RegistryQuestion) -> Admission:
        if self.spent is not None:
            return Spent(self.spent)
        self.admitted.append(question.registry.key)
        self.accounts.append(question.account_id)
        return Permit(uuid4())

    async def settle(
        self,
        permit: Permit,  # noqa: ARG002 - the port's
        question: RegistryQuestion,  # noqa: ARG002
        answer: Found | NoEntries | None,
    ) -> None:
        assert answer is None, "answers of registration data are not remembered"
        self.settled += 1

    async def hold(self, question: RegistryQuestion, pause: timedelta) -> None:
        self.held[question.registry.key] = pause
