"""What customers and operators do with webhooks, but for sending to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from byoip.domain.customer_text import CustomerText
from byoip.domain.hooks.destination import Destination, DestinationRules
from byoip.domain.hooks.refusals import (
    WEBHOOKS_PER_ACCOUNT,
    EventBeyondFeed,
    TooManyWebhooks,
    WebhooksNotOffered,
)
from byoip.domain.hooks.webhook import DisabledBy, Webhook, wanted_kinds
from byoip.domain.operator_text import stated_reason
from byoip.ports.hooks.sending import Signer
from byoip.store.transaction import Transaction
from byoip.usecases.hooks.telling import tell_customer


@dataclass(frozen=True, slots=True)
class HookTerms:
    """Where webhooks may go, and what signs them.

    Attributes:
        signer: None: the operator sends none.
    """

    rules: DestinationRules = field(default_factory=DestinationRules)
    signer: Signer | None = None

    def require_signer(self) -> Signer:
        """What signs.

        Raises:
            WebhooksNotOffered: nothing does.
        """
        if self.signer is None:
            raise WebhooksNotOffered
        return self.signer


@dataclass(frozen=True, slots=True)
class Issued:
    """A webhook with a secret that was just made."""

    webhook: Webhook
    secret: str


@dataclass(frozen=True, slots=True)
class HookChange:
    """What a customer changes; None leaves it as it is."""

    url: str | None = None
    description: str | None = None
    kinds: Sequence[str] | None = None
    enabled: bool | None = None


async def create(
    tx: Transaction,
    account_id: UUID,
    *,
    terms: HookTerms,
    url: str,
    description: str,
    kinds: Sequence[str],
    after: int | None,
) -> Issued:
    """Make one; it is tested, and then gets events after this number, None: from now on.

    Raises:
        WebhooksNotOffered: the operator has no key for secrets.
        WebhookUrlRefused, UnknownEventKind, InvalidText, EventBeyondFeed: it cannot be so.
        TooManyWebhooks: the account has its quota.
    """
    signer = terms.require_signer()
    Destination.parse(url, terms.rules)
    text, wanted = CustomerText.parse(description, pointer="/description"), wanted_kinds(kinds)
    await tx.claims.lock_quota(account_id)
    looked = (tx.hooks.held(account_id), tx.hooks.newest_event(account_id), tx.hooks.epoch())
    held, newest, epoch = await tx.session.look(*looked)
    if held >= WEBHOOKS_PER_ACCOUNT:
        raise TooManyWebhooks
    cursor = newest if after is None else after
    if not 0 <= cursor <= newest:
        raise EventBeyondFeed(cursor, newest, "/after")
    webhook_id = uuid4()
    secret = signer.secret(webhook_id, 1)
    webhook = Webhook(
        id=webhook_id,
        account_id=account_id,
        url=url,
        description=text,
        kinds=wanted,
        key_id=signer.key_id,
        public_key=secret.public_key,
        created_by=tx.actor.name,
        epoch=epoch,
        cursor=cursor,
        delivered=cursor,
        next_at=tx.now,
        created_at=tx.now,
        modified_at=tx.now,
    )
    await tx.hooks.add(webhook)
    return Issued(webhook, secret.symmetric)


async def change(
    tx: Transaction, account_id: UUID, webhook_id: UUID, *, terms: HookTerms, given: HookChange
) -> Webhook:
    """Change what is given. Another URL has to take a test; so has one that was disabled.

    Raises:
        WebhookNotFound: the account has no such webhook.
        WebhookUrlRefused, UnknownEventKind, InvalidText: it cannot be so.
        WebhookStoppedByOperator: only the operator may enable it.
    """
    webhook = await tx.hooks.lock(account_id, webhook_id)
    changed = webhook
    if given.url is not None:
        Destination.parse(given.url, terms.rules)
        changed = changed.move(given.url, tx.now)
    if given.description is not None:
        text = CustomerText.parse(given.description, pointer="/description")
        changed = replace(changed, description=text, modified_at=tx.now)
    if given.kinds is not None:
        changed = replace(changed, kinds=wanted_kinds(given.kinds), modified_at=tx.now)
    if given.enabled is True:
        changed = changed.enable(tx.now)
    elif given.enabled is False:
        changed = changed.disable(DisabledBy.CUSTOMER, tx.now)
    if given.url is None and given.enabled is None:
        await tx.hooks.ask(changed)  # what is being sent is recorded: else it would be sent anew
    else:
        await tx.hooks.save(changed)
    return changed


async def remove(tx: Transaction, account_id: UUID, webhook_id: UUID) -> None:
    """End it; its row stays for a while.

    Raises:
        WebhookNotFound: the account has no such webhook.
    """
    webhook = await tx.hooks.lock(account_id, webhook_id)
    await tx.hooks.save(replace(webhook, ended_at=tx.now, test_asked=False, again=()))


async def test(tx: Transaction, account_id: UUID, webhook_id: UUID) -> Webhook:
    """Have a test sent; one that is pending becomes active by it.

    Raises:
        WebhookNotFound: the account has no such webhook.
        WebhookNotActive: it is disabled.
    """
    changed = (await tx.hooks.lock(account_id, webhook_id)).tested(tx.now)
    await tx.hooks.ask(changed)
    return changed


async def redeliver(tx: Transaction, account_id: UUID, webhook_id: UUID, *, number: int) -> Webhook:
    """Have one event sent again, with the same id.

    Raises:
        WebhookNotFound: the account has no such webhook.
        WebhookNotActive, EventBeyondFeed, TooManyRedeliveries: it cannot be.
    """
    webhook = await tx.hooks.lock(account_id, webhook_id)
    (newest,) = await tx.session.look(tx.hooks.newest_event(account_id))
    changed = webhook.redeliver(number, newest, tx.now)
    await tx.hooks.ask(changed)
    return changed


async def replay(tx: Transaction, account_id: UUID, webhook_id: UUID, *, after: int) -> Webhook:
    """Go on after this number: all events behind it are sent again, or those up to it never.

    Raises:
        WebhookNotFound: the account has no such webhook.
        EventBeyondFeed: there is no such event.
    """
    webhook = await tx.hooks.lock(account_id, webhook_id)
    (newest,) = await tx.session.look(tx.hooks.newest_event(account_id))
    changed = webhook.replay(after, newest, tx.now)
    await tx.hooks.save(changed)
    return changed


async def rotate(
    tx: Transaction, account_id: UUID, webhook_id: UUID, *, terms: HookTerms
) -> Issued:
    """Another secret; the one before signs as well for 24 hours.

    Raises:
        WebhooksNotOffered: the operator has no key for secrets.
        WebhookNotFound: the account has no such webhook.
    """
    signer = terms.require_signer()
    webhook = await tx.hooks.lock(account_id, webhook_id)
    secret = signer.secret(webhook_id, webhook.generation + 1)
    changed = webhook.rotate(signer.key_id, secret.public_key, tx.now)
    await tx.hooks.save(changed)
    return Issued(changed, secret.symmetric)


async def stop(tx: Transaction, webhook_id: UUID, *, reason: str) -> Webhook:
    """The operator sends it nothing more; its customer cannot enable it.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        WebhookNotFound: there is no such webhook.
    """
    why = stated_reason(reason)
    webhook = await tx.hooks.lock(None, webhook_id)
    changed = webhook.disable(DisabledBy.OPERATOR, tx.now)
    await tx.hooks.save(changed)
    tx.record_for_operators("webhook.disabled", why, before=_shown(webhook), after=_shown(changed))
    if webhook.because is not DisabledBy.OPERATOR:
        await tell_customer(tx, changed)
    return changed


async def let_go_on(tx: Transaction, webhook_id: UUID, *, reason: str) -> Webhook:
    """The operator has it tested, and lets it get events again, whoever has disabled it.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        WebhookNotFound: there is no such webhook.
    """
    why = stated_reason(reason)
    webhook = await tx.hooks.lock(None, webhook_id)
    changed = webhook.enable(tx.now, operator=True)
    await tx.hooks.save(changed)
    tx.record_for_operators("webhook.enabled", why, before=_shown(webhook), after=_shown(changed))
    return changed


def _shown(webhook: Webhook) -> dict[str, object]:
    return {
        "webhook_id": webhook.id.hex,
        "account_id": webhook.account_id.hex,
        "state": webhook.state.value,
        "because": webhook.because.value if webhook.because else None,
    }
