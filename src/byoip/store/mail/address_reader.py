"""Reads addresses of mail outside of transactions."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.mail.addressee import Addressee
from byoip.domain.mail.refusals import MailAddressNotFound
from byoip.store.autocommit import autocommit_pool
from byoip.store.mail.addresses import GET, addressee_from
from byoip.store.mail.tables import mail_addresses
from byoip.store.statements import compiled

_m = mail_addresses.c
_ALL: Final = compiled(
    sa.select(mail_addresses)
    .where(_m.live, _m.account_id == sa.bindparam("account_id", type_=sa.Uuid))
    .order_by(_m.created_at, _m.id)
)


class MailAddressReader:
    """Reads them outside of transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def all_of(self, account_id: UUID) -> Sequence[Addressee]:
        """The account's live ones, the oldest first: twenty at most."""
        return [
            addressee_from(row) for row in await self._autocommit.ask(_ALL, account_id=account_id)
        ]

    async def one(self, account_id: UUID, address_id: UUID) -> Addressee:
        """A live one.

        Raises:
            MailAddressNotFound: the account has none.
        """
        asked = {"account_id": account_id, "address_id": address_id}
        return addressee_from(await self._autocommit.one(GET, MailAddressNotFound, **asked))
