"""The budget of DNS questions of each account, which all workers share."""

from dataclasses import dataclass
from uuid import UUID

from byoip.store.accounts.rate_limits import Allowance


@dataclass(frozen=True, slots=True)
class PostgresDnsBudget:
    """So many questions an hour for each account; an hour's may be asked at once."""

    allowance: Allowance
    per_hour: int

    async def take(self, account_id: UUID, questions: int) -> int | None:
        """See `DnsBudget`."""
        return await self.allowance.spend(
            "dns", account_id, per_minute=self.per_hour / 60, minutes=60, permits=questions
        )
