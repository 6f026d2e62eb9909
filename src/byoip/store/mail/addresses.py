"""Addresses of mail within a transaction: what people change, and what came of a mail.

Text SQL: claims last by the database's clock.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.mail.addressee import Addressee, MailState
from byoip.domain.mail.refusals import MailAddressKnown, MailAddressNotFound
from byoip.domain.mail.topics import Topic
from byoip.store.batches import Part, asking
from byoip.store.mail.tables import mail_addresses
from byoip.store.statements import AnyRow, Repository, compiled, from_row, to_row
from byoip.store.unavailable import refusing

LEASE_SECONDS: Final = 60  # a mail takes 25 at most

_m = mail_addresses.c
_FIXED: Final = ("id", "account_id", "address", "created_by", "created_at")
_CHANGING: Final = (
    *("topics", "state", "code_asked", "code_asked_at", "code_sha256", "code_until", "epoch"),
    *("cursor", "until", "failures", "held_up", "next_at", "last_sent_at", "said"),
    *("modified_at", "ended_at"),
)
_ID: Final = sa.bindparam("address_id", type_=sa.Uuid)
_ACCOUNT: Final = sa.bindparam("account_id", type_=sa.Uuid)
_this = sa.select(mail_addresses).where(_m.id == _ID, _m.live, _m.account_id == _ACCOUNT)
GET: Final = compiled(_this)
_LOCK: Final = compiled(_this.with_for_update())
_HELD: Final = compiled(
    sa.select(sa.func.count().label("held")).where(_m.account_id == _ACCOUNT, _m.live)
)
_ASKED: Final = compiled(
    sa.select(sa.func.max(_m.code_asked_at).label("at")).where(
        _m.account_id == _ACCOUNT, _m.address == sa.bindparam("address", type_=sa.Text)
    )
)
_ADD: Final = compiled(sa.insert(mail_addresses), [*_FIXED, *_CHANGING])
# Whoever sends to it just now records nothing of that.
_SAVE: Final = compiled(
    sa.update(mail_addresses).where(_m.id == _ID).values(holder=None, held_until=None), _CHANGING
)
# Leaves who sends to it just now alone: what comes of that is still recorded.
_TELL_OF: Final = compiled(sa.update(mail_addresses).where(_m.id == _ID), ["topics", "modified_at"])
_NOTE: Final = compiled(
    sa.update(mail_addresses)
    .where(_m.id == _ID)
    .values(held_until=sa.func.clock_timestamp() + timedelta(seconds=LEASE_SECONDS)),
    _CHANGING,
)
_MINE: Final = compiled(
    sa.select(mail_addresses)
    .where(_m.id == _ID, _m.live, _m.holder == sa.bindparam("holder", type_=sa.Uuid))
    .with_for_update()
)


class MailAddressRepository(Repository):
    """Addresses of mail, within one transaction."""

    async def lock(self, account_id: UUID, address_id: UUID) -> Addressee:
        """A live one, locked.

        Raises:
            MailAddressNotFound: the account has none.
        """
        asked = {"account_id": account_id, "address_id": address_id}
        return addressee_from(await self._session.one(_LOCK, MailAddressNotFound, **asked))

    async def mine(self, address_id: UUID, holder: UUID) -> Addressee | None:
        """A live one, locked, if this holder still sends to it."""
        row = await self._session.row(_MINE, address_id=address_id, holder=holder)
        return None if row is None else addressee_from(row)

    def held(self, account_id: UUID) -> Part:
        """How many live ones the account has: for a look, with the account locked."""
        return asking(_HELD, lambda rows: int(rows[0].held), account_id=account_id)

    async def code_asked_at(self, account_id: UUID, address: str) -> datetime | None:
        """When the account last asked for a code for this address, also one that has ended."""
        row = await self._session.row(_ASKED, account_id=account_id, address=address)
        at: datetime | None = None if row is None else row.at
        return at

    async def add(self, one: Addressee) -> None:
        """Keep a new one; its account must be locked.

        Raises:
            MailAddressKnown: the account has it already.
        """
        with refusing(uq_mail_addresses_live=MailAddressKnown):
            await self._session.change(_ADD, **_row(one, (*_FIXED, *_CHANGING)))

    async def save(self, one: Addressee) -> None:
        """Write back a locked one; what is being sent to it now counts no more."""
        await self._session.change(_SAVE, address_id=one.id, **_row(one, _CHANGING))

    async def tell_of(self, one: Addressee) -> None:
        """Write back the topics of a locked one."""
        row = _row(one, ("topics", "modified_at"))
        await self._session.change(_TELL_OF, address_id=one.id, **row)

    async def note(self, one: Addressee) -> None:
        """Write back one that is `mine`, and hold it for longer."""
        await self._session.change(_NOTE, address_id=one.id, **_row(one, _CHANGING))


def addressee_from(row: AnyRow) -> Addressee:
    """A row of addresses."""
    return from_row(
        Addressee,
        row,
        topics=tuple(map(Topic, row.topics)),
        state=MailState(row.state),
        code_sha256=None if row.code_sha256 is None else bytes(row.code_sha256),
    )


def _row(one: Addressee, columns: tuple[str, ...]) -> dict[str, Any]:
    return to_row(one, columns, topics=[topic.value for topic in one.topics])
