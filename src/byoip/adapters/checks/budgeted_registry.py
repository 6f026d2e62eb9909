"""A registry client that stays within the budget all workers share."""

import asyncio
import random
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.ports.checks.registry import (
    Found,
    Lookup,
    NoAnswer,
    NoEntries,
    RegistryAnswer,
    RegistryQuestion,
    RouteRegistry,
)
from byoip.ports.checks.registry_budget import Busy, Permit, RegistryBudget, Spent
from byoip.ports.clock import Clock

_LONGEST_WAIT: Final = 1.0  # seconds between two looks for a free connection
_NOTHING_ASKED: Final = "nothing was asked"
# Who may write is judged by them: whom the block names since a minute may have written the token.
_ASKED_EACH_TIME: Final = frozenset({Lookup.COVERING_ROUTES, Lookup.SMALLEST_HOLDER})
# Message 201 of the RIPE database and its descendants: a limit per day is used up, or worse. It
# ends at midnight there, after up to 24 h at AFRINIC, where ten blocks in three months lead to a
# ban of a year. Only where the registry itself speaks: in a comment, or in a JSON message, not in
# what holders have written into their objects.
_DENIED_FOR_THE_DAY: Final = re.compile(rb'(?:^%{1,2} ?|"text" ?: ?")ERROR:201\b', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long a registry that refused us is left alone.

    Attributes:
        denied: after it said that access is denied.
        refused: after any other refusal, such as too many connections.
    """

    denied: timedelta = timedelta(hours=24)
    refused: timedelta = timedelta(minutes=10)


class BudgetedRegistry:
    """Asks a registry only within the operator's budget, which all workers share."""

    def __init__(
        self,
        inner: RouteRegistry,
        budget: RegistryBudget,
        clock: Clock,
        *,
        back_off: BackOff = BackOff(),
        patience: float = 15,
        every: float = 0.1,
    ) -> None:
        """Take how long to wait for a free connection and when to look first, in seconds.

        Every look locks the registry's row: who waits on looks less and less often, at random
        moments, so that those who wait do not come all at once.
        """
        self._inner = inner
        self._budget = budget
        self._clock = clock
        self._back_off = back_off
        self._patience = patience
        self._every = every

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        """Ask if the budget allows it; else `out_of_budget`, which says nothing of the prefix.

        Routes around a prefix and its block are asked for each time: what a stranger may write is
        judged by them, and by the routes whether a token is there, which a customer publishes a
        moment later.
        """
        admission = await self._admitted(question)
        if isinstance(admission, Busy):
            return self._not_asked(question, "all connections to the registry are in use")
        if isinstance(admission, Spent):
            return self._not_asked(question, admission.why)
        if not isinstance(admission, Permit):
            return admission
        kept: Found | NoEntries | None = None
        try:
            answer = await self._inner.look_up(question)
            if isinstance(answer, Found | NoEntries):
                kept = None if question.lookup in _ASKED_EACH_TIME else answer
            elif answer.fault is Fault.REFUSED:
                # Before the connection is free, or another worker would ask in between.
                await self._budget.hold(question, self._pause(answer))
        finally:
            await self._budget.settle(admission, question, kept)
        return answer

    async def _admitted(self, question: RegistryQuestion) -> RegistryAnswer | Permit | Busy | Spent:
        waiting_until = asyncio.get_running_loop().time() + self._patience
        wait = self._every
        while True:
            admission = await self._budget.admit(question)
            late = asyncio.get_running_loop().time() >= waiting_until
            if late or not isinstance(admission, Busy):
                return admission
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - no secret
            wait = min(2 * wait, _LONGEST_WAIT)

    def _pause(self, answer: NoAnswer) -> timedelta:
        denied = _DENIED_FOR_THE_DAY.search(answer.exhibit.answer) is not None
        return self._back_off.denied if denied else self._back_off.refused

    def _not_asked(self, question: RegistryQuestion, why: str) -> NoAnswer:
        of = f"{question.registry.host}:{question.registry.port}"
        exhibit = RawAnswer(asked=_NOTHING_ASKED, of=of, answer=b"", at=self._clock.now())
        return NoAnswer(Fault.OUT_OF_BUDGET, why, exhibit)
