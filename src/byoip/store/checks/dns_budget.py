"""The budget of DNS questions of each account, which all workers share."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from uuid import UUID

from byoip.store.accounts.rate_limits import Allowance

_BLOCK = 64
_SHARES = 20
_KEPT_SECONDS = 60.0


@dataclass(slots=True)
class _Block:
    """What is left of a block, until a moment of the event loop's clock."""

    left: int = 0
    until: float = 0.0
    leasing: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class PostgresDnsBudget:
    """So many questions an hour for each account; an hour's may be asked at once.

    A worker takes them in blocks of 64, at most a twentieth of an hour's. What it has not used of
    one after a minute is lost for the account.
    """

    allowance: Allowance
    per_hour: int
    blocks: defaultdict[UUID, _Block] = field(default_factory=lambda: defaultdict(_Block))

    async def take(self, account_id: UUID, questions: int) -> int | None:
        """See `DnsBudget`."""
        block = self.blocks[account_id]
        async with block.leasing:  # questions that come at once take one block
            if questions > self._left(block):
                wait = await self._lease(account_id, block, questions)
                if wait is not None:
                    return wait
            block.left -= questions
        return None

    async def _lease(self, account_id: UUID, block: _Block, questions: int) -> int | None:
        permits = max(questions, min(_BLOCK, self.per_hour // _SHARES))
        wait = await self.allowance.spend(
            "dns", account_id, per_minute=self.per_hour / 60, minutes=60, permits=permits
        )
        if wait is None:
            block.left = self._left(block) + permits
            block.until = asyncio.get_running_loop().time() + _KEPT_SECONDS
        self._forget()
        return wait

    @staticmethod
    def _left(block: _Block) -> int:
        return block.left if block.until > asyncio.get_running_loop().time() else 0

    def _forget(self) -> None:
        """Drop blocks that are past: there may be any number of accounts."""
        now = asyncio.get_running_loop().time()
        past = [
            account_id
            for account_id, one in self.blocks.items()
            if one.until <= now and not one.leasing.locked()
        ]
        for account_id in past:
            del self.blocks[account_id]
