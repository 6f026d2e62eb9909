"""The operator's side: speakers, listeners, orphans, and snapshots of what was applied."""

from functools import partial

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import Page
from byoip.api.path_ids import PathNumber, PathText, read_number
from byoip.api.speakers.operator_route_schemas import (
    ForgottenStation,
    OrphanDecision,
    OrphanRoute,
    Routes,
    RouteSnapshot,
    forgotten_of,
    orphan_of,
    route_snapshot_of,
    routes_of,
)
from byoip.api.speakers.rollback_schemas import RollbackOrder, RouteRollback, rollback_of
from byoip.domain.accounts.credential import Scope
from byoip.domain.customer_text import InvalidText
from byoip.domain.prefix import InvalidPrefix
from byoip.domain.speakers.bgp_peer import (
    ListenerInService,
    ListenerNotFound,
    SpeakerInService,
    SpeakerNotFound,
)
from byoip.domain.speakers.route_snapshot import OrphanNotFound, RouteSnapshotNotFound

operator_routes = Declarations("operator: routes", Audience.OPERATOR)


@operator_routes.operation("GET /routes", Scope.OPERATOR, answer=answer_of(Routes))
async def get_routes(caller: OperatorRequest) -> Answer:
    """Read what is wanted, given to speakers and seen, counted, and what a person should know."""
    return answer(routes_of(await caller.backend.routes.reader.report()))


@operator_routes.operation("GET /routes/orphans", Scope.OPERATOR, answer=list_of(OrphanRoute))
async def list_orphan_routes(caller: OperatorRequest) -> Answer:
    """List paths that speakers hold and nobody wants; they stay until you say otherwise."""
    found = [orphan_of(one) for one in await caller.backend.routes.reader.orphans()]
    return list_answer(found, Page(found, len(found), None))


@operator_routes.operation(
    "POST /routes/orphans/withdraw",
    Scope.OPERATOR,
    answer=answer_of(OrphanRoute),
    refuses=(InvalidText, InvalidPrefix, OrphanNotFound),
)
async def withdraw_orphan_route(caller: OperatorRequest, body: OrphanDecision) -> Answer:
    """Have an orphan withdrawn from one speaker, if it still is one when its turn comes.

    `byoip advertise orphan withdraw` does the same while the API is down.
    """
    pen = caller.pen(orphan_of)
    return pen.answer(
        await caller.backend.routes.withdraw_orphan(
            body.speaker,
            body.cidr,
            name=caller.credential.name,
            reason=body.reason,
            by=pen.by,
            once=pen.once,
        )
    )


@operator_routes.operation("GET /routes/snapshots", Scope.OPERATOR, answer=list_of(RouteSnapshot))
async def list_route_snapshots(caller: OperatorRequest) -> Answer:
    """List the kept snapshots of the applied state, the newest first.

    Roll back to one of them to announce again what it has.
    """
    found = [route_snapshot_of(one) for one in await caller.backend.routes.reader.snapshots()]
    return list_answer(found, Page(found, len(found), None))


@operator_routes.operation(
    "POST /routes/snapshots/{number}/rollback",
    Scope.OPERATOR,
    answer=answer_of(RouteRollback),
    refuses=(InvalidText, RouteSnapshotNotFound),
)
async def rollback_routes(
    caller: OperatorRequest, number: PathNumber, body: RollbackOrder
) -> Answer:
    """Announce again what a snapshot has; take nothing down.

    Only prefixes that are approved now, and routes that their owner has not withdrawn since. Ask
    with `dry_run` first. It may be repeated. `byoip advertise rollback` does it while the API is
    down.
    """
    snapshot = read_number(number)
    if snapshot is None:
        raise RouteSnapshotNotFound
    pen = caller.pen(partial(rollback_of, snapshot=snapshot, dry_run=body.dry_run))
    return pen.answer(
        await caller.backend.routes.rollback(
            snapshot, reason=body.reason, by=pen.by, dry_run=body.dry_run, once=pen.once
        )
    )


@operator_routes.operation(
    "POST /routes/speakers/{speaker}/forget",
    Scope.OPERATOR,
    answer=answer_of(ForgottenStation),
    refuses=(InvalidText, SpeakerNotFound, SpeakerInService),
)
async def forget_speaker(caller: OperatorRequest, speaker: PathText, body: Reasoned) -> Answer:
    """End what is on record of a speaker that is gone for good, so that it holds up nothing.

    Nobody is told anything, and what owners want stays as it is. Make sure that it announces
    nothing any more: refused only while somebody still asks it.
    """
    pen = caller.pen(forgotten_of)
    return pen.answer(
        await caller.backend.routes.forget_speaker(
            speaker, reason=body.reason, by=pen.by, once=pen.once
        )
    )


@operator_routes.operation(
    "POST /routes/listeners/{listener}/forget",
    Scope.OPERATOR,
    answer=answer_of(ForgottenStation),
    refuses=(InvalidText, ListenerNotFound, ListenerInService),
)
async def forget_listener(caller: OperatorRequest, listener: PathText, body: Reasoned) -> Answer:
    """End what a listener that is gone for good was last said to see."""
    pen = caller.pen(forgotten_of)
    return pen.answer(
        await caller.backend.routes.forget_listener(
            listener, reason=body.reason, by=pen.by, once=pen.once
        )
    )
