"""The operator's side: disputes about AS numbers, with both evidences, and their decision."""

from byoip.api.asns import dispute_schemas as wire
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import CursorText, PerPage, page_request, paginate
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.asns.own_asn import OwnAsnRefused, OwnAsnsNotOffered
from byoip.domain.watch.dispute import LISTED, DisputeEnded, DisputeNotFound, DisputeTooYoung, Side
from byoip.store.claims.views import FROM_THE_FIRST, Cursor
from byoip.usecases.asns import decide_asn_dispute as verbs
from byoip.usecases.asns.show_asn_dispute import show_asn_dispute

operator_asn_disputes = Declarations("operator: space", Audience.OPERATOR)


@operator_asn_disputes.operation(
    "GET /asn_disputes", Scope.OPERATOR, answer=list_of(wire.OperatorAsnDispute)
)
async def list_asn_disputes(
    caller: OperatorRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List open disputes about AS numbers, the oldest first, 500 at a time: each waits for you.

    An account has proven an AS number that another one has proven here. Nothing new is announced
    from it meanwhile; routes stay.
    """
    wanted = page_request(per_page, cursor, default=LISTED)
    found = await caller.backend.own_asns.disputes.listed(
        after=wanted.after or FROM_THE_FIRST, limit=wanted.probe
    )
    return await list_answer(
        paginate(found, wanted, lambda one: Cursor(one.dispute.opened_at, one.dispute.id)),
        wire.dispute_of,
    )


@operator_asn_disputes.operation(
    "GET /asn_disputes/{dispute_id}",
    Scope.OPERATOR,
    answer=answer_of(wire.AsnDisputeWithEvidence),
    refuses=(DisputeNotFound,),
)
async def get_asn_dispute(caller: OperatorRequest, dispute_id: PathId) -> Answer:
    """Read one: both evidences side by side, a recommendation with reasons, what hangs on it."""
    shown = await show_asn_dispute(caller.backend.own_asns.disputes, dispute_id, caller.now)
    return answer(wire.with_evidence(shown))


@operator_asn_disputes.operation(
    "POST /asn_disputes/{dispute_id}/decide",
    Scope.OPERATOR,
    answer=answer_of(wire.DecidedAsnDispute),
    refuses=(DisputeNotFound, DisputeEnded, DisputeTooYoung, OwnAsnsNotOffered, OwnAsnRefused),
)
async def decide_asn_dispute(
    caller: OperatorRequest, dispute_id: PathId, body: wire.AsnDisputeDecision
) -> Answer:
    """Decide one; both parties read the reason.

    For the holder: the claimant's proof is refused, and counts no more with the same token. For the
    claimant, from `decide_after` on or `early`: the number is the claimant's, and the holder's is
    not proven any more. Prefixes with this origin are not touched: `follows` says what you may do.
    """
    terms = caller.backend.asn_terms
    side, early = Side(body.decide_for), body.early
    return await caller.write(
        lambda tx: verbs.decide_asn_dispute(
            tx, dispute_id, terms=terms, for_=side, reason=body.reason, early=early
        ),
        wire.decided_of,
    )
