"""Ask a registry with the holder rule whether a token stands there, and who may write it."""

import asyncio
from dataclasses import dataclass

from byoip.domain.checks.evidence import Fault, Outcome, Passed, RawAnswer, Unanswered
from byoip.domain.checks.registries.covering_routes import judge_absence, may_write
from byoip.domain.checks.registry import Registry
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.ports.checks.registry import (
    Found,
    Lookup,
    NoAnswer,
    RegistryAnswer,
    RegistryQuestion,
    RouteRegistry,
)
from byoip.ports.clock import Clock
from byoip.ports.threads import unless_short
from byoip.usecases.checks.targets import Look


@dataclass(frozen=True, slots=True)
class Looked:
    """How a look ended; passed: the token is not there, and nobody but the holder may write it.

    Attributes:
        look: where it passed.
    """

    outcome: Outcome
    look: Look | None
    exhibits: tuple[RawAnswer, ...]


@dataclass(frozen=True, slots=True)
class AskFirst:
    """Look for a token before it is published: the address block first, then routes around.

    In that order: see `domain/checks/registries/covering_routes.py`.

    Attributes:
        label: before the token in the route object.
    """

    registry: RouteRegistry
    clock: Clock
    label: str

    async def __call__(
        self, token: OwnershipToken, registry: Registry, until: float | None = None
    ) -> Looked:
        """Ask two questions, until the event loop's time `until`; changes nothing."""
        block = await self._look_up(token, registry, Lookup.SMALLEST_HOLDER, until)
        if isinstance(block, NoAnswer):
            return Looked(Unanswered(block.fault, block.detail), None, (block.exhibit,))
        around = await self._look_up(token, registry, Lookup.COVERING_ROUTES, until)
        exhibits = block.exhibit, around.exhibit
        if isinstance(around, NoAnswer):
            return Looked(Unanswered(around.fault, around.detail), None, exhibits)
        blocks, routes = (one.objects if isinstance(one, Found) else () for one in (block, around))
        whose, size = token.account_id, sum(len(one.answer) for one in exhibits)
        asked = token.value, self.label, registry, blocks, routes, token.prefix
        outcome = await unless_short(whose, size, judge_absence, *asked)
        look = None
        if isinstance(outcome, Passed):
            writers = may_write(blocks, registry.source, token.prefix)
            look = Look(around.exhibit.at, registry.key, *writers)
        return Looked(outcome, look, exhibits)

    async def _look_up(
        self, token: OwnershipToken, registry: Registry, lookup: Lookup, until: float | None
    ) -> RegistryAnswer:
        question = RegistryQuestion(registry, lookup, token.prefix, token.account_id)
        return await look_up(self.registry, question, self.clock, until)


async def look_up(
    port: RouteRegistry, question: RegistryQuestion, clock: Clock, until: float | None
) -> RegistryAnswer:
    """Ask once, until the event loop's time `until`."""
    try:
        async with asyncio.timeout_at(until):
            return await port.look_up(question)
    except TimeoutError:
        host = question.registry.host
        exhibit = RawAnswer(question.lookup.value, host, b"", clock.now())
        return NoAnswer(Fault.TIMEOUT, f"{host} did not answer in time.", exhibit)
