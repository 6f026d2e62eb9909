"""Webhooks: the account's events, sent to receivers that its customer names."""

from collections.abc import Sequence

from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import Customer, CustomerRequest, nothing
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import Done, answer_of, list_of
from byoip.api.border.paging import CursorText, PerPage, everything, page_request, paginate
from byoip.api.hooks import webhook_schemas as wire
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.customer_text import InvalidText
from byoip.domain.hooks import refusals
from byoip.domain.hooks.destination import WebhookUrlRefused
from byoip.store.accounts.rate_limits import Wanted
from byoip.usecases.hooks import webhooks as verbs

webhooks = Declarations("webhooks")


def _paced(caller: Customer) -> Sequence[Wanted]:
    """What has us send out of turn is done as often as pre-flights: to whom, a customer says."""
    return [Wanted("preflight", caller.backend.limiter.limits.preflights_per_account)]


_READS = (Scope.PREFIXES_READ,)  # what is sent is what this scope reads
_NONE = (refusals.WebhookNotFound,)


@webhooks.operation(
    "POST /webhooks",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.IssuedWebhook),
    status=201,
    also=_READS,
    refuses=(
        InvalidText,
        WebhookUrlRefused,
        refusals.WebhooksNotOffered,
        refusals.UnknownEventKind,
        refusals.EventBeyondFeed,
        refusals.TooManyWebhooks,
    ),
)
async def create_webhook(caller: CustomerRequest, body: wire.NewWebhook) -> Answer:
    """Have the account's events sent to a URL.

    Each is a POST, signed as the Standard Webhooks specification says. A test is sent at once;
    events follow when it was answered with 2xx. The secret is shown in this answer only.
    """
    return await caller.write(
        lambda tx: verbs.create(
            tx,
            caller.account_id,
            terms=caller.backend.hook_terms,
            url=body.url,
            description=body.description,
            kinds=body.kinds,
            after=body.after,
        ),
        wire.issued_of,
        kept=wire.issued_without_secret,
        spending=_paced(caller),
    )


@webhooks.operation("GET /webhooks", Scope.PREFIXES_READ, answer=list_of(wire.Webhook))
async def list_webhooks(
    caller: CustomerRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List the account's webhooks, oldest first."""
    wanted = page_request(per_page, cursor)
    reader = caller.backend.webhooks
    found = await reader.page(caller.account_id, after=wanted.after, limit=wanted.probe)
    return await list_answer(paginate(found, wanted), wire.webhook_of)


@webhooks.operation(
    "GET /webhooks/{webhook_id}",
    Scope.PREFIXES_READ,
    answer=answer_of(wire.Webhook),
    refuses=_NONE,
)
async def get_webhook(caller: CustomerRequest, webhook_id: PathId) -> Answer:
    """Read one webhook, and how far it has come."""
    kept = await caller.backend.webhooks.one(caller.account_id, webhook_id)
    return answer(wire.webhook_of(kept))


@webhooks.operation(
    "GET /webhooks/{webhook_id}/deliveries",
    Scope.PREFIXES_READ,
    answer=list_of(wire.WebhookDelivery),
    refuses=_NONE,
)
async def list_webhook_deliveries(caller: CustomerRequest, webhook_id: PathId) -> Answer:
    """List its last attempts with their answers, the newest first: a hundred at most."""
    kept = await caller.backend.webhooks.deliveries(caller.account_id, webhook_id)
    return await list_answer(everything(kept), wire.delivery_of)


@webhooks.operation(
    "PATCH /webhooks/{webhook_id}",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.Webhook),
    also=_READS,
    refuses=(
        *_NONE,
        InvalidText,
        WebhookUrlRefused,
        refusals.UnknownEventKind,
        refusals.WebhookStoppedByOperator,
    ),
)
async def update_webhook(
    caller: CustomerRequest, webhook_id: PathId, body: wire.WebhookChange
) -> Answer:
    """Change a webhook, disable it, or enable it again."""
    given = verbs.HookChange(body.url, body.description, body.kinds, body.enabled)
    terms = caller.backend.hook_terms
    return await caller.write(
        lambda tx: verbs.change(tx, caller.account_id, webhook_id, terms=terms, given=given),
        wire.webhook_of,
        spending=_paced(caller) if given.url or given.enabled else (),
    )


@webhooks.operation(
    "DELETE /webhooks/{webhook_id}", Scope.PREFIXES_WRITE, answer=Done, refuses=_NONE
)
async def delete_webhook(caller: CustomerRequest, webhook_id: PathId) -> Answer:
    """End a webhook."""
    return await caller.write(lambda tx: verbs.remove(tx, caller.account_id, webhook_id), nothing)


@webhooks.operation(
    "POST /webhooks/{webhook_id}/test",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.Webhook),
    status=202,
    refuses=(*_NONE, refusals.WebhookNotActive),
)
async def create_webhook_test(caller: CustomerRequest, webhook_id: PathId) -> Answer:
    """Have a message of type `endpoint.test` sent, once; `deliveries` says what came of it."""
    return await caller.write(
        lambda tx: verbs.test(tx, caller.account_id, webhook_id),
        wire.webhook_of,
        spending=_paced(caller),
    )


@webhooks.operation(
    "POST /webhooks/{webhook_id}/redeliver",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.Webhook),
    status=202,
    also=_READS,
    refuses=(
        *_NONE,
        refusals.WebhookNotActive,
        refusals.EventBeyondFeed,
        refusals.TooManyRedeliveries,
    ),
)
async def create_webhook_redelivery(
    caller: CustomerRequest, webhook_id: PathId, body: wire.WebhookRedelivery
) -> Answer:
    """Have one event sent again, once, with the same `webhook-id`."""
    return await caller.write(
        lambda tx: verbs.redeliver(tx, caller.account_id, webhook_id, number=body.number),
        wire.webhook_of,
        spending=_paced(caller),
    )


@webhooks.operation(
    "POST /webhooks/{webhook_id}/replay",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.Webhook),
    also=_READS,
    refuses=(*_NONE, refusals.EventBeyondFeed),
)
async def create_webhook_replay(
    caller: CustomerRequest, webhook_id: PathId, body: wire.WebhookReplay
) -> Answer:
    """Go on behind another event: those that follow are sent again, or those before it never.

    Waiting attempts are made at once.
    """
    return await caller.write(
        lambda tx: verbs.replay(tx, caller.account_id, webhook_id, after=body.after),
        wire.webhook_of,
        spending=_paced(caller),
    )


@webhooks.operation(
    "POST /webhooks/{webhook_id}/secret",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.IssuedWebhook),
    also=_READS,
    refuses=(*_NONE, refusals.WebhooksNotOffered),
)
async def create_webhook_secret(caller: CustomerRequest, webhook_id: PathId) -> Answer:
    """Make another secret and another key pair; for 24 hours the ones before sign as well."""
    terms = caller.backend.hook_terms
    return await caller.write(
        lambda tx: verbs.rotate(tx, caller.account_id, webhook_id, terms=terms),
        wire.issued_of,
        kept=wire.issued_without_secret,
    )
