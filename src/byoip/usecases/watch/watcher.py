"""In whose name looks are asked for: none of the accounts', whose own budgets stay theirs."""

from typing import Final
from uuid import UUID, uuid5

from byoip.domain.checks.registry import Budget

# As an account it gets the share of one: of a registry's questions a tenth of a day's.
WATCHER: Final = UUID("00000000-0000-4000-8000-000000000077")
# Whom RDAP names while nothing is in doubt is asked for in another name: many prefixes of which it
# names nobody leave the answers that keep a prefix from a freeze.
LEARNER: Final = uuid5(WATCHER, "registrant")
_PART_OF_DAY: Final = 10


def watcher_of(account_id: UUID) -> UUID:
    """In whose name the name servers of this account's zones are asked.

    These are of its own choosing, and can make a look cost two thousand questions: with one budget
    for all, twenty-five such looks an hour left none for the zones of others.
    """
    return uuid5(WATCHER, account_id.hex)


def questions_a_day(budget: Budget) -> int:
    """How many a registry is asked for it, as long as customers ask little."""
    return max(1, budget.per_day // _PART_OF_DAY)
