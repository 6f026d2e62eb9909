"""Routes as operators see them: counts, orphans, snapshots, and who may be forgotten."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.credential import Scope
from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Source
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Alarm, Routes
from byoip.usecases.speakers.restore_snapshot import RestoreSnapshot
from tests.announcing import Fleet, path
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.usecases.test_rollback_routes import taken

CIDR = "31.0.0.0/24"


@pytest.fixture
def engine(own_engine: AsyncEngine) -> AsyncEngine:
    """One for each test here: speakers are the same for all accounts of a database."""
    return own_engine


@pytest.fixture
def routes(engine: AsyncEngine) -> Routes:
    return Routes(engine)


async def noted(world: World, routes: Routes, name: str, *, minutes: int) -> None:
    at = world.clock.now() - timedelta(minutes=minutes)
    await routes.note_speaker(SpeakerState(name, 1, "refused", 0, at, loaded=False))


async def test_speakers_listeners_and_alarms(
    world: World, operator: Operator, routes: Routes
) -> None:
    now = world.clock.now()
    await noted(world, routes, "ams1", minutes=1)
    await routes.note_listeners({"rr1": True, "rr2": False}, now)
    await routes.replace_alarms("fed_by_one", [Alarm("fed_by_one", "192.0.2.9")], now)
    found = await operator.result("GET", "/routes")
    counts = ("desired", "applied", "observed", "unsettled", "orphans")
    assert [found[name] for name in counts] == [0] * 5
    [speaker] = found["speakers"]
    assert (speaker["name"], speaker["alive"], speaker["fault"]) == ("ams1", False, "refused")
    assert speaker["asked_at"] < found["listeners"][0]["asked_at"]
    assert [(one["name"], one["answered_at"] is None) for one in found["listeners"]] == [
        ("rr1", False),
        ("rr2", True),
    ]
    assert [(one["kind"], one["subject"]) for one in found["alarms"]] == [
        ("fed_by_one", "192.0.2.9")
    ]


async def test_an_orphan_is_shown_and_withdrawn_on_a_word(
    world: World, operator: Operator, routes: Routes
) -> None:
    prefix = Prefix.parse(CIDR)
    await routes.note_orphans("ams1", {prefix: path(prefix, prepend=1)}, world.clock.now())
    [shown] = await operator.result("GET", "/routes/orphans")
    assert (shown["cidr"], shown["as_path"], shown["next_hop"]) == (CIDR, [64500], "192.0.2.1")
    assert shown["decided_by"] is None
    for speaker, cidr in (("ams2", CIDR), ("ams1", "31.0.0.0/25"), ("a" * 61, CIDR)):
        refused = await operator.refusal("/routes/orphans/withdraw", speaker=speaker, cidr=cidr)
        assert refused == (404, "orphan_not_found")
    decided = await operator.act("/routes/orphans/withdraw", speaker="ams1", cidr=CIDR)
    assert decided["decided_because"] == WHY
    assert await operator.result("GET", "/routes/orphans") == [decided]
    assert await routes.decided_orphans("ams1") == {prefix}
    event = await operator.last_event()
    assert (event["kind"], event["after"]["cidr"]) == ("orphan.withdrawn", CIDR)


async def test_snapshots_of_what_was_applied(operator: Operator, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        kept = "INSERT INTO route_snapshots SELECT n, now(), '[]' FROM generate_series(1, 2) n"
        await connection.execute(text(kept))
    found = await operator.result("GET", "/routes/snapshots")
    assert [(one["number"], one["routes"]) for one in found] == [(2, 0), (1, 0)]


async def test_routes_are_rolled_back_to_a_snapshot(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    fleet = Fleet(engine, world.clock)
    gone, healthy = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    desired_routes = [one.desired for one in await fleet.routes.states("ams1")]
    await fleet.routes.mark_announced("ams1", desired_routes, fleet.clock.now())
    assert await fleet.routes.take_snapshot() == 1
    await fleet.do("UPDATE bgp_prefixes SET last_valid_at = now()")  # so that no ROAs are needed
    await fleet.withdraw(gone)
    (newer,) = await fleet.add("31.0.2.0/24", advertised=True)
    rollback = "/routes/snapshots/1/rollback"
    before = len(await operator.result("GET", "/events"))
    expected = {
        "snapshot": 1,
        "dry_run": True,
        "announced": [],
        "kept": 1,
        "newer": [str(newer)],
        "refused": [{"cidr": str(gone), "because": "its owner has withdrawn it since"}],
    }
    assert await operator.act(rollback, dry_run=True) == expected
    assert len(await operator.result("GET", "/events")) == before
    headers = {"idempotency-key": "once"}
    again = [
        await operator.call("POST", rollback, json={"reason": WHY}, headers=headers) for _ in "12"
    ]
    assert again[0].json()["result"] == {**expected, "dry_run": False}
    assert again[1].content == again[0].content
    assert (await operator.last_event())["kind"] == "routes.rolled_back"
    assert len(await operator.result("GET", "/events")) == before + 1
    assert await fleet.wanted() == {healthy, newer}
    for number in ("2", "x", "9" * 19):
        refused = await operator.refusal(f"/routes/snapshots/{number}/rollback")
        assert refused == (404, "route_snapshot_not_found")


async def test_a_roll_back_is_recorded_whose_operator_is_out_as_it_ends(
    world: World, operator: Operator, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(engine, world.clock)
    (gone,) = await fleet.add(CIDR, advertised=True)
    desired_routes = [one.desired for one in await fleet.routes.states("ams1")]
    await fleet.routes.mark_announced("ams1", desired_routes, fleet.clock.now())
    number = await fleet.routes.take_snapshot()
    await fleet.do("UPDATE bgp_prefixes SET last_valid_at = now()")  # so that no ROAs are needed
    await taken(fleet, gone, Source.JOB)
    restore = RestoreSnapshot._restore

    async def last(rolling: RestoreSnapshot, *of: Any, **more: Any) -> None:
        await restore(rolling, *of, **more)
        await fleet.do("UPDATE credentials SET revoked_at = now() WHERE account_id IS NULL")

    monkeypatch.setattr(RestoreSnapshot, "_restore", last)
    done = await operator.act(f"/routes/snapshots/{number}/rollback")
    assert done["announced"] == [str(gone)]
    other = Operator(world, await world.credential(None, [Scope.OPERATOR]))
    event = await other.last_event()
    assert (event["kind"], event["after"]["announced"]) == ("routes.rolled_back", [str(gone)])


async def test_a_speaker_is_forgotten_once_no_worker_asks_it(
    world: World, operator: Operator, routes: Routes
) -> None:
    forget = "/routes/speakers/10.0.0.1%3A50051/forget"
    assert await operator.refusal(forget) == (404, "speaker_not_found")
    await noted(world, routes, "10.0.0.1:50051", minutes=4)
    assert await operator.refusal(forget) == (409, "speaker_in_service")
    await noted(world, routes, "10.0.0.1:50051", minutes=6)
    headers = {"idempotency-key": "once"}
    again = [
        await operator.call("POST", forget, json={"reason": WHY}, headers=headers) for _ in "12"
    ]
    assert again[0].content == again[1].content
    assert again[0].json()["result"] == {
        "kind": "speaker",
        "name": "10.0.0.1:50051",
        "marks": 0,
        "words": 0,
        "orphans": 0,
        "let_go": [],
    }
    assert (await operator.last_event())["kind"] == "speaker.forgotten"
    assert (await operator.result("GET", "/routes"))["speakers"] == []
    configured = await operator.refusal("/routes/speakers/configured/forget")
    assert configured == (409, "speaker_in_service")
    assert await operator.refusal("/routes/speakers/a%00b/forget") == (404, "speaker_not_found")


async def test_a_listener_is_forgotten_once_no_worker_asks_it(
    world: World, operator: Operator, routes: Routes
) -> None:
    forget = "/routes/listeners/rr1/forget"
    assert await operator.refusal(forget) == (404, "listener_not_found")
    await routes.note_listeners({"rr1": True}, world.clock.now())
    assert await operator.refusal(forget) == (409, "listener_in_service")
    world.clock.at += timedelta(minutes=6)
    assert (await operator.act(forget))["kind"] == "listener"
    assert (await operator.last_event())["kind"] == "listener.forgotten"
    configured = await operator.refusal("/routes/listeners/configured/forget")
    assert configured == (409, "listener_in_service")


async def test_all_orphans_of_a_speaker_are_withdrawn_if_they_are_as_many(
    world: World, operator: Operator, routes: Routes
) -> None:
    every = "/routes/orphans/withdraw-all"
    order = {"speaker": "ams1", "count": 2}
    assert await operator.refusal(every, **order) == (404, "orphan_not_found")
    held = {one: path(one) for one in map(Prefix.parse, (CIDR, "31.0.1.0/24", "31.0.2.0/24"))}
    await routes.note_orphans("ams1", held, world.clock.now())
    assert await operator.refusal(every, **order) == (409, "orphans_changed")
    assert not await routes.decided_orphans("ams1")
    assert (await operator.act(every, **{**order, "count": 3}))["count"] == 3
    assert set(await routes.decided_orphans("ams1")) == set(held)
    assert (await operator.last_event())["kind"] == "orphan.withdrawn_all"


async def test_a_speaker_is_opened_on_a_word(
    world: World, operator: Operator, routes: Routes
) -> None:
    path_of = "/routes/speakers/{}/open".format
    assert await operator.refusal(path_of("ams1")) == (404, "speaker_not_found")
    assert await operator.refusal(path_of("a%00b")) == (404, "speaker_not_found")
    await noted(world, routes, "ams1", minutes=0)
    for name in ("ams1", "configured"):
        assert await operator.act(path_of(name)) == {"name": name, "lacked": None}
        event = await operator.last_event()
        assert (event["kind"], event["after"]["speaker"]) == ("speaker.opened", name)
        found = await routes.records.get(name)
        assert found is not None
        assert found[0].ordered_by.startswith("operator ")
    lacks = "it lacks 2 routes that no party withdrew: 31.0.0.0/24, 31.0.1.0/24"
    shut = Alarm("sessions_shut", "ams1", f"{lacks}; its peers drop all that they keep in 40 s")
    await routes.replace_alarms("sessions_shut", [shut], world.clock.now())
    assert await operator.act(path_of("ams1")) == {"name": "ams1", "lacked": lacks}
    assert (await operator.last_event())["after"]["lacked"] == lacks
