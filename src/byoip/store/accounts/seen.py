"""Whose tokens and cookies a process has recognised: who was here before waits for no stranger."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Seen:
    """Accounts and credentials by the hash of what was recognised; those used last.

    A token may be revoked since: that decides who waits for whom, and nothing else.
    """

    _of: dict[bytes, tuple[UUID, UUID]] = field(default_factory=dict)

    def __call__(self, digest: bytes) -> Sequence[UUID]:
        """The account, of an operator's the credential; and the credential. None: not seen."""
        return self._of.get(digest, ())

    def remember(self, digest: bytes, account_id: UUID | None, credential_id: UUID) -> None:
        """Keep what was recognised just now."""
        known = account_id or credential_id, credential_id
        self._of[digest] = self._of.pop(digest, known)
        if len(self._of) > _REMEMBERED:
            del self._of[next(iter(self._of))]  # used the longest ago
