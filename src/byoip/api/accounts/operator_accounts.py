"""The operator's side: accounts, credentials, and the history of what operators do."""

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Query
from pydantic import WithJsonSchema

from byoip.api.accounts import operator_schemas as wire
from byoip.api.border import paging
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import ID_PATTERN, answer_of, event_list_of, list_of, read_id
from byoip.api.border.files import FileAnswer
from byoip.api.border.paging import CursorText, PerPage, page_request, paginate
from byoip.api.border.refusals import FieldInvalid, QueryParameterInvalid
from byoip.api.border.streams import NDJSON
from byoip.api.claims.history import After
from byoip.api.path_ids import PathId
from byoip.domain.accounts import credential
from byoip.domain.accounts.credential import Scope
from byoip.domain.accounts.people import LastOperator
from byoip.domain.event_chain import BEGINNING, HEAD_PATTERN, Head, HeadNotFound
from byoip.store.accounts.operator_views import AccountView
from byoip.usecases.accounts import accounts, credentials, people

operator_accounts = Declarations("operator: accounts", Audience.OPERATOR)

AccountFilter: TypeAlias = Annotated[
    str | None,
    Query(description="Only of this account."),
    WithJsonSchema({"type": "string", "pattern": ID_PATTERN}),
]


@operator_accounts.operation("GET /accounts", Scope.OPERATOR, answer=list_of(wire.Account))
async def list_accounts(
    caller: OperatorRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List customers, oldest first."""
    wanted = page_request(per_page, cursor)
    reader = caller.backend.operator_reader
    found = await reader.accounts(after=wanted.after, limit=wanted.probe)
    return await list_answer(paginate(found, wanted, lambda view: view.account), wire.account_of)


@operator_accounts.operation(
    "GET /accounts/{account_id}", Scope.OPERATOR, answer=answer_of(wire.Account), tagged=True
)
async def get_account(caller: OperatorRequest, account_id: PathId) -> Answer:
    """Read one account."""
    view = await caller.backend.operator_reader.account(account_id)
    return answer(wire.account_of(view), version=_version(view))


@operator_accounts.operation(
    "POST /accounts", Scope.OPERATOR, answer=answer_of(wire.Account), status=201, tagged=True
)
async def create_account(caller: OperatorRequest, body: wire.NewAccount) -> Answer:
    """Take a customer in."""
    return await caller.write(
        lambda tx: accounts.create(
            tx, name=body.name, prefix_quota=body.prefix_quota, reason=body.reason
        ),
        wire.account_of,
        version=_version,
    )


@operator_accounts.operation(
    "PATCH /accounts/{account_id}", Scope.OPERATOR, answer=answer_of(wire.Account), tagged=True
)
async def update_account(
    caller: OperatorRequest, account_id: PathId, body: wire.AccountChange
) -> Answer:
    """Change an account's name or quota.

    A quota below the number of its prefixes takes none away: the account can only add no more.
    """
    return await caller.write(
        lambda tx: accounts.update(
            tx, account_id, name=body.name, prefix_quota=body.prefix_quota, reason=body.reason
        ),
        wire.account_of,
        version=_version,
    )


@operator_accounts.operation("GET /credentials", Scope.OPERATOR, answer=list_of(wire.Credential))
async def list_credentials(
    caller: OperatorRequest,
    account_id: AccountFilter = None,
    per_page: PerPage = None,
    cursor: CursorText = None,
) -> Answer:
    """List credentials of customers and operators, oldest first, revoked ones too.

    Tokens are not kept, so they are not shown.
    """
    wanted = page_request(per_page, cursor)
    found = await caller.backend.operator_reader.credentials(
        account_filter(account_id), after=wanted.after, limit=wanted.probe
    )
    return await list_answer(paginate(found, wanted), wire.credential_of)


@operator_accounts.operation(
    "POST /credentials",
    Scope.OPERATOR,
    answer=answer_of(wire.IssuedCredential),
    status=201,
    refuses=(credential.ScopesRefused, credential.ExpiryRefused),
)
async def create_credential(caller: OperatorRequest, body: wire.NewCredentialIn) -> Answer:
    """Issue a token to an account, or to another operator.

    The token is shown in this answer only: a repeated request does not show it again.
    """
    scopes = frozenset(_scope(index, text) for index, text in enumerate(body.scopes))
    return await caller.write(
        lambda tx: credentials.issue(
            tx,
            body.account_id,
            mint=caller.backend.terms.mint,
            name=body.name,
            scopes=scopes,
            expires_at=body.expires_at,
            reason=body.reason,
        ),
        wire.issued_of,
        kept=wire.issued_without_token,
    )


@operator_accounts.operation(
    "POST /credentials/{credential_id}/revoke",
    Scope.OPERATOR,
    answer=answer_of(wire.Credential),
    refuses=(credential.CredentialNotFound, LastOperator),
)
async def revoke_credential(
    caller: OperatorRequest, credential_id: PathId, body: wire.Reasoned
) -> Answer:
    """End a credential at once.

    With that of a person, the person is removed.
    """
    return await caller.write(
        lambda tx: people.end_credential(tx, credential_id, reason=body.reason),
        wire.credential_of,
        changes_people=True,
    )


@operator_accounts.operation(
    "GET /events", Scope.OPERATOR, answer=event_list_of(wire.OperatorEvent)
)
async def list_operator_events(
    caller: OperatorRequest, after: After = 0, per_page: PerPage = None
) -> Answer:
    """Read what operators have done, except to prefixes; oldest first.

    What operators do to a prefix stands in that prefix's own history.
    """
    size = per_page or paging.DEFAULT_PAGE
    found = await caller.backend.operator_reader.events(after=after, limit=size + 1)
    part = paging.paginate_numbered(found, size, lambda view: view.event.number)
    return await list_answer(part, wire.operator_event_of, epoch=None)


HeadText: TypeAlias = Annotated[
    str | None,
    Query(
        description="Only what is behind an earlier export: its `head`.",
        json_schema_extra={"pattern": HEAD_PATTERN},
    ),
]


@operator_accounts.operation(
    "GET /events/export", Scope.OPERATOR, answer=NDJSON, refuses=(HeadNotFound,)
)
async def get_operator_event_export(
    caller: OperatorRequest, cursor: HeadText = None, per_page: PerPage = None
) -> Answer:
    """Export what operators have done, one JSON object a line; oldest first.

    Each event has the `hash` of its line without that last member, and in `previous` the hash of
    the event before. The last line is no event: `head` stands for all events up to it, and is the
    `cursor` of the next export; `more` says whether more events are there already. Without
    `per_page` an export has 1000 events at most.
    """
    head, size = _head(cursor), per_page or paging.LONGEST_PAGE
    found = await caller.backend.operator_reader.chain.after(head, limit=size + 1)
    lines = [one.line for one in found[:size]]
    if lines:
        head = found[len(lines) - 1].head
    more = "true" if len(found) > size else "false"
    body = "\n".join([*lines, f'{{"head": "{head}", "more": {more}}}', ""]).encode()
    return FileAnswer(status=200, body=body, media_type=NDJSON, filename="operator-events.ndjson")


def _head(text: str | None) -> Head:
    try:
        return BEGINNING if text is None else Head.read(text)
    except ValueError:
        raise QueryParameterInvalid("cursor", "is not one that this service gave") from None


def account_filter(text: str | None) -> UUID | None:
    """The id in a filter; None without a filter.

    Raises:
        QueryParameterInvalid: the text is not an id.
    """
    try:
        return None if text is None else read_id(text)
    except ValueError:
        raise QueryParameterInvalid("account_id", "is not an id") from None


def _scope(index: int, text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        raise FieldInvalid(f"/scopes/{index}", f"Name one of {', '.join(Scope)}") from None


def _version(view: AccountView) -> int:
    return view.account.version
