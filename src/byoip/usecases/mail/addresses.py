"""What customers do with addresses of mail, but for sending to them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.mail.address import mail_address
from byoip.domain.mail.addressee import Addressee, refuse_too_soon
from byoip.domain.mail.notice import NOTICES
from byoip.domain.mail.refusals import (
    ADDRESSES_PER_ACCOUNT,
    MailNotOffered,
    TooManyMailAddresses,
)
from byoip.domain.mail.topics import Topic
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.mail.addresses import MailAddressRepository
from byoip.store.mail.notices import NoticeRepository
from byoip.store.transaction import Transaction

_MINUTES_OF_DAY: Final = 24 * 60
# Of the account, whatever addresses: whoever they are of has agreed to nothing. As many at once as
# it may have addresses, then one in 72 minutes.
CODES: Final = Wanted("mail_code", ADDRESSES_PER_ACCOUNT / _MINUTES_OF_DAY, _MINUTES_OF_DAY)


async def create(
    tx: Transaction, account_id: UUID, *, offered: bool, address: str, topics: Sequence[Topic]
) -> Addressee:
    """Have a code sent to an address; it hears of nothing until the code is given back.

    Raises:
        MailNotOffered: the operator has no mail server.
        MailAddressRefused: no mail is sent there.
        MailAddressKnown, TooManyMailAddresses: the account has it, or its quota of them.
        MailCodeTooSoon: the account has asked for a code for it lately, and has removed it since.
    """
    if not offered:
        raise MailNotOffered
    to = mail_address(address)
    await tx.claims.lock_quota(account_id)
    kept = MailAddressRepository(tx.session)
    looked = (kept.held(account_id), tx.hooks.newest_event(account_id), tx.hooks.epoch())
    held, newest, epoch = await tx.session.look(*looked)
    if held >= ADDRESSES_PER_ACCOUNT:
        raise TooManyMailAddresses
    made = Addressee(
        id=uuid4(),
        account_id=account_id,
        address=to,
        topics=_each_once(topics),
        code_asked_at=tx.now,
        epoch=epoch,
        cursor=newest,
        next_at=tx.now,
        created_by=tx.actor.name,
        created_at=tx.now,
        modified_at=tx.now,
    )
    asked_at = await kept.code_asked_at(account_id, to)
    await kept.add(made)
    if asked_at is not None:
        refuse_too_soon(asked_at, tx.now)
    return made


async def change(
    tx: Transaction, account_id: UUID, address_id: UUID, *, topics: Sequence[Topic]
) -> Addressee:
    """Have it hear of these topics only; of all, if there is none.

    Raises:
        MailAddressNotFound: the account has no such address.
    """
    kept = MailAddressRepository(tx.session)
    one = await kept.lock(account_id, address_id)
    changed = replace(one, topics=_each_once(topics), modified_at=tx.now)
    await kept.tell_of(changed)
    unwanted = [kind for kind, topic in NOTICES.items() if topic not in changed.topics]
    if changed.topics and unwanted:
        await NoticeRepository(tx.session).forget(address_id, unwanted)
    return changed


async def remove(tx: Transaction, account_id: UUID, address_id: UUID) -> None:
    """End it.

    Raises:
        MailAddressNotFound: the account has no such address.
    """
    kept = MailAddressRepository(tx.session)
    one = await kept.lock(account_id, address_id)
    await kept.save(replace(one, ended_at=tx.now, code_asked=False))


async def ask_for_code(
    tx: Transaction, account_id: UUID, address_id: UUID, *, offered: bool
) -> Addressee:
    """Have another code sent.

    Raises:
        MailNotOffered: the operator has no mail server.
        MailAddressNotFound: the account has no such address.
        MailAddressVerified, MailCodeTooSoon: none is needed, or not yet.
    """
    if not offered:
        raise MailNotOffered
    kept = MailAddressRepository(tx.session)
    changed = (await kept.lock(account_id, address_id)).ask_for_code(tx.now)
    await kept.save(changed)
    return changed


async def verify(tx: Transaction, account_id: UUID, address_id: UUID, *, code: str) -> Addressee:
    """Its reader has given the code back: it hears of what happens from now on.

    Raises:
        MailAddressNotFound: the account has no such address.
        MailCodeRefused: it is not the code that was sent last, or it is over.
    """
    kept = MailAddressRepository(tx.session)
    one = await kept.lock(account_id, address_id)
    looked = (tx.hooks.epoch(), tx.hooks.newest_event(account_id))
    epoch, newest = await tx.session.look(*looked)
    changed = one.verify(code, epoch, newest, tx.now)
    await kept.save(changed)
    await NoticeRepository(tx.session).forget(address_id)  # of the time before it was parked
    return changed


async def locked(tx: Transaction, account_id: UUID, address_id: UUID) -> Addressee:
    """One of them, as it is until the transaction ends.

    Raises:
        MailAddressNotFound: the account has no such address.
    """
    return await MailAddressRepository(tx.session).lock(account_id, address_id)


def _each_once(topics: Sequence[Topic]) -> tuple[Topic, ...]:
    return tuple(dict.fromkeys(topics))
