"""The operator's side: taking a speaker, a neighbour of it or a stage out of service, and back."""

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import everything
from byoip.api.path_ids import PathId, PathNumber, PathText, read_number
from byoip.api.speakers import drain_schemas as wire
from byoip.domain.accounts.credential import Scope
from byoip.domain.speakers import drain as domain
from byoip.domain.speakers.drain import DrainTarget
from byoip.domain.speakers.revision import RevisionTravels
from byoip.usecases.speakers import drains as verbs

operator_drains = Declarations("operator: drains", Audience.OPERATOR)

_REFUSALS = (
    domain.DrainTargetNotFound,
    domain.DrainEndRefused,
    domain.DrainedAlready,
    domain.DrainWouldLose,
    RevisionTravels,
)


@operator_drains.operation("GET /routes/drains", Scope.OPERATOR, answer=list_of(wire.Drain))
async def list_drains(caller: OperatorRequest) -> Answer:
    """List what is out of service, or is to be, or is just coming back."""
    found = await caller.backend.routes.drains.standing()
    return await list_answer(everything(found), wire.drain_of)


@operator_drains.operation(
    "POST /routes/speakers/{speaker}/drain",
    Scope.OPERATOR,
    answer=answer_of(wire.Drain),
    refuses=_REFUSALS,
)
async def drain_speaker(
    caller: OperatorRequest, speaker: PathText, body: wire.SpeakerDrainOrder
) -> Answer:
    """Take a speaker, or one neighbour of it, out of service until a moment.

    Neighbours are told first that the routes are to go (GRACEFUL_SHUTDOWN, RFC 8326), and sessions
    go down after `wait_seconds`. It stays so over restarts, until it is lifted.
    """
    return await _drain(caller, DrainTarget(speaker, body.neighbour), body)


@operator_drains.operation(
    "POST /routes/stages/{stage}/drain",
    Scope.OPERATOR,
    answer=answer_of(wire.Drain),
    refuses=_REFUSALS,
)
async def drain_stage(
    caller: OperatorRequest, stage: PathNumber, body: wire.StageDrainOrder
) -> Answer:
    """Take all speakers of a stage out of service until a moment; changes skip it meanwhile."""
    number = read_number(stage)
    return await _drain(caller, DrainTarget(stage=-1 if number is None else number), body)


@operator_drains.operation(
    "POST /routes/drains/{drain_id}/lift",
    Scope.OPERATOR,
    answer=answer_of(wire.Drain),
    refuses=(domain.DrainNotFound,),
)
async def lift_drain(caller: OperatorRequest, drain_id: PathId, body: Reasoned) -> Answer:
    """Bring back what was taken out of service, also what a person took down at the speaker.

    It comes back with all that owners have changed meanwhile.
    """
    name = caller.credential.name
    return await caller.write(
        lambda tx: verbs.lift(tx, drain_id, name=name, reason=body.reason), wire.drain_of
    )


async def _drain(
    caller: OperatorRequest, target: DrainTarget, body: wire.StageDrainOrder
) -> Answer:
    name = caller.credential.name
    return await caller.write(
        lambda tx: verbs.drain(
            tx,
            target,
            until=body.until,
            wait_seconds=body.wait_seconds,
            loses=body.loses,
            name=name,
            reason=body.reason,
        ),
        wire.drain_of,
    )
