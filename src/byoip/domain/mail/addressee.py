"""An addressee: a verified address, and how far it has come in its account's events.

As with webhooks `cursor` moves only when a mail was taken. `until` is the last event of the mail
that is being sent: it stays until that is taken, so the same mail is sent again, with the same id.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Final
from uuid import UUID

from byoip.domain.hooks.schedule import pause
from byoip.domain.mail.refusals import MailAddressVerified, MailCodeRefused, MailCodeTooSoon
from byoip.domain.mail.topics import Topic

CODE_HOLDS: Final = timedelta(days=1)
BETWEEN_CODES: Final = timedelta(minutes=10)
# What comes within it is told in one mail; between two mails to one address lies as much.
WINDOW: Final = timedelta(minutes=5)
_FIRST_WAIT: Final = timedelta(minutes=5)  # for the operator's own server
_LONGER_WAIT: Final = timedelta(minutes=30)  # and from its second failure in a row


class MailState(StrEnum):
    """Whether it gets mail."""

    PENDING = "pending"  # until its reader has given the code back
    ACTIVE = "active"
    PARKED = "parked"  # its server will not have mail for it


class Taken(StrEnum):
    """What came of one mail."""

    YES = "yes"
    LATER = "later"  # not by this address, now
    NEVER = "never"  # there is no such mailbox
    HELD_UP = "held_up"  # not by the operator's own server: no fault of the address


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one mail, and in which words of a server's."""

    at: datetime
    taken: Taken
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """One address of an account.

    Attributes:
        topics: what it hears of; empty: all.
        code_asked: a code waits to be sent.
        code_asked_at: when a person asked for it last.
        code_sha256: of the last code that was sent; None: there is none to give back.
        code_until: until when it counts.
        epoch: of the feed that `cursor` is a number of.
        cursor: the last event that is done with.
        until: the last event of the mail that is being sent; None: of none.
        failures: in a row; of the address alone, whatever its server held up between them.
        held_up: the last attempt failed by the operator's own server.
        said: why it gets none, in a server's words.
    """

    id: UUID
    account_id: UUID
    address: str
    topics: tuple[Topic, ...]
    state: MailState = MailState.PENDING
    code_asked: bool = True
    code_asked_at: datetime
    code_sha256: bytes | None = None
    code_until: datetime | None = None
    epoch: UUID
    cursor: int
    until: int | None = None
    failures: int = 0
    held_up: bool = False
    next_at: datetime
    last_sent_at: datetime | None = None
    said: str = ""
    created_by: str
    created_at: datetime
    modified_at: datetime
    ended_at: datetime | None = None

    # what people do

    def ask_for_code(self, now: datetime) -> "Addressee":
        """Have another code sent: a pending one, or a parked one that shall get mail again.

        Raises:
            MailAddressVerified: it needs none.
            MailCodeTooSoon: one was asked for lately.
        """
        if self.state is MailState.ACTIVE:
            raise MailAddressVerified
        refuse_too_soon(self.code_asked_at, now)
        return replace(
            self,
            state=MailState.PENDING,
            code_asked=True,
            code_asked_at=now,
            failures=0,
            next_at=now,
            modified_at=now,
        )

    def verify(self, code: str, epoch: UUID, newest: int, now: datetime) -> "Addressee":
        """Its reader has given the code back: it gets what comes from now on.

        Raises:
            MailCodeRefused: it is another code, or it is over.
        """
        digest = digest_of(code)
        known = self.code_sha256
        if known is None or not compare_digest(known, digest) or now >= (self.code_until or now):
            raise MailCodeRefused
        return replace(
            self,
            state=MailState.ACTIVE,
            code_asked=False,
            code_sha256=None,
            code_until=None,
            epoch=epoch,
            cursor=newest,
            until=None,
            failures=0,
            next_at=now,
            said="",
            modified_at=now,
        )

    # what workers do

    def code_is_over(self, now: datetime) -> bool:
        """Whether a code was asked for so long ago that none is sent any more.

        A server that takes mail and does not say so would else send them without end.
        """
        return now >= self.code_asked_at + CODE_HOLDS

    def without_code(self) -> "Addressee":
        """None is sent until one is asked for again; the last one may have come, and counts."""
        return replace(self, code_asked=False, failures=0, held_up=False, said="")

    def with_code(self, code: str, now: datetime) -> "Addressee":
        """This code is being sent."""
        return replace(self, code_sha256=digest_of(code), code_until=now + CODE_HOLDS)

    def telling(self, until: int) -> "Addressee":
        """A mail about the events up to this one is being sent."""
        return replace(self, until=until)

    def passed(self, number: int) -> "Addressee":
        """Nothing up to this event is told."""
        return replace(self, cursor=number, until=None)

    def waiting(self, at: datetime) -> "Addressee":
        """More may come: nothing is told before."""
        return replace(self, next_at=at)

    def restarted(self, epoch: UUID, safe: int) -> "Addressee":
        """The feed has another epoch: what came beyond `safe` is told anew."""
        return replace(self, epoch=epoch, cursor=min(self.cursor, safe), until=None)

    def heard(self, told: Told, chance: float) -> "Addressee":
        """As it is after this attempt; `chance` as in `schedule.pause`."""
        if told.taken is Taken.YES:
            return self._taken(told)
        if told.taken is Taken.HELD_UP:  # for as long as it takes; of the address it says nothing
            waits = _LONGER_WAIT if self.held_up else _FIRST_WAIT
            return replace(self, said=told.said, held_up=True, next_at=told.at + waits)
        counted = replace(self, failures=self.failures + 1, said=told.said, held_up=False)
        waits_for = pause(counted.failures, timedelta(0), chance)
        if told.taken is Taken.NEVER or waits_for is None:
            return replace(counted, state=MailState.PARKED, code_asked=False, modified_at=told.at)
        return replace(counted, next_at=told.at + waits_for)

    def _taken(self, told: Told) -> "Addressee":
        sent = replace(self, failures=0, held_up=False, said="", last_sent_at=told.at)
        if self.state is MailState.PENDING:
            return replace(sent, code_asked=False)
        cursor = self.cursor if self.until is None else self.until
        return replace(sent, cursor=cursor, until=None, next_at=told.at + WINDOW)


def refuse_too_soon(asked_at: datetime, now: datetime) -> None:
    """Refuse a code where one was asked for lately.

    Raises:
        MailCodeTooSoon: it was.
    """
    if now < asked_at + BETWEEN_CODES:
        raise MailCodeTooSoon(int(BETWEEN_CODES.total_seconds() // 60))


def digest_of(code: str) -> bytes:
    """What is kept of a code."""
    return sha256(code.strip().lower().encode()).digest()
