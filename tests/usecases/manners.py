"""A store that knows what is open, and outside parties that insist on manners."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.reverse_dns.observation import ZoneObservation
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Lookup, NoAnswer, RegistryAnswer, RegistryQuestion
from byoip.store.transaction import Store, Transaction
from tests.fakes.dns import FakeReverseDns
from tests.fakes.registry import FakeRouteRegistry
from tests.leaping import leap
from tests.store.samples import SetClock

_OPEN: ContextVar[int] = ContextVar("open transactions", default=0)


class CountingStore(Store):
    """Knows how many transactions the task that asks has open, or had when it was begun."""

    def __init__(self, engine: AsyncEngine, clock: SetClock) -> None:
        super().__init__(engine, clock)
        self.excused = False  # while a test lets something else happen

    @property
    def polite(self) -> bool:
        return self.excused or _OPEN.get() == 0

    @asynccontextmanager
    async def transaction(self, *args: Any, **kwargs: Any) -> AsyncIterator[Transaction]:
        async with super().transaction(*args, **kwargs) as tx:
            _OPEN.set(_OPEN.get() + 1)
            try:
                yield tx
            finally:
                _OPEN.set(_OPEN.get() - 1)


@dataclass
class PoliteRegistry(FakeRouteRegistry):
    """Wants no transaction open while it is asked; `meanwhile` happens while it thinks."""

    store: CountingStore | None = None
    meanwhile: Callable[[], Awaitable[object]] | None = None
    takes: dict[Lookup, float] = field(default_factory=dict)  # seconds, which go by at once
    silent_about: set[tuple[Lookup, Prefix]] = field(default_factory=set)

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        assert self.store is not None
        assert self.store.polite, "a transaction is open while a registry is asked"
        if self.meanwhile is not None:
            happening, self.meanwhile = self.meanwhile, None
            self.store.excused = True
            await happening()
            self.store.excused = False
        if seconds := self.takes.get(question.lookup):
            leap(seconds)
            await asyncio.sleep(0.01)
        if (question.lookup, question.prefix) in self.silent_about:
            exhibit = RawAnswer("asked", "the twin", b"", self.now)
            return NoAnswer(Fault.TIMEOUT, "the twin was told so", exhibit)
        return await super().look_up(question)


class PoliteDns(FakeReverseDns):
    """Wants no transaction open while it is asked."""

    def __init__(self, store: CountingStore) -> None:
        super().__init__()
        self._store = store
        self._everywhere: list[str] = []

    def answer_always(self, values: list[str]) -> None:
        """Let these stand at every name."""
        self._everywhere = values

    async def observe(self, zone: ReverseZone, label: str, account_id: UUID) -> ZoneObservation:
        assert self._store.polite, "a transaction is open while the DNS is asked"
        if self._everywhere:
            self.publish(zone.owner(label), *self._everywhere)
        return await super().observe(zone, label, account_id)
