"""How origin validation of approved space and of routes changes with time.

For events, blockers and gauges. It never withdraws a route.
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
    """One route whose validity has changed.

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
