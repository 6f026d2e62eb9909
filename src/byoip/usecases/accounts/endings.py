"""Tells an account's people by mail that an API token of theirs is about to end."""

from uuid import UUID

from byoip.domain.accounts.credential import CredentialNotFound
from byoip.domain.claims.closing import expiry_notice_due
from byoip.domain.mail.notice import NoticeKind
from byoip.store.mail.notices import NoticeRepository
from byoip.store.transaction import Transaction


async def tell_of_end(tx: Transaction, account_id: UUID, credential_id: UUID) -> None:
    """Say it a week before, if it holds longer, and a day before; once each, however late."""
    try:
        one = await tx.credentials.lock_token(account_id, credential_id)
    except CredentialNotFound:  # it was revoked meanwhile
        return
    ends = one.expires_at
    if ends is None or not expiry_notice_due(one.created_at, ends, one.told_expiring_at, tx.now):
        return
    await tx.credentials.told_of(one.id, tx.now)
    after = {"expires_at": ends.isoformat()}
    told = account_id, NoticeKind.CREDENTIAL_EXPIRING, one.id, tx.now, after
    await NoticeRepository(tx.session).tell(*told)
