"""How much a credential and an account may ask, all API processes together.

A process counts by itself and reports a block of requests at a time: most requests cost no round
trip. So a limit may be overshot by a block for each other process, and is never cut short.
"""

import asyncio
import time
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from uuid import UUID

from byoip.api.refusals import RateLimited
from byoip.domain.credential import Credential
from byoip.ports.accounts import Allowance
from byoip.ports.rate_limits import BLOCK, WINDOW, Limits, RateWindows

_BLOCKS = 24
_MOST_KNOWN = 10_000


@dataclass(slots=True)
class _Count:
    """What this process knows of one window.

    Attributes:
        reported: of all processes, when it last asked.
        unreported: its own since then, of which it may have `block`; none left if 0 or less.
        until: when the window ends, on this machine's monotonic clock.
    """

    reported: int = 0
    unreported: int = 0
    block: int = 0
    until: float = 0.0
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def must_ask(self, now: float) -> bool:
        return now >= self.until or self.unreported >= self.block > 0


class RequestLimiter:
    """Admits requests, or refuses them until the window ends. Belongs to one event loop."""

    def __init__(self, windows: RateWindows, limits: Limits) -> None:
        self.limits = limits
        self._windows = windows
        self._counts: dict[UUID, _Count] = {}

    async def admit(self, credential: Credential, state: dict[str, Any]) -> None:
        """Count one request; `state["headers"]` tells the client where it stands.

        The headers are those of draft-ietf-httpapi-ratelimit-headers, version 10.

        Raises:
            RateLimited: the credential or its account has used up its window.
        """
        whose = (
            ("credential", credential.id, self.limits.per_credential),
            ("account", credential.account_id, self.limits.per_account),
        )
        limited = [(name, who, limit) for name, who, limit in whose if who and limit]
        if not limited:
            return
        policies = ", ".join(
            f'"{name}";q={q};w={int(WINDOW.total_seconds())}' for name, _, q in limited
        )
        standings: list[str] = []
        state["headers"] = headers = [(b"ratelimit-policy", policies.encode())]
        for name, who, limit in limited:
            granted, left, seconds = await self._take(who, limit)
            standings.append(f'"{name}";r={left};t={seconds}')
            headers[1:] = [(b"ratelimit", ", ".join(standings).encode())]
            if not granted:
                raise RateLimited(max(1, seconds))

    async def _take(self, who: UUID, limit: int) -> tuple[bool, int, int]:
        """Whether it may, how many are left then, and in how many seconds the window ends."""
        count = self._counts.get(who) or self._new(who)
        while count.must_ask(time.monotonic()):
            async with count.asking:
                if count.must_ask(time.monotonic()):
                    await self._ask(count, who, limit)
        granted = count.block > 0
        count.unreported += granted
        left = max(0, limit - count.reported - count.unreported)
        return granted, left, ceil(max(0.0, count.until - time.monotonic()))

    async def _ask(self, count: _Count, who: UUID, limit: int) -> None:
        if time.monotonic() >= count.until:
            count.unreported = 0  # of a window that is over
        used = count.unreported
        window = await self._windows.report(who, used)
        count.unreported -= used
        count.reported = window.used
        count.until = time.monotonic() + window.seconds_left
        count.block = min(BLOCK, max(1, limit // _BLOCKS), limit - window.used)

    def _new(self, who: UUID) -> _Count:
        if len(self._counts) >= _MOST_KNOWN:
            now = time.monotonic()
            self._counts = {one: kept for one, kept in self._counts.items() if kept.until > now}
        return self._counts.setdefault(who, _Count())


async def spend(allowance: Allowance, what: str, who: UUID, per_minute: int) -> None:
    """Take one of the permits for something that costs others more than a read; 0: no limit.

    Raises:
        RateLimited: there is none at the moment.
    """
    if per_minute:
        wait = await allowance.spend(what, who, per_minute=per_minute)
        if wait is not None:
            raise RateLimited(wait)
