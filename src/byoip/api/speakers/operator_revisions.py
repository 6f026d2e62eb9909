"""The operator's side: the settings of speakers, as a numbered revision that all workers use."""

from functools import partial

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of
from byoip.api.speakers import revision_schemas as wire
from byoip.domain.accounts.credential import Scope
from byoip.domain.speakers import revision
from byoip.usecases.speakers import revisions

operator_revisions = Declarations("operator: settings of speakers", Audience.OPERATOR)


@operator_revisions.operation(
    "GET /routes/speaker-settings", Scope.OPERATOR, answer=answer_of(wire.SpeakerSettingsPlan)
)
async def plan_speaker_settings(caller: OperatorRequest) -> Answer:
    """Show which settings of speakers count, and what those in files would rewrite at each stage.

    A settings file only proposes: workers tell speakers nothing by it before it is applied.
    """
    return answer(wire.plan_of(await revisions.plan(caller.backend.routes.revisions)))


@operator_revisions.operation(
    "POST /routes/speaker-settings/apply",
    Scope.OPERATOR,
    answer=answer_of(wire.SpeakerSettings),
    refuses=(
        revision.ProposalNotFound,
        revision.RevisionTravels,
        revision.RevisionMoved,
        revision.RevisionUnchanged,
        revision.PrependsWouldBeLost,
    ),
)
async def apply_speaker_settings(
    caller: OperatorRequest, body: wire.SpeakerSettingsOrder
) -> Answer:
    """Let proposed settings travel: to the first stage, when seen there to the next, and so on.

    Where routes vanish, they are taken back: alarm `settings_taken_back`. What an earlier revision
    said travels as well, by its `proposal` in the history, as a new revision.
    """
    name = caller.credential.name
    return await caller.write(
        lambda tx: revisions.apply(
            tx, body.proposal, planned_for=body.revision, name=name, reason=body.reason
        ),
        partial(wire.applied, body.revision),
    )


@operator_revisions.operation(
    "POST /routes/speaker-settings/take-back",
    Scope.OPERATOR,
    answer=answer_of(wire.SpeakerSettings),
    refuses=(revision.NothingTravels,),
)
async def take_back_speaker_settings(caller: OperatorRequest, body: Reasoned) -> Answer:
    """Have speakers told by the settings in force again, and end what is on its way."""
    name = caller.credential.name
    return await caller.write(
        lambda tx: revisions.take_back(tx, name=name, reason=body.reason), wire.in_force
    )
