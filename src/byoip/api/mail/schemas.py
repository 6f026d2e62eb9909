"""Addresses of mail on the wire."""

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from byoip.api.border.envelope import Id, Strict, Time, Wire, example
from byoip.domain.mail.addressee import Addressee, MailState
from byoip.domain.mail.topics import Topic

_Topic: TypeAlias = Annotated[Topic, Field(strict=False)]  # JSON has its name
_ADDRESS = "noc@example.net"
_EXAMPLE: dict[str, Any] = {
    "id": "7d1e0c5a9b3f42e88c6d5e4f3a2b1c09",
    "account_id": "258def64c72dae45f3e4c8516e2111f2",
    "address": _ADDRESS,
    "topics": ["rpki", "visibility"],
    "state": "active",
    "code_waiting": False,
    "cursor": 17,
    "epoch": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "failures": 0,
    "said": "",
    "last_sent_at": "2026-11-02T09:36:07Z",
    "created_by": "credential:89abcdef0123456789abcdef01234567",
    "created_at": "2026-11-02T09:30:00Z",
    "modified_at": "2026-11-02T09:30:00Z",
}
_TOPICS = "What it hears of; empty: all, also topics that later versions add."


class NewMailAddress(Strict):
    """Somebody who shall hear of the account's prefixes."""

    model_config = example(address=_ADDRESS, topics=["rpki", "visibility"])

    address: str = Field(
        description="A code is sent there at once; nothing else, until it is given back.",
        json_schema_extra={"maxLength": 254},
    )
    topics: list[_Topic] = Field(default=[], max_length=20, description=_TOPICS)


class MailAddressChange(Strict):
    """What it shall hear of."""

    model_config = example(topics=["rpki"])

    topics: list[_Topic] = Field(max_length=20, description=_TOPICS)


class MailCode(Strict):
    """The code of a mail."""

    model_config = example(code="4f0c1f3a9b5de0a65a2b1a7cbb0d9e13")

    code: str = Field(max_length=100, description="As it stands in the last mail with a code.")


class MailAddress(Wire):
    """Somebody who hears of the account's prefixes."""

    model_config = example(**_EXAMPLE)

    id: Id
    account_id: Id
    address: str
    topics: list[Topic] = Field(description=_TOPICS)
    state: MailState = Field(
        description="pending: until the code is given back. parked: its server will not have mail "
        "for it, `said` has why; another code makes it pending."
    )
    code_waiting: bool = Field(description="A code is still to be sent.")
    cursor: int = Field(description="The last event that it was told of, or that is not told.")
    epoch: Id = Field(description="Of the feed, in which `cursor` counts: see `GET .../events`.")
    failures: int = Field(description="Attempts in a row that failed.")
    said: str = Field(description="What the mail server said at the last of them.")
    last_sent_at: Time | None
    created_by: str
    created_at: Time
    modified_at: Time


def mail_address_of(kept: Addressee) -> MailAddress:
    """An address as the wire shows it."""
    return MailAddress.showing(
        kept,
        topics=list(kept.topics),
        code_waiting=kept.code_asked,
        said="The operator's mail server does not take it now." if kept.held_up else kept.said,
    )
