"""Sends one address what is next: a code, a mail about what has happened, or notices.

claim ─▶ what is next is noted ─▶ send, no transaction is open ─▶ record, if it is still ours

A worker that ends at any line leaves a claim that lapses, and a cursor that has not moved: the mail
that it was sending is sent again, about the same events and with the same Message-ID.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.history import Actor
from byoip.domain.mail.addressee import WINDOW, Addressee, MailState, Taken, Told
from byoip.domain.mail.letter import Mail, Writer
from byoip.domain.mail.topics import told_kinds
from byoip.ports.clock import Clock
from byoip.ports.mail.posting import Mailer
from byoip.ports.tokens import TokenMint
from byoip.store.mail.addresses import MailAddressRepository
from byoip.store.mail.notices import NoticeRepository
from byoip.store.mail.sending import MailQueue
from byoip.store.transaction import Store

_LOG: Final = logging.getLogger(__name__)

_LOGGED: Final = {
    Taken.HELD_UP: "The mail server holds mail up: %s",
    Taken.LATER: "A mail was not taken: %s",
}
PAGE: Final = 2000  # events that are read for one mail


@dataclass(frozen=True, slots=True)
class Post:
    """Has a turn with one address.

    Attributes:
        mint: makes codes.
        chance: gives numbers from 0 to 1.
    """

    store: Store
    queue: MailQueue
    clock: Clock
    mailer: Mailer
    writer: Writer
    mint: TokenMint
    chance: Callable[[], float]

    async def __call__(self, address_id: UUID) -> int:
        """Send at most one mail; how many were.

        Raises:
            StoreUnavailable: the database is away, or another one than before.
        """
        holder = uuid4()
        one = await self.queue.claim(address_id, holder)
        if one is None:
            return 0
        mail = await self._next(one, holder)
        if mail is not None:
            taken, said = await self.mailer.send(mail)
            if taken in _LOGGED:
                _LOG.warning(_LOGGED[taken], said)
            told = Told(self.clock.now(), taken, said)
            chance = self.chance()
            done = mail.mailing if taken is Taken.YES else None
            await self._note(one.id, holder, lambda mine: mine.heard(told, chance), done)
        await self.queue.release(address_id, holder)
        return int(mail is not None)

    async def _next(self, one: Addressee, holder: UUID) -> Mail | None:
        """What is to be sent now; what decides its words is noted before."""
        if one.state is MailState.PENDING and one.code_asked:
            code, now = self.mint.mint(), self.clock.now()
            if one.code_is_over(now):
                await self._note(one.id, holder, Addressee.without_code)
                return None
            mine = await self._note(one.id, holder, lambda mine: mine.with_code(code, now))
            return None if mine is None else self.writer.code(mine, code)
        if one.state is not MailState.ACTIVE:
            return None
        epoch = await self.queue.epochs.current()
        if one.epoch != epoch:
            safe = await self.queue.epochs.safe_in_account(one.account_id, one.epoch)
            await self._note(one.id, holder, lambda mine: mine.restarted(epoch, safe))
            return None
        if one.until is None:  # else the mail that was begun is first
            told = await self.queue.notices(one.id, holder, uuid4(), self.clock.now())
            if told:
                return self.writer.notices(one, told)
        return await self._news(one, holder)

    async def _news(self, one: Addressee, holder: UUID) -> Mail | None:
        last = one.until or await self.queue.last_of_page(one.account_id, one.cursor, PAGE)
        asked = one.account_id, one.cursor, last, told_kinds(one.topics), PAGE
        news = await self.queue.news(*asked)
        if not news:
            await self._note(one.id, holder, lambda mine: mine.passed(last))
            return None
        more_until = news[0].at + WINDOW
        if one.until is None and self.clock.now() < more_until:
            await self._note(one.id, holder, lambda mine: mine.waiting(more_until))
            return None
        mine = await self._note(one.id, holder, lambda mine: mine.telling(last))
        if mine is None:
            return None
        mail = self.writer.news(mine, news)
        if mail is None:
            await self._note(one.id, holder, lambda mine: mine.passed(last))
        return mail

    async def _note(
        self,
        address_id: UUID,
        holder: UUID,
        change: Callable[[Addressee], Addressee],
        done: UUID | None = None,
    ) -> Addressee | None:
        """Write back what it is now, and that these notices were told.

        None: it is another's, or was changed meanwhile.
        """
        async with self.store.transaction(actor=Actor("worker", address_id.hex)) as tx:
            kept = MailAddressRepository(tx.session)
            before = await kept.mine(address_id, holder)
            if before is None:
                return None
            after = change(before)
            await kept.note(after)
            if done is not None:
                await NoticeRepository(tx.session).told(address_id, done)
        return after
