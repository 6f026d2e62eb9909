"""What operators send and are shown of the settings of speakers."""

from typing import Any

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Wire, example
from byoip.domain.speakers.revision import InUse, Revision, SpeakerChange
from byoip.usecases.speakers import revisions

_WHY = "The new border routers, ticket 4712."
_CHANGE: dict[str, Any] = {
    "stage": 1,
    "speaker": "ams1",
    "what": "changed",
    "differs": ["next_hop4: 192.0.2.1 -> 192.0.2.9"],
    "rewrites": 950,
}
_PROPOSAL: dict[str, Any] = {
    "proposal": "5f0c41d2a9be",
    "processes": ["worker2:4117"],
    "changes": [_CHANGE],
}
_SETTINGS: dict[str, Any] = {"revision": 3, "in_doubt": False, "travelling": None, "stage": None}


class SpeakerSettingsChange(Wire):
    """What becomes of one speaker."""

    model_config = example(**_CHANGE)

    stage: int
    speaker: str
    what: str = Field(
        description="`changed`, `added`, `removed` or `same`. What a removed speaker holds stays "
        "there, and is told nothing more."
    )
    differs: list[str] = Field(description="Each setting, as it is and as it would be.")
    rewrites: int = Field(
        description="Routes that it would announce in another way, or for the first time."
    )


class SpeakerSettingsProposal(Wire):
    """What the settings files of some processes say."""

    model_config = example(**_PROPOSAL)

    proposal: str = Field(description="Stands for just these settings; to apply them.")
    processes: list[str] = Field(description="Whose files say so, as host and process id.")
    changes: list[SpeakerSettingsChange] = Field(description="In the order of stages.")


class SpeakerSettings(Wire):
    """Which settings of speakers count now."""

    model_config = example(**_SETTINGS)

    revision: int | None = Field(description="In force. null: no worker has run yet.")
    in_doubt: bool = Field(
        description="After a restore: what speakers hold by other settings is not rewritten."
    )
    travelling: int | None = Field(description="The revision that is on its way.")
    stage: int | None = Field(description="The last stage that is told by it.")


class SpeakerSettingsPlan(SpeakerSettings):
    """The same, and what proposals would rewrite at each stage."""

    model_config = example(**_SETTINGS, proposals=[_PROPOSAL])

    proposals: list[SpeakerSettingsProposal]


class SpeakerSettingsOrder(Reasoned):
    """Which settings to apply, and why."""

    model_config = example(proposal="5f0c41d2a9be", revision=3, reason=_WHY)

    proposal: str = Field(max_length=64, description="As the plan names it.")
    revision: int = Field(ge=1, description="The one in force when the plan was made.")


def plan_of(plan: revisions.SpeakerPlan) -> SpeakerSettingsPlan:
    """A plan on the wire."""
    proposals = [
        SpeakerSettingsProposal(
            proposal=one.proposal,
            processes=list(one.processes),
            changes=[_change(change) for change in one.changes],
        )
        for one in plan.proposals
    ]
    return SpeakerSettingsPlan(**_settings(plan.in_use), proposals=proposals)


def applied(in_force: int, made: Revision) -> SpeakerSettings:
    """A revision that begins to travel, on the wire."""
    return SpeakerSettings(revision=in_force, in_doubt=False, travelling=made.number, stage=None)


def in_force(revision: Revision) -> SpeakerSettings:
    """The revision in force while none travels, on the wire."""
    return SpeakerSettings(**_settings(InUse(revision)))


def _settings(in_use: InUse | None) -> dict[str, Any]:
    return {
        "revision": in_use.in_force.number if in_use else None,
        "in_doubt": bool(in_use and in_use.in_force.in_doubt),
        "travelling": in_use.target.number if in_use and in_use.target else None,
        "stage": in_use.opened if in_use else None,
    }


def _change(one: SpeakerChange) -> SpeakerSettingsChange:
    return SpeakerSettingsChange(
        stage=one.stage,
        speaker=one.name,
        what=one.what,
        differs=list(one.differs),
        rewrites=one.rewrites,
    )
