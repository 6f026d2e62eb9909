"""Trust, 5.2: what a prefix says of itself, and what announcing it answers, are one thing."""

import os
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.lifecycle import Approver, Standing
from tests.api.world import World
from tests.trust.states import Maker, Situation, situations

EXAMPLES = int(os.environ.get("STATES", "60"))
UP = {"on_demand": {"advertised": True}}


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(wanted=situations, spanning=st.booleans())
async def test_advertisable_is_accepted_and_a_refusal_is_a_blocker(
    world: World, engine: AsyncEngine, tmp_path: Path, wanted: Situation, spanning: bool
) -> None:
    path, route = await Maker(world, engine, tmp_path).make(wanted)
    shown = await world.result("GET", path)
    names = [one["name"] for one in shown["blockers"]]
    assert shown["advertisable"] == (not names)
    if route is None or not spanning:
        answer = await world.call("PATCH", f"{path}/bgp/status", json={"advertised": True})
    else:
        answer = await world.call("PATCH", route, json=UP)
    assert answer.is_success == shown["advertisable"], (wanted, names, answer.text)
    if not answer.is_success:
        [error] = answer.json()["errors"]
        event(error["name"])
        assert error["name"] in names, (wanted, names, answer.text)
    else:
        event("accepted")


async def test_what_an_operator_approved_without_a_roa_says_that_it_lacks_one(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    wanted = Situation(
        Approver.OPERATOR,
        Standing.OK,
        CheckState.PENDING,
        bound=True,
        edges="none",
        locked=False,
        served_elsewhere=False,
        roas="none",
        built=timedelta(0),
        last_valid=None,
    )
    path, route = await Maker(world, engine, tmp_path).make(wanted)
    assert route is not None
    shown = await world.result("GET", path)
    assert (shown["advertisable"], [one["name"] for one in shown["blockers"]]) == (
        False,
        ["origin_not_valid"],
    )
    assert await world.errors("PATCH", route, json=UP) == [(409, "origin_not_valid", "")]
    listed = await world.result("GET", "/prefixes")
    assert [one["blockers"] for one in listed if one["id"] == shown["id"]] == [shown["blockers"]]
