"""The operator's side: checks that one prefix need not pass, with a reason and an end."""

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import everything
from byoip.api.claims import waiver_schemas as wire
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.claims.check_waiver import RoaCovers, Waivable, WaiverEndRefused, WaiverNotFound
from byoip.domain.claims.claim import ClaimNotFound
from byoip.usecases.checks import waivers as verbs

waivers = Declarations("operator: prefixes", Audience.OPERATOR)


@waivers.operation(
    "GET /prefixes/{prefix_id}/waivers",
    Scope.OPERATOR,
    answer=list_of(wire.Waiver),
    refuses=(ClaimNotFound,),
)
async def list_waivers(caller: OperatorRequest, prefix_id: PathId) -> Answer:
    """List the waivers of a prefix that are in force, one for a check at most."""
    found = await caller.backend.operator_reader.waivers(prefix_id, caller.now)
    return await list_answer(everything(found), wire.waiver_of)


@waivers.operation(
    "POST /prefixes/{prefix_id}/waivers",
    Scope.OPERATOR,
    answer=answer_of(wire.Waiver),
    refuses=(ClaimNotFound, WaiverEndRefused, RoaCovers),
)
async def create_waiver(caller: OperatorRequest, prefix_id: PathId, body: wire.NewWaiver) -> Answer:
    """Do without a check for one prefix, in place of its waiver of the same check.

    Ownership is never waived. The reason stands in the prefix's history, which its customer reads,
    and in its letter.
    """
    check, until = Waivable(body.check), body.expires_at
    return await caller.write(
        lambda tx: verbs.grant(tx, prefix_id, check=check, expires_at=until, reason=body.reason),
        wire.waiver_of,
    )


@waivers.operation(
    "POST /prefixes/{prefix_id}/waivers/{waiver_id}/end",
    Scope.OPERATOR,
    answer=answer_of(wire.Waiver),
    refuses=(ClaimNotFound, WaiverNotFound),
)
async def end_waiver(
    caller: OperatorRequest, prefix_id: PathId, waiver_id: PathId, body: Reasoned
) -> Answer:
    """Take a waiver back. Approval and routes stay; nothing new passes."""
    return await caller.write(
        lambda tx: verbs.end(tx, prefix_id, waiver_id, reason=body.reason), wire.waiver_of
    )
