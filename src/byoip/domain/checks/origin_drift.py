"""What origin validation says of approved space and of routes, as it changes with time.

For people: events, blockers, figures. It never withdraws anything.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from byoip.domain.checks.origin_validation import Validity
from byoip.domain.prefix import Prefix

# Between snapshots, too: entries expire, and routes come.
LOOKED_AT_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Drift:
    """One route that is judged otherwise than before.

    Where only an expired entry would make a route valid there is no answer, hence no change: the
    next snapshot holds its renewal, or shows that it is gone.
    """

    claim_id: UUID
    route: Prefix
    before: Validity
    after: Validity

    @property
    def recovered(self) -> bool:
        """Whether it is valid again."""
        return self.after is Validity.VALID
