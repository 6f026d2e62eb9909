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
    ASN_DISPUTE_OPENED = "asn_dispute.opened"
    ASN_DISPUTE_ENDED = "asn_dispute.ended"


# Topics that there were before: a worker of the version before reads the addresses, too.
NOTICES: Final[Mapping[NoticeKind, Topic]] = {
    NoticeKind.WEBHOOK_DISABLED: Topic.ENDING,
    NoticeKind.CREDENTIAL_EXPIRING: Topic.ENDING,
    NoticeKind.ASN_DISPUTE_OPENED: Topic.STANDING,
    NoticeKind.ASN_DISPUTE_ENDED: Topic.STANDING,
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One of them.

    Attributes:
        about: the webhook, the credential, or the account's own AS number.
        after: values that are ours: `because`, `expires_at`, or of a dispute.
        mailing: the mail that it is told in; None: no one was begun.
    """

    kind: NoticeKind
    about: UUID
    at: datetime
    after: Mapping[str, Any]
    mailing: UUID | None = None
