"""What edges follow, and what operators are shown of them."""

from dataclasses import replace
from enum import StrEnum
from typing import Any

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.bindings.binding_schemas import Service
from byoip.api.border.answers import Answer, answer, array
from byoip.api.border.envelope import Id, IdIn, Strict, Text, Time, Wire, example
from byoip.domain.bindings import edge as domain
from byoip.domain.bindings.edge import ChangeKind
from byoip.store.bindings.views import EdgeView

_SERVICE: dict[str, Any] = {"id": "f0e1d2c3b4a5968778695a4b3c2d1e0f", "name": "CDN"}
_OTHER: dict[str, Any] = {"id": "a1b2c3d4e5f60718293a4b5c6d7e8f90", "name": "Scrubbing"}
_RANGE: dict[str, Any] = {
    "binding_id": "0429b49b6a5155297b78e75a44b09e14",
    "prefix_id": "2af39739cc4e3b5910c918468bb89828",
    "prefix": "198.18.0.0/23",
    "cidr": "198.18.0.0/24",
}
_WHY = "Rack 12 is moved."
_FEED = "6f1d9bbd6f0a4a0c8f1e0c6a3a3f9d27"
_FEED_SAID = "Within which numbers are given: another one after the database was restored."


class EdgeState(StrEnum):
    """Whether announcements wait for an edge."""

    JOINING = "joining"
    SERVING = "serving"
    DRAINED = "drained"


class EdgeChange(Wire):
    """A change of what answers for a range. It has all that an edge needs to carry it out."""

    model_config = example(
        feed=_FEED,
        number=4711,
        at="2026-11-02T09:31:07Z",
        kind="swapped",
        **_RANGE,
        service=_OTHER,
        previous_service=_SERVICE,
        answering_service=_OTHER,
        answering_cidr="198.18.0.0/24",
    )

    feed: Id = Field(description=_FEED_SAID)
    number: int = Field(description="Counts up over the whole service, without gaps.")
    at: Time
    kind: ChangeKind
    binding_id: Id
    prefix_id: Id
    prefix: Text = Field(description="The range of the whole prefix.")
    cidr: Text = Field(description="The range that the change is about.")
    service: Service | None = Field(description="Bound from now on; null: no longer bound.")
    previous_service: Service | None = Field(
        description="What was bound. Keep it answering until the other one does; null: nothing."
    )
    answering_service: Service | None = Field(
        description="What answers for the range from now on, but for parts with a longer binding: "
        "the service, or that of the binding around it; null: nothing does."
    )
    answering_cidr: Text | None = Field(description="The range of that binding.")


class BoundRange(Wire):
    """A range, and the service bound to it; of several that contain an address the longest."""

    model_config = example(**_RANGE, service=_SERVICE)

    binding_id: Id
    prefix_id: Id
    prefix: Text
    cidr: Text
    service: Service


class FullState(Wire):
    """All that is bound, read at one moment."""

    model_config = example(feed=_FEED, number=4711, bindings=[{**_RANGE, "service": _SERVICE}])

    feed: Id = Field(description=_FEED_SAID)
    number: int = Field(description="Of the newest change in it: go on `after` this one.")
    bindings: list[BoundRange]


class Acknowledgement(Strict):
    """What an edge has carried out."""

    model_config = example(edge="fra1", feed=_FEED, number=4711)

    edge: str = Field(description="Its name, as an operator has registered it.")
    feed: IdIn = Field(description="The feed of that number, as the state or the change has it.")
    number: int = Field(
        ge=0,
        le=2**63 - 1,
        description="This change and all before. An older number than before is no step back.",
    )


class EdgeChangeOfState(Reasoned):
    """What an operator wants of an edge."""

    model_config = example(drained=True, reason=_WHY)

    drained: bool = Field(description="true: no traffic goes there, so nothing waits for it.")


class Edge(Wire):
    """A place where services answer."""

    model_config = example(
        name="fra1",
        state="serving",
        acknowledged=4710,
        newest=4711,
        registered_at="2026-11-02T09:30:00Z",
        heard_at="2026-11-02T09:31:07Z",
    )

    name: str
    state: EdgeState = Field(
        description="`joining`: registered, and counts for nothing until it has acknowledged all "
        "that was there when it was first heard."
    )
    acknowledged: int
    newest: int = Field(description="Number of the newest change.")
    registered_at: Time
    heard_at: Time | None = Field(description="Its last acknowledgement; null: none yet.")


def change_of(change: domain.EdgeChange) -> EdgeChange:
    """A change as the wire shows it."""
    return EdgeChange.showing(
        change,
        prefix_id=change.claim_id,
        previous_service=change.previous,
        answering_service=change.answering,
    )


async def state_answer(state: domain.FullState) -> Answer:
    """The full state as the wire shows it; customers decide how many ranges that are."""
    empty = answer(FullState.showing(state, bindings=[]))
    ranges = await array(state.ranges, _range_of)
    return replace(empty, body=empty.body.removesuffix(b"[]}}") + ranges + b"}}")


def _range_of(one: domain.BoundRange) -> BoundRange:
    return BoundRange.showing(one, prefix_id=one.claim_id)


def edge_of(view: EdgeView) -> Edge:
    """An edge as the wire shows it."""
    edge = view.edge
    state = EdgeState.SERVING if edge.counts else EdgeState.JOINING
    return Edge.showing(
        edge, state=EdgeState.DRAINED if edge.drained else state, newest=view.newest
    )
