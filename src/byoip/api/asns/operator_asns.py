"""The operator's side: customers' own AS numbers, and the AS-SET that has to name them."""

from byoip.api.accounts.operator_accounts import AccountFilter, account_filter
from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.asns.own_asn_schemas import AsSet, OwnAsn, as_set_of
from byoip.api.asns.own_asns import shown
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import CursorText, PerPage, page_request, paginate
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.asns import own_asn as domain
from byoip.usecases.asns import own_asns as verbs

operator_asns = Declarations("operator: space", Audience.OPERATOR)


@operator_asns.operation("GET /asns", Scope.OPERATOR, answer=list_of(OwnAsn))
async def list_all_asns(
    caller: OperatorRequest,
    account_id: AccountFilter = None,
    per_page: PerPage = None,
    cursor: CursorText = None,
) -> Answer:
    """List AS numbers of all accounts, oldest first."""
    wanted = page_request(per_page, cursor)
    found = await caller.backend.own_asns.page(
        account_filter(account_id), after=wanted.after, limit=wanted.probe
    )
    return await list_answer(paginate(found, wanted), await shown(caller))


@operator_asns.operation(
    "POST /asns/{asn_id}/approve",
    Scope.OPERATOR,
    answer=answer_of(OwnAsn),
    refuses=(
        domain.OwnAsnNotFound,
        domain.OwnAsnsNotOffered,
        domain.OwnAsnRefused,
        domain.AsnProvenByAnother,
    ),
)
async def approve_asn(caller: OperatorRequest, asn_id: PathId, body: Reasoned) -> Answer:
    """Take an AS number as proven, on the operator's word."""
    show = await shown(caller)
    return await caller.write(
        lambda tx: verbs.approve(tx, asn_id, terms=caller.backend.asn_terms, reason=body.reason),
        show,
    )


@operator_asns.operation(
    "POST /asns/{asn_id}/revoke",
    Scope.OPERATOR,
    answer=answer_of(OwnAsn),
    refuses=(domain.OwnAsnNotFound, domain.OwnAsnNotProven),
)
async def revoke_asn(caller: OperatorRequest, asn_id: PathId, body: Reasoned) -> Answer:
    """Take the proof of an AS number back.

    Nothing new is announced from it; routes that are up stay, with an alarm.
    """
    show = await shown(caller)
    return await caller.write(
        lambda tx: verbs.revoke(tx, asn_id, terms=caller.backend.asn_terms, reason=body.reason),
        show,
    )


@operator_asns.operation("GET /as-set", Scope.OPERATOR, answer=answer_of(AsSet))
async def get_as_set(caller: OperatorRequest) -> Answer:
    """List customers' own AS numbers that the operator's AS-SET has to name.

    Upstreams and peers build their filters of its members and of route objects. A number whose
    proof has gone stays listed until the last route from it has: none is lost by your filters.
    """
    return answer(as_set_of(list(await caller.backend.own_asns.members())))
