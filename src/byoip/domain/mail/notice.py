"""What an account's people are told that is about no prefix, and so stands in no feed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from byoip.domain.mail.topics import Topic


class NoticeKind(StrEnum):
    """What is told."""

    WEBHOOK_DISABLED = "webhook.disabled"
    CREDENTIAL_EXPIRING = "credential.expiring"


# A topic that there was before: a worker of the version before reads the addresses, too.
NOTICES_TOPIC: Final = Topic.ENDING


@dataclass(frozen=True, slots=True)
class Notice:
    """One of them.

    Attributes:
        about: the webhook, or the credential.
        after: values that are ours: `because`, or `expires_at`.
        mailing: the mail that it is told in; None: no one was begun.
    """

    kind: NoticeKind
    about: UUID
    at: datetime
    after: Mapping[str, Any]
    mailing: UUID | None = None
