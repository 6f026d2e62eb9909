"""Questions about receivers of webhooks: sending to one, and signing what is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from byoip.domain.hooks.destination import Destination

EVIDENCE_BYTES = 200


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one POST.

    Attributes:
        status: of the answer; None: there was none, and `text` says why.
        text: the beginning of the answer, fit to be shown; a receiver's words.
    """

    status: int | None
    text: str
    retry_after: timedelta = timedelta(0)


class Sender(Protocol):
    """Sends to receivers that customers name."""

    async def post(self, destination: Destination, headers: Mapping[str, str], body: bytes) -> Said:
        """Send once, within a deadline; whatever the other side does is a value."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What verifies the signatures of one webhook.

    Attributes:
        symmetric: `whsec_…`, of the signatures `v1`.
        public_key: `whpk_…`, of the signatures `v1a`.
    """

    symmetric: str
    public_key: str


class Signer(Protocol):
    """Signs as the Standard Webhooks specification says, by keys made of the operator's."""

    @property
    def key_id(self) -> str:
        """Which key of the operator it is."""

    def secret(self, webhook_id: UUID, generation: int) -> Secret:
        """The secrets of one webhook."""

    def headers(
        self,
        webhook_id: UUID,
        generations: Sequence[int],
        message_id: str,
        at: datetime,
        body: bytes,
    ) -> Mapping[str, str]:
        """The three headers of an attempt, signed by each of these generations."""
