"""Enqueue the letters that are due."""

from dataclasses import dataclass

from byoip.ports.clock import Clock
from byoip.store.transaction import Store

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class RenewLetters:
    """Make sure that every claim gets the letter that it is due, also where a job was lost."""

    store: Store
    clock: Clock

    async def __call__(self) -> int:
        """Enqueue a job for each; how many may be due."""
        async with self.store.transaction() as tx:
            due = await tx.letters.due(self.clock.now(), _AT_ONCE)
            for claim_id in due:
                await tx.jobs.enqueue_letter(claim_id)
        return len(due)
