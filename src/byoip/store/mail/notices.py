"""What addresses of mail are told that stands in no feed, within a transaction.

Text SQL: one statement tells all addresses of an account, and what is untold is told once.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from byoip.domain.mail.notice import NOTICES, NoticeKind
from byoip.store.statements import Repository, from_text, json

# No topics: all of them.
_TELL: Final = from_text("""
    INSERT INTO mail_notices (id, address_id, kind, about, at, after)
    SELECT gen_random_uuid(), id, :kind, :about, :now, :after FROM mail_addresses
    WHERE account_id = :account_id AND live AND state = 'active'
        AND (cardinality(topics) = 0 OR :topic = ANY(topics))
    ON CONFLICT (address_id, kind, about) WHERE mailing IS NULL DO NOTHING
""")
_TOLD: Final = from_text("""
    DELETE FROM mail_notices WHERE address_id = :address_id AND mailing = :mailing
""")
_FORGET: Final = from_text("""
    DELETE FROM mail_notices WHERE address_id = :address_id AND kind = ANY(CAST(:kinds AS text[]))
""")


class NoticeRepository(Repository):
    """What waits to be told, of each address."""

    async def tell(
        self,
        account_id: UUID,
        kind: NoticeKind,
        about: UUID,
        now: datetime,
        after: Mapping[str, Any],
    ) -> None:
        """Have the account's verified addresses told that want to hear of its topic.

        What waits to be told of the same object is told once.
        """
        await self._session.change(
            _TELL,
            account_id=account_id,
            kind=kind.value,
            about=about,
            now=now,
            after=json(dict(after)),
            topic=NOTICES[kind].value,
        )

    async def told(self, address_id: UUID, mailing: UUID) -> None:
        """The mail was taken."""
        await self._session.change(_TOLD, address_id=address_id, mailing=mailing)

    async def forget(
        self, address_id: UUID, kinds: Collection[NoticeKind] = tuple(NoticeKind)
    ) -> None:
        """Nothing of these kinds that waits is told to it."""
        of = [one.value for one in kinds]
        await self._session.change(_FORGET, address_id=address_id, kinds=of)
