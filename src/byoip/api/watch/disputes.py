"""The operator's side: disputes between accounts, with both evidences, and their decision."""

from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import CursorText, PerPage, page_request, paginate
from byoip.api.path_ids import PathId
from byoip.api.watch import dispute_schemas as wire
from byoip.domain.accounts.credential import Scope
from byoip.domain.claims.claim import ClaimNotFound, PrefixSuspended
from byoip.domain.routes.bgp_prefix import LockedByOperator
from byoip.domain.watch.dispute import LISTED, DisputeEnded, DisputeNotFound, DisputeTooYoung, Side
from byoip.store.claims.views import FROM_THE_FIRST, Cursor
from byoip.usecases.watch import decide_dispute as verbs
from byoip.usecases.watch.show_dispute import show_dispute

operator_disputes = Declarations("operator: prefixes", Audience.OPERATOR)


@operator_disputes.operation("GET /disputes", Scope.OPERATOR, answer=list_of(wire.OperatorDispute))
async def list_disputes(
    caller: OperatorRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List open disputes, the oldest first, 500 at a time: each waits for you.

    An account has proven space that another one holds here, and whose holder changed by the
    registries' statistics. Nothing new happens to either meanwhile; routes stay.
    """
    wanted = page_request(per_page, cursor, default=LISTED)
    found = await caller.backend.reader.disputes.listed(
        after=wanted.after or FROM_THE_FIRST, limit=wanted.probe
    )
    return await list_answer(
        paginate(found, wanted, lambda one: Cursor(one.dispute.opened_at, one.dispute.id)),
        wire.dispute_of,
    )


@operator_disputes.operation(
    "GET /disputes/{dispute_id}",
    Scope.OPERATOR,
    answer=answer_of(wire.DisputeWithEvidence),
    refuses=(DisputeNotFound,),
)
async def get_dispute(caller: OperatorRequest, dispute_id: PathId) -> Answer:
    """Read a dispute: both evidences side by side, and a recommendation with reasons."""
    shown = await show_dispute(caller.backend.reader, dispute_id, caller.now)
    return answer(wire.with_evidence(shown))


@operator_disputes.operation(
    "POST /disputes/{dispute_id}/decide",
    Scope.OPERATOR,
    answer=answer_of(wire.DecidedDispute),
    refuses=(
        DisputeNotFound,
        DisputeEnded,
        DisputeTooYoung,
        ClaimNotFound,
        PrefixSuspended,
        LockedByOperator,
    ),
)
async def decide_dispute(
    caller: OperatorRequest, dispute_id: PathId, body: wire.DisputeDecision
) -> Answer:
    """Decide a dispute; both parties read the reason.

    For the holder: its freezes are lifted, and what is there now counts as right. For the claimant,
    from `decide_from` on or `early`: the holder's approval is revoked, and its prefix offboarded,
    past the breaker; the claimant asks for validation then.
    """
    return await caller.write(
        lambda tx: verbs.decide_dispute(
            tx, dispute_id, for_=Side(body.decide_for), reason=body.reason, early=body.early
        ),
        wire.decided_of,
    )
