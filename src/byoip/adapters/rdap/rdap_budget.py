"""The registries' budgets for registration data, which all workers share.

As large as those for whois, and apart from them: what decides nothing must not use up, or have
paused, what approvals wait for. Answers are not remembered.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.checks.whois_dialects import NotAnAnswer
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Registry
from byoip.ports.checks.rdap import HolderQuestion, NumberQuestion
from byoip.ports.checks.registry import Lookup, RegistryQuestion
from byoip.ports.checks.registry_budget import Permit, RegistryBudget, Spent

_LOOKS: Final = 5  # for a free connection
_PAUSE: Final = 0.2  # seconds before the second look; twice as long before each that follows


class RdapBudget:
    """Permits for hops: a redirect to another registry counts there."""

    def __init__(self, budget: RegistryBudget, back_off: BackOff) -> None:
        self._budget = budget
        self._back_off = back_off

    @asynccontextmanager
    async def permit(
        self, owner: Registry, question: HolderQuestion | NumberQuestion
    ) -> AsyncIterator[None]:
        """Have a permit while the block runs.

        Raises:
            NotAnAnswer: there is none.
        """
        asking = _asking(owner, question)
        permit = await self._admitted(asking)
        try:
            yield
        finally:
            await self._budget.settle(permit, asking, None)

    async def hold(
        self, owner: Registry, question: HolderQuestion | NumberQuestion, wished: timedelta
    ) -> None:
        """Leave a registry that refused us alone: as long as it wished, within reason."""
        pause = min(max(self._back_off.refused, wished), self._back_off.denied)
        await self._budget.hold(_asking(owner, question), pause)

    async def _admitted(self, asking: RegistryQuestion) -> Permit:
        wait = _PAUSE
        for _ in range(_LOOKS):
            admission = await self._budget.admit(asking)
            if isinstance(admission, Permit):
                return admission
            if isinstance(admission, Spent):
                raise NotAnAnswer(Fault.OUT_OF_BUDGET, admission.why)
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - no secret
            wait *= 2
        raise NotAnAnswer(Fault.OUT_OF_BUDGET, "all connections to the registry are in use")


def _asking(owner: Registry, question: HolderQuestion | NumberQuestion) -> RegistryQuestion:
    # No key of a registry has a slash. The lookup only names what is remembered: nothing is.
    counted = replace(owner, key=f"{owner.key}/rdap")
    if isinstance(question, NumberQuestion):
        return RegistryQuestion.of_aut_num(counted, question.asn, question.account_id)
    return RegistryQuestion(counted, Lookup.SMALLEST_HOLDER, question.prefix, question.account_id)
