"""Repeated writes (Idempotency-Key): the first answer is kept for a day."""

from dataclasses import dataclass
from uuid import UUID

from byoip.domain.errors import Refusal


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An HTTP answer kept for a repeated Idempotency-Key.

    Attributes:
        version: of the claim, for the ETag; None where the answer has none.
        location: the path of what was begun, which is worth reading a little later.
    """

    status: int
    body: bytes
    version: int | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A write that its sender may repeat: the same key and body get the same answer."""

    credential_id: UUID
    method: str
    path: str
    key: str
    body_sha256: bytes


class AlreadyAnswered(Exception):  # noqa: N818 - not a fault: here is the stored answer
    """The key was used before with the same body; `answer` is what was said."""

    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__()
        self.answer = answer


class IdempotencyKeyReused(Refusal):
    """The key was used before with another body."""

    name = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used with another body: take a new key.")


class IdempotencyKeyBusy(Refusal):
    """The first request with this key is still running."""

    name = "idempotency_key_busy"

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is still running: ask again.", retry_after=1
        )
