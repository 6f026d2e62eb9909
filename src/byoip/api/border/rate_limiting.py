"""How many requests a credential and an account may make, at all API processes together.

A process leases permits ahead, a block at a time, from a table that all processes share: most
requests cost no round trip, and never are more let in than the limit. Permits that one process
holds unused are lost to clients of the others; so blocks begin small, grow with what the process
lets in, and shrink when little is left.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from math import ceil
from typing import Any
from uuid import UUID

from byoip.api.border.refusals import RateLimited
from byoip.domain.accounts.credential import Credential
from byoip.domain.accounts.limits import BLOCK, WINDOW, Lease, Limits
from byoip.store.accounts.rate_limits import RateWindows

_BLOCKS = 24
_FIRST = 8
_MOST_KNOWN = 10_000


@dataclass(slots=True)
class _Permits:
    """What this process holds of one window.

    Attributes:
        held: leased, and not used yet.
        used: requests that this process let in.
        left: permits that no process had leased when this one last asked.
        closed: there are no more of this window.
        until: when the window ends, on this machine's monotonic clock; never later than it does.
    """

    held: int = 0
    used: int = 0
    left: int = 0
    closed: bool = False
    until: float = 0.0
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def spent(self) -> bool:
        """Whether there are no more of this window, which is not over."""
        return self.closed and not self.held and time.monotonic() < self.until

    def take(self) -> bool | None:
        """Whether one more may come in; None: the process must lease first."""
        if time.monotonic() >= self.until:
            return None
        if not self.held:
            return False if self.closed else None
        self.held -= 1
        self.used += 1
        return True

    def block(self, limit: int) -> int:
        """How many to ask for: as many as were used, within bounds."""
        most = max(1, min(BLOCK, limit // _BLOCKS))
        return min(most, max(1, most // _FIRST, self.used))

    def begin(self, lease: Lease, asked_at: float) -> bool:
        """Hold what was leased, and use one of it; whether there is one.

        That one counts even if the window has ended on the way here: it was of that window.
        """
        self.closed = not lease.permits
        self.held, self.left = max(0, lease.permits - 1), lease.left
        self.used += not self.closed
        # From before the lease was asked for, so early by a round trip: no permit is used in the
        # next window.
        self.until = asked_at + lease.seconds_left
        return not self.closed


class RequestLimiter:
    """Admits requests, or refuses them until the window ends. Belongs to one event loop."""

    def __init__(self, windows: RateWindows, limits: Limits) -> None:
        self.limits = limits
        self._windows = windows
        self._permits: dict[UUID, _Permits] = {}

    async def admit(self, credential: Credential, state: dict[str, Any]) -> None:
        """Count one request; `state["headers"]` tells the client where it stands.

        The headers are those of draft-ietf-httpapi-ratelimit-headers, version 10.

        Raises:
            RateLimited: the credential or its account has used up the permits of its window.
        """
        whose = (
            ("credential", credential.id, self.limits.per_credential),
            ("account", credential.account_id, self.limits.per_account),
        )
        limited = [(name, who, limit) for name, who, limit in whose if who and limit]
        if not limited:
            return
        policies = ", ".join(_policy(name, limit) for name, _, limit in limited)
        standings: list[str] = []
        state["headers"] = headers = [(b"ratelimit-policy", policies.encode())]
        for name, who, limit in limited:
            permits = self._permits.get(who) or self._new(who)
            granted = permits.take()
            if granted is None:
                granted = await self._lease_in_turn(permits, who, limit)
            left = permits.left + permits.held  # what others hold unused is not known
            seconds = ceil(max(0.0, permits.until - time.monotonic()))
            standings.append(f'"{name}";r={left};t={seconds}')
            headers[1:] = [(b"ratelimit", ", ".join(standings).encode())]
            if not granted:
                raise RateLimited(max(1, seconds), whose=f"this {name}")

    def spent(self, whose: Iterable[UUID]) -> bool:
        """Whether one of these, as far as this process knows, has no permit left: a look, free."""
        return any(self._permits[one].spent for one in whose if one in self._permits)

    async def _lease_in_turn(self, permits: _Permits, who: UUID, limit: int) -> bool:
        """Whether it may, by what one request leases for all that wait."""
        async with permits.asking:
            granted = permits.take()
            return await self._lease(permits, who, limit) if granted is None else granted

    async def _lease(self, permits: _Permits, who: UUID, limit: int) -> bool:
        asked_at = time.monotonic()
        if asked_at >= permits.until:
            permits.used = 0  # of a window that is over
        lease = await self._windows.lease(who, limit=limit, most=permits.block(limit))
        return permits.begin(lease, asked_at)

    def _new(self, who: UUID) -> _Permits:
        if len(self._permits) >= _MOST_KNOWN:
            now = time.monotonic()
            self._permits = {one: kept for one, kept in self._permits.items() if kept.until > now}
        return self._permits.setdefault(who, _Permits())


@cache
def _policy(name: str, limit: int) -> str:
    return f'"{name}";q={limit};w={int(WINDOW.total_seconds())}'
