"""How many DNS questions may be asked for an account, all workers together.

A customer chooses the zones that are asked about, and who serves them. So each account has a budget
of its own, and what one account asks for takes nothing from another.
"""

from typing import Protocol
from uuid import UUID


class DnsBudget(Protocol):
    """May so many questions be asked for this account now?"""

    async def take(self, account_id: UUID, questions: int) -> int | None:
        """None: yes, and they are counted. Else seconds until they may be asked; none is counted.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        ...
