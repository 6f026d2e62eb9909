"""Trust, 5.2: what a prefix says of itself, and what announcing it answers, are one thing."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.lifecycle import Approver, Standing
from byoip.domain.watch.levels import Signal
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


READY = Situation(
    Approver.CHECKS,
    Standing.OK,
    CheckState.VALID,
    bound=True,
    edges="none",
    locked=False,
    served_elsewhere=False,
    roas="valid",
    built=timedelta(0),
    last_valid=None,
)
OWN = replace(READY, origin="own", aspa="lists us")


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        pytest.param(READY, [], id="nothing"),
        pytest.param(OWN, [], id="a number of its own"),
        pytest.param(
            replace(READY, frozen=frozenset({Signal.HOLDER})), ["prefix_frozen"], id="frozen"
        ),
        pytest.param(replace(OWN, origin="disputed"), ["asn_disputed"], id="disputed"),
        pytest.param(
            replace(OWN, origin="disputed", last_up=timedelta(days=31)),
            ["asn_disputed"],
            id="disputed, and down for long",
        ),
        pytest.param(
            replace(OWN, origin="disputed", last_up=timedelta(days=1)), [], id="up until lately"
        ),
        pytest.param(
            replace(OWN, aspa="excludes us"), ["aspa_excludes_operator"], id="ASPA excludes"
        ),
        pytest.param(replace(OWN, aspa="unanswered"), ["aspa_unanswered"], id="ASPA unanswered"),
        pytest.param(
            replace(OWN, origin="not offered"), ["origin_asn_not_offered"], id="not offered"
        ),
    ],
)
async def test_each_obstacle_is_a_blocker_of_its_name(
    world: World, engine: AsyncEngine, tmp_path: Path, wanted: Situation, names: list[str]
) -> None:
    path, route = await Maker(world, engine, tmp_path).make(wanted)
    assert route is not None
    shown = await world.result("GET", path)
    assert [one["name"] for one in shown["blockers"]] == names
    assert shown["advertisable"] == (not names)
    answer = await world.call("PATCH", route, json=UP)
    assert [one["name"] for one in answer.json()["errors"]] == names, answer.text


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
