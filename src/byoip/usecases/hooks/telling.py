"""Tells a webhook's customer by mail that it gets nothing more: that can come by no webhook."""

from byoip.domain.hooks.webhook import Webhook
from byoip.domain.mail.notice import NoticeKind
from byoip.store.mail.notices import NoticeRepository
from byoip.store.transaction import Transaction


async def tell_customer(tx: Transaction, disabled: Webhook) -> None:
    """Have the account's people told that it was disabled, and by what."""
    why = {"because": disabled.because.value} if disabled.because else {}
    told = disabled.account_id, NoticeKind.WEBHOOK_DISABLED, disabled.id, tx.now, why
    await NoticeRepository(tx.session).tell(*told)
