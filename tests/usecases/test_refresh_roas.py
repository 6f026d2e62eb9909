import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.checks.vrp_snapshot import Gate, GatePolicy, Tally
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rpki import NoExport, Vrps
from byoip.store.checks.vrp_snapshots import RoaRepository, VrpSnapshots
from byoip.usecases.checks.refresh_roas import RefreshRoas, RoasAccepted, RoasRefused, RoasUnchanged
from tests.fakes.rpki import NOON, FakeVrpSource, StoppedClock, entries, export_text
from tests.store.snapshot_engine import snapshot_engine

HOUR = timedelta(hours=1)
GOOD = [*entries(10, "ripe"), *entries(10, "apnic")]


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    async with snapshot_engine(database_url) as made:
        yield made


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOON + HOUR)


@pytest.fixture
def source(tmp_path: Path) -> FakeVrpSource:
    return FakeVrpSource(tmp_path, export_text(GOOD))


@pytest.fixture
def refresh(engine: AsyncEngine, source: FakeVrpSource, clock: StoppedClock) -> RefreshRoas:
    return RefreshRoas(source, JsonVrps(), VrpSnapshots(engine), GatePolicy(floor=15), clock)


async def in_use(engine: AsyncEngine) -> int | None:
    async with engine.connect() as connection:
        answer = await RoaRepository(connection, StoppedClock()).about(Prefix.parse("10.0.0.0/24"))
    return answer.snapshot.number if isinstance(answer, Vrps) else None


async def test_a_good_export_is_in_use_at_once(engine: AsyncEngine, refresh: RefreshRoas) -> None:
    accepted = await refresh()
    assert accepted == RoasAccepted(1, Tally(NOON, {"ripe": 10, "apnic": 10}))
    assert await in_use(engine) == 1


async def test_the_same_export_again_changes_nothing_and_raises_no_alarm(
    engine: AsyncEngine, refresh: RefreshRoas
) -> None:
    await refresh()
    assert await refresh() == RoasUnchanged(1)
    assert (await VrpSnapshots(engine).status()).refused_since == 0


@pytest.mark.parametrize(
    ("offer", "gate", "acceptable"),
    [
        pytest.param(NoExport("ended with status 1"), Gate.EXPORT, False, id="a failed run"),
        pytest.param("<html>", Gate.FORMAT, False, id="no export"),
        pytest.param(
            export_text([*GOOD, {**GOOD[0], "prefix": "10.0.0.1/24"}], NOON + HOUR),
            Gate.FORMAT,
            False,
            id="host bits",
        ),
        pytest.param(export_text([], NOON + HOUR), Gate.ANCHOR, True, id="an empty list"),
        pytest.param(
            export_text([*entries(20, "ripe"), *entries(4, "apnic")], NOON + HOUR),
            Gate.ANCHOR,
            True,
            id="one anchor collapsed",
        ),
        pytest.param(export_text(GOOD, NOON - HOUR), Gate.BUILD_TIME, True, id="an older build"),
        pytest.param(export_text(GOOD, NOON + 2 * HOUR), Gate.BUILD_TIME, True, id="the future"),
    ],
)
async def test_a_bad_export_leaves_the_last_good_one_and_is_on_record(
    engine: AsyncEngine,
    refresh: RefreshRoas,
    source: FakeVrpSource,
    offer: str | NoExport,
    gate: Gate,
    acceptable: bool,
) -> None:
    await refresh()
    source.offer = offer
    refused = await refresh()
    assert isinstance(refused, RoasRefused)
    assert refused.objections[0].gate == gate
    assert refused.acceptable == acceptable
    assert await in_use(engine) == 1
    status = await VrpSnapshots(engine).status()
    assert status.latest is not None
    assert status.latest.number == refused.number
    assert status.latest.objections == refused.objections
    assert status.latest.kept == acceptable
    assert status.refused_since == 1


async def test_after_a_refusal_a_good_export_is_taken(
    engine: AsyncEngine, refresh: RefreshRoas, source: FakeVrpSource
) -> None:
    await refresh()
    source.offer = export_text([], NOON + HOUR / 2)
    refused = await refresh()
    source.offer = export_text(GOOD, NOON + HOUR)
    accepted = await refresh()
    assert isinstance(accepted, RoasAccepted)
    assert await in_use(engine) == accepted.number
    async with VrpSnapshots(engine).exclusive() as tx:
        superseded = await tx.find(refused.number)
    assert superseded is not None
    assert not superseded.kept


async def test_the_first_export_of_all_must_be_good_as_well(
    engine: AsyncEngine, refresh: RefreshRoas, source: FakeVrpSource
) -> None:
    source.offer = export_text(entries(20, "ripe"))
    refused = await refresh()
    assert isinstance(refused, RoasRefused)
    assert await in_use(engine) is None


async def test_two_refreshes_at_once_make_one_snapshot(
    engine: AsyncEngine, refresh: RefreshRoas
) -> None:
    results = await asyncio.gather(*(refresh() for _ in range(4)))
    accepted = [one for one in results if isinstance(one, RoasAccepted)]
    assert len(accepted) == 1
    assert results.count(RoasUnchanged(accepted[0].number)) == 3
    assert await in_use(engine) == accepted[0].number


async def test_with_open_gates_every_list_is_taken(
    engine: AsyncEngine, source: FakeVrpSource, clock: StoppedClock
) -> None:
    policy = GatePolicy(floor=0, share=0.0, least_per_anchor=0, newer=False)
    refresh = RefreshRoas(source, JsonVrps(), VrpSnapshots(engine), policy, clock)
    for number, roas in enumerate((GOOD, [], GOOD[:1]), start=1):
        source.offer = export_text(roas)
        assert isinstance(await refresh(), RoasAccepted)
        assert await in_use(engine) == number
