"""The operator's side: speakers, listeners, orphans, and snapshots of what was applied."""

from functools import partial

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import everything
from byoip.api.path_ids import PathNumber, PathText, read_number
from byoip.api.speakers import operator_route_schemas as wire
from byoip.api.speakers.operator_route_schemas import OrphanRoute, RouteSnapshot
from byoip.api.speakers.rollback_schemas import RollbackOrder, RouteRollback, rollback_of
from byoip.domain.accounts.credential import Scope
from byoip.domain.operator_text import stated_reason
from byoip.domain.prefix import InvalidPrefix
from byoip.domain.speakers import bgp_peer
from byoip.domain.speakers.bgp_peer import BgpPeerKind
from byoip.domain.speakers.route_snapshot import (
    OrphanNotFound,
    OrphansChanged,
    RouteSnapshotNotFound,
)
from byoip.usecases.speakers import bgp_peers, orphans

operator_routes = Declarations("operator: routes", Audience.OPERATOR)


@operator_routes.operation("GET /routes", Scope.OPERATOR, answer=answer_of(wire.Routes))
async def get_routes(caller: OperatorRequest) -> Answer:
    """Count what is desired, applied and observed, and show what operators should know."""
    return answer(wire.routes_of(await caller.backend.routes.report()))


@operator_routes.operation("GET /routes/orphans", Scope.OPERATOR, answer=list_of(OrphanRoute))
async def list_orphan_routes(caller: OperatorRequest) -> Answer:
    """List paths that speakers hold and no prefix wants; they stay until you decide."""
    return await list_answer(everything(await caller.backend.routes.orphans()), OrphanRoute.showing)


@operator_routes.operation(
    "POST /routes/orphans/withdraw",
    Scope.OPERATOR,
    answer=answer_of(OrphanRoute),
    refuses=(InvalidPrefix, OrphanNotFound),
)
async def withdraw_orphan_route(caller: OperatorRequest, body: wire.OrphanDecision) -> Answer:
    """Have an orphan withdrawn from one speaker, if it still is one by then.

    `byoip advertise orphan withdraw` does the same while the API is down.
    """
    name = caller.credential.name
    return await caller.write(
        lambda tx: orphans.withdraw(tx, body.speaker, body.cidr, name=name, reason=body.reason),
        OrphanRoute.showing,
    )


@operator_routes.operation(
    "POST /routes/orphans/withdraw-all",
    Scope.OPERATOR,
    answer=answer_of(wire.WithdrawnOrphans),
    refuses=(OrphanNotFound, OrphansChanged),
)
async def withdraw_orphan_routes(caller: OperatorRequest, body: wire.OrphansDecision) -> Answer:
    """Have all undecided orphans of one speaker withdrawn, if they are as many as you looked at.

    In a minute no more go than the breaker lets pass; one that a customer wants by then stays.
    """
    name = caller.credential.name
    return await caller.write(
        lambda tx: orphans.withdraw_all(
            tx, body.speaker, body.count, name=name, reason=body.reason
        ),
        lambda made: wire.WithdrawnOrphans(speaker=made[0], count=made[1]),
    )


@operator_routes.operation("GET /routes/snapshots", Scope.OPERATOR, answer=list_of(RouteSnapshot))
async def list_route_snapshots(caller: OperatorRequest) -> Answer:
    """List the kept snapshots of the applied state, the newest first.

    Roll back to one of them to announce again what it has.
    """
    found = await caller.backend.routes.snapshots()
    return await list_answer(everything(found), wire.route_snapshot_of)


@operator_routes.operation(
    "POST /routes/snapshots/{number}/rollback",
    Scope.OPERATOR,
    answer=answer_of(RouteRollback),
    refuses=(RouteSnapshotNotFound,),
)
async def rollback_routes(
    caller: OperatorRequest, number: PathNumber, body: RollbackOrder
) -> Answer:
    """Announce again what a snapshot has; take nothing down.

    Only routes of prefixes that are approved now, and that their owner has not withdrawn since. Ask
    with `dry_run` first. You may repeat it. `byoip advertise rollback` does the same while the API
    is down.
    """
    snapshot = read_number(number)
    if snapshot is None:
        raise RouteSnapshotNotFound
    why = stated_reason(body.reason)
    await caller.require_unanswered()  # a key that is repeated a day later announces nothing again
    finish = await caller.backend.restore_snapshot.announce(
        snapshot, reason=why, by=caller.request.actor, dry_run=body.dry_run
    )
    return await caller.afterwards().write(
        finish, partial(rollback_of, snapshot=snapshot, dry_run=body.dry_run)
    )


@operator_routes.operation(
    "POST /routes/speakers/{speaker}/open",
    Scope.OPERATOR,
    answer=answer_of(wire.OpenedSpeaker),
    refuses=(bgp_peer.SpeakerNotFound,),
)
async def open_speaker(caller: OperatorRequest, speaker: PathText, body: Reasoned) -> Answer:
    """Let the sessions of a speaker come up that the reconciler keeps shut.

    Needed once for a new speaker, and where it lacks routes that its peers may have from it (alarm
    `sessions_shut`): they drop what it lacks then. It comes up once it is loaded and has a route.
    The answer says what it lacks by its alarm, as you order it; look at the alarm before.
    """
    name, in_service = caller.credential.name, caller.backend.in_service
    return await caller.write(
        lambda tx: bgp_peers.open_speaker(
            tx, speaker, name=name, reason=body.reason, in_service=in_service
        ),
        lambda opened: wire.OpenedSpeaker(name=opened.speaker, lacked=opened.lacked or None),
    )


@operator_routes.operation(
    "POST /routes/speakers/{speaker}/forget",
    Scope.OPERATOR,
    answer=answer_of(wire.ForgottenStation),
    refuses=(bgp_peer.SpeakerNotFound, bgp_peer.SpeakerInService),
)
async def forget_speaker(caller: OperatorRequest, speaker: PathText, body: Reasoned) -> Answer:
    """End what is on record of a speaker that is gone for good, so that it holds up nothing.

    The speaker is told nothing, and what owners want stays as it is. Make sure that it announces
    nothing any more: this is refused only while a process still asks the speaker.
    """
    return await _forget(caller, speaker, BgpPeerKind.SPEAKER, body)


@operator_routes.operation(
    "POST /routes/listeners/{listener}/forget",
    Scope.OPERATOR,
    answer=answer_of(wire.ForgottenStation),
    refuses=(bgp_peer.ListenerNotFound, bgp_peer.ListenerInService),
)
async def forget_listener(caller: OperatorRequest, listener: PathText, body: Reasoned) -> Answer:
    """End what is on record of a listener that is gone for good."""
    return await _forget(caller, listener, BgpPeerKind.LISTENER, body)


async def _forget(caller: OperatorRequest, name: str, kind: BgpPeerKind, body: Reasoned) -> Answer:
    in_service = caller.backend.in_service
    return await caller.write(
        lambda tx: bgp_peers.forget(tx, name, kind=kind, reason=body.reason, in_service=in_service),
        wire.forgotten_of,
    )
