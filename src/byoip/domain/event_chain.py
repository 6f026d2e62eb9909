"""The operators' history is a chain: an event's hash covers the hash of the event before."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

from byoip.domain.errors import Refusal

HEAD_PATTERN: Final = "^(0|[1-9][0-9]{0,17})-[0-9a-f]{64}$"


@dataclass(frozen=True, slots=True)
class Head:
    """Stands for an event and all before it; written `<number>-<hash>`.

    Attributes:
        hash: SHA-256, 64 hex digits.
    """

    number: int
    hash: str

    @classmethod
    def read(cls, text: str) -> Self:
        """The one that is written so.

        Raises:
            ValueError: that is none.
        """
        if not re.fullmatch(HEAD_PATTERN, text, re.ASCII):
            raise ValueError(text)
        number, _, digest = text.partition("-")
        return cls(int(number), digest)

    def __str__(self) -> str:
        return f"{self.number}-{self.hash}"


BEGINNING: Final = Head(0, "0" * 64)


class HeadNotFound(Refusal):
    """The history that a head stands for is not the one that is here."""

    name = "head_not_found"

    def __init__(self, number: int, epoch_since: datetime) -> None:
        super().__init__(
            f"The operators' history has no event {number} with this hash: a failover or a restore "
            "lost its newest events, or somebody has changed the history. The newest epoch of the "
            f"feed began at {epoch_since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}."
        )
