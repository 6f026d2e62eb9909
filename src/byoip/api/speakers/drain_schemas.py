"""What operators send and are shown of drains: what people have taken out of service."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Id, Text, Time, Wire, example
from byoip.api.claims.delegation_schemas import read_time
from byoip.domain.speakers import drain as domain
from byoip.domain.speakers.drain import LONGEST_WAIT_SECONDS, DrainState

_WHY = "New line cards, case 4713."
_DRAIN: dict[str, Any] = {
    "id": "5b7a0d0f4f0e4d9d8a52a3d0c8f1e2b6",
    "speaker": "ams1",
    "neighbour": None,
    "stage": None,
    "state": "draining",
    "by_hand": False,
    "name": "A. Person",
    "reason": _WHY,
    "since": "2026-11-02T09:30:00Z",
    "until": "2026-11-02T12:00:00Z",
    "down_at": None,
}

_EndIn = Annotated[
    datetime, BeforeValidator(read_time), WithJsonSchema({"type": "string", "format": "date-time"})
]


class StageDrainOrder(Reasoned):
    """For how long, and why."""

    model_config = example(until=_DRAIN["until"], wait_seconds=120, loses=0, reason=_WHY)

    until: _EndIn = Field(description="When it is lifted by itself: within 30 days.")
    wait_seconds: int = Field(
        default=120,
        ge=0,
        le=LONGEST_WAIT_SECONDS,
        description="How long neighbours have to look for other paths, before sessions go down.",
    )
    loses: int = Field(
        default=0,
        ge=0,
        description="How many routes may go down with it, because no other speaker has them. It is "
        "refused where there are more, and says how many.",
    )


class SpeakerDrainOrder(StageDrainOrder):
    """The same of a speaker, or of one neighbour of it."""

    model_config = example(neighbour=None, until=_DRAIN["until"], wait_seconds=120, reason=_WHY)

    neighbour: str | None = Field(
        default=None, max_length=64, description="The address of one neighbour; null: all of them."
    )


class Drain(Wire):
    """What is out of service, or is to be."""

    model_config = example(**_DRAIN)

    id: Id
    speaker: Text | None = Field(description="null: a stage.")
    neighbour: Text | None = Field(description="null: all of the speaker, or of the stage.")
    stage: int | None
    state: DrainState = Field(
        description="`draining`: neighbours are told that the routes are to go (RFC 8326); `down`: "
        "sessions are kept down; `lifting`: they come up again; `over`."
    )
    by_hand: bool = Field(description="A person took the session down at the speaker itself.")
    name: Text = Field(description="Who said so.")
    reason: Text
    since: Time
    until: Time | None = Field(description="null: until it is lifted.")
    down_at: Time | None


def drain_of(drain: domain.Drain) -> Drain:
    """A drain as the wire shows it."""
    target = drain.target
    return Drain.showing(
        drain, speaker=target.speaker, neighbour=target.neighbour, stage=target.stage
    )
