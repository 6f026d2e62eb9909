"""Routes 3.3 over HTTP: drains as operators ask for them; IPv6 without a next hop, at the PATCH."""

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.asn import AS0
from byoip.domain.routes.route import PathAttributes
from byoip.domain.speakers.revision import SpeakerEntry
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Routes
from byoip.store.transaction import Store
from tests.announcing import PEER, Fleet
from tests.api.bound import bound, roas
from tests.api.conftest import document, judge, operator, own_engine, world
from tests.api.operators import Operator
from tests.api.world import World
from tests.revising import enforce

__all__ = ["document", "judge", "operator", "own_engine", "world"]  # fixtures

UP, DOWN = {"on_demand": {"advertised": True}}, {"on_demand": {"advertised": False}}
BOTH = PathAttributes(AS0, IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1"))
ONLY4 = PathAttributes(AS0, IPv4Address("192.0.2.1"))


@pytest.fixture
def engine(own_engine: AsyncEngine) -> AsyncEngine:
    """One for each test here: settings of speakers are the same for all accounts."""
    return own_engine


def entry(name: str, stage: int, attributes: PathAttributes = BOTH) -> SpeakerEntry:
    return SpeakerEntry(name, f"127.0.0.1:5005{stage}", stage, attributes)


async def two_speakers(operator: Operator, engine: AsyncEngine) -> None:
    """Both have a session, and the one route."""
    fleet = Fleet(engine)
    await Routes(engine).revisions.adopt("worker:1", (entry("ams1", 1), entry("fra1", 2)))
    await fleet.add("31.0.0.0/24", advertised=True)
    now = operator.world.clock.now()
    for stage, name in enumerate(("ams1", "fra1"), 1):
        state = SpeakerState(name, stage, "", 1, now, loaded=True, sessions={PEER: True})
        await fleet.routes.note_speaker(state)
        known = await fleet.routes.states(name)
        await fleet.routes.mark_announced(name, [one.desired for one in known], now)
    await fleet.do("UPDATE speakers SET asked_at = now()")


async def test_drains_are_begun_listed_and_lifted(operator: Operator, engine: AsyncEngine) -> None:
    await two_speakers(operator, engine)
    tomorrow = operator.world.clock.now() + timedelta(days=1)
    end = {"until": tomorrow.isoformat()}
    made = await operator.act("/routes/stages/1/drain", **end)
    assert (made["stage"], made["speaker"], made["state"]) == (1, None, "draining")
    assert await operator.result("GET", "/routes/drains") == [made]
    assert (await operator.last_event())["kind"] == "drain.begun"
    stranger = {"neighbour": "127.0.0.9"}
    cases: list[tuple[str, dict[str, str], tuple[int, str]]] = [
        ("/routes/stages/1/drain", {}, (409, "drained_already")),
        ("/routes/stages/2/drain", {}, (409, "drain_would_lose_routes")),
        ("/routes/speakers/fra1/drain", {}, (409, "drain_would_lose_routes")),
        ("/routes/speakers/fra1/drain", {"neighbour": PEER}, (409, "drain_would_lose_routes")),
        (
            "/routes/speakers/fra1/drain",
            stranger,
            (404, "drain_target_not_found"),
        ),
        ("/routes/speakers/lhr1/drain", {}, (404, "drain_target_not_found")),
        ("/routes/stages/0x1/drain", {}, (404, "drain_target_not_found")),
        ("/routes/stages/2/drain", {"until": "2000-01-01T00:00:00Z"}, (422, "drain_end_refused")),
    ]
    for path, more, refusal in cases:
        assert await operator.refusal(path, **{**end, **more}) == refusal
    last = await operator.act("/routes/speakers/fra1/drain", **end, loses=1)
    await operator.act(f"/routes/drains/{last['id']}/lift")
    lifted = await operator.act(f"/routes/drains/{made['id']}/lift")
    assert lifted["state"] == "lifting"
    again = f"/routes/drains/{made['id']}/lift"
    assert await operator.refusal(again) == (404, "drain_not_found")
    assert (await operator.last_event())["kind"] == "drain.lifted"


async def test_ipv6_that_speakers_have_no_next_hop_for_is_said_at_the_patch(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    store, routes = Store(engine, world.clock), Routes(engine)
    _, cidr, route = await bound(world, "2a10:1::/48")
    await roas(world, engine, tmp_path, cidr, longest=48)

    async def said(body: object) -> set[str]:
        answer = (await world.call("PATCH", route, json=body)).json()
        assert answer["success"], answer
        return {one["name"] for one in answer["messages"]} & {"no_next_hop", "few_next_hops"}

    for shapes, found in (
        ((ONLY4, ONLY4), {"no_next_hop"}),
        ((ONLY4, BOTH), {"few_next_hops"}),
        ((BOTH, BOTH), set()),
    ):
        entries = [entry(f"s{stage}", stage, one) for stage, one in enumerate(shapes, 1)]
        await enforce(store, routes, tuple(entries))
        assert await said(UP) == found
    await enforce(store, routes, (entry("s1", 1, ONLY4),))
    assert await said(UP) == {"no_next_hop"}
    assert await said(DOWN) == set()
