"""The operator's side: webhooks of all accounts."""

from byoip.api.accounts.operator_accounts import AccountFilter, account_filter
from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import CursorText, PerPage, page_request, paginate
from byoip.api.hooks.webhook_schemas import Webhook, webhook_of
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.hooks.refusals import WebhookNotFound
from byoip.usecases.hooks import webhooks as verbs

operator_webhooks = Declarations("operator: accounts", Audience.OPERATOR)


@operator_webhooks.operation("GET /webhooks", Scope.OPERATOR, answer=list_of(Webhook))
async def list_all_webhooks(
    caller: OperatorRequest,
    account_id: AccountFilter = None,
    per_page: PerPage = None,
    cursor: CursorText = None,
) -> Answer:
    """List webhooks of all accounts, oldest first, without their secrets."""
    wanted = page_request(per_page, cursor)
    found = await caller.backend.webhooks.page(
        account_filter(account_id), after=wanted.after, limit=wanted.probe
    )
    return await list_answer(paginate(found, wanted), webhook_of)


@operator_webhooks.operation(
    "POST /webhooks/{webhook_id}/disable",
    Scope.OPERATOR,
    answer=answer_of(Webhook),
    refuses=(WebhookNotFound,),
)
async def stop_webhook(caller: OperatorRequest, webhook_id: PathId, body: Reasoned) -> Answer:
    """Send a webhook nothing more; its customer cannot enable it."""
    return await caller.write(lambda tx: verbs.stop(tx, webhook_id, reason=body.reason), webhook_of)


@operator_webhooks.operation(
    "POST /webhooks/{webhook_id}/enable",
    Scope.OPERATOR,
    answer=answer_of(Webhook),
    refuses=(WebhookNotFound,),
)
async def start_webhook(caller: OperatorRequest, webhook_id: PathId, body: Reasoned) -> Answer:
    """Have a webhook tested, and let it get events again from where it was."""
    return await caller.write(
        lambda tx: verbs.let_go_on(tx, webhook_id, reason=body.reason), webhook_of
    )
