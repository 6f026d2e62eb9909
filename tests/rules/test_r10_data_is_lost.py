"""R10: what is lost, empty, collapsed or stale never withdraws anything."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.ports.checks.rpki import NoExport
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.usecases.checks import snapshots
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims
from byoip.usecases.checks.refresh_roas import RefreshRoas, RoasAccepted, RoasRefused
from tests.fakes.rpki import FakeVrpSource, export_text
from tests.store.samples import BY
from tests.usecases.conftest import routes, services, world, world_engine
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, WORKER

__all__ = ["routes", "services", "world", "world_engine"]  # fixtures

GATES = GatePolicy(floor=2, share=0.5, least_per_anchor=1)


@pytest.fixture
async def up(routes: Routes) -> Routes:
    """Announced, with ROA data that passes all gates."""
    await routes.world.roas(valid(CIDR), valid("30.0.0.0/8"), {**valid("1.0.0.0/8"), "ta": "apnic"})
    await routes.patch(advertised=True)
    await routes.reevaluate()
    return routes


async def everything(up: Routes) -> list[object]:
    """All rows that say what is announced, or that it is not as it should be."""
    statement = text(
        "SELECT to_jsonb(bgp_prefixes) FROM bgp_prefixes UNION ALL "
        "SELECT to_jsonb(withdrawals) FROM withdrawals UNION ALL "
        "SELECT to_jsonb(origin_drifts) FROM origin_drifts UNION ALL "
        "SELECT to_jsonb(events) FROM events"
    )
    async with up.world.engine.connect() as connection:
        return list(await connection.scalars(statement))


async def refreshed(up: Routes, directory: Path, offer: str | NoExport) -> object:
    clock = up.world.clock
    clock.advance(timedelta(minutes=20))
    reevaluate = ReevaluateClaims(up.store, clock)
    source = FakeVrpSource(directory, offer)
    snapshots = VrpSnapshots(up.world.engine)
    return await RefreshRoas(source, JsonVrps(), snapshots, GATES, clock, reevaluate)()


def offers(up: Routes) -> dict[str, str | NoExport]:
    at = up.world.clock.now() + timedelta(minutes=20)
    return {
        "nothing": NoExport("rpki-client ended with 1"),
        "empty": export_text([], at),
        "collapsed": export_text([valid("30.0.0.0/8")], at),
        "an anchor gone": export_text([valid("30.0.0.0/8"), valid("29.0.0.0/8")], at),
        "garbage": "<html>",
    }


@pytest.mark.parametrize("what", ["nothing", "empty", "collapsed", "an anchor gone", "garbage"])
async def test_r10_a_lost_or_collapsed_snapshot_moves_nothing(
    up: Routes, tmp_path: Path, what: str
) -> None:
    before = await everything(up)
    assert isinstance(await refreshed(up, tmp_path, offers(up)[what]), RoasRefused)
    await up.reevaluate()
    assert await everything(up) == before


async def test_r10_even_an_empty_snapshot_that_an_operator_accepts_withdraws_nothing(
    up: Routes, tmp_path: Path
) -> None:
    refused = await refreshed(
        up, tmp_path, export_text([], up.world.clock.now() + timedelta(minutes=20))
    )
    assert isinstance(refused, RoasRefused)
    accept = Verb(up.store, snapshots.accept_roas)
    await accept(refused.number, reason="a mistake", by=BY)
    await up.reevaluate()
    assert (await up.view()).bgp_prefix.desired.advertised
    assert await up.count("withdrawals") == 0
    shown = (await up.world.reader.claim(*up.ids)).announceable(up.world.clock.now())
    assert [one.name for one in shown.obstacles(up.world.clock.now())] == ["origin_not_valid"]


async def test_r10_without_a_snapshot_or_with_a_stale_one_nothing_is_judged(up: Routes) -> None:
    before = await everything(up)
    up.world.clock.advance(timedelta(days=3))
    assert await up.reevaluate() is None
    await up.execute("DELETE FROM current_vrp_snapshot")
    assert await up.reevaluate() is None
    assert await everything(up) == before


async def test_r10_an_accepted_snapshot_is_looked_at_as_it_comes(
    up: Routes, tmp_path: Path
) -> None:
    at = up.world.clock.now() + timedelta(minutes=20)
    listed = [valid(CIDR, origin=64501), valid("30.0.0.0/8"), {**valid("1.0.0.0/8"), "ta": "apnic"}]
    assert isinstance(await refreshed(up, tmp_path, export_text(listed, at)), RoasAccepted)
    assert (await up.world.kinds(up.claim))[-1] == "rpki.drifted"
    assert await ReevaluateClaims(up.store, up.world.clock)(by=WORKER) is None
    assert (await up.view()).bgp_prefix.desired.advertised
