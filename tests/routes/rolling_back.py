"""After a scenario: a job takes routes that owners want, and an operator rolls back to a snapshot.

As the manual says: look at `snapshots`, try `rollback N` with `--dry-run`, then carry it out. It
puts back what no owner gave up, as owners want it now, and nothing else.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from byoip.adapters.system_clock import SystemClock
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Source
from byoip.store.engine import make_engine
from byoip.store.transaction import Store
from byoip.usecases.routes.withdraw import withdraw
from byoip.usecases.speakers.restore_snapshot import RestoreSnapshot, RolledBack
from tests.announcing import NO_CEILING, Fleet, until
from tests.routes.judging import Judge
from tests.routes.scenarios import Scene

_TAKEN = 3


async def put_back(here: Scene) -> None:
    """What a job took comes back from the snapshot of before the scenario."""
    before, router = {one.cidr for one in here.up}, here.service.edge.router
    wanted = here.service.wanted.keys()
    still = [one for one in here.up if one.cidr in wanted]
    routes = sorted(still, key=lambda one: here.service.wanted[one.cidr])[-_TAKEN:]  # prepended
    taken, noted = {one.cidr for one in routes}, router.noted()
    engine = make_engine(here.service.database_url)
    store = Store(engine, SystemClock(), NO_CEILING)
    await take(store, [(one.claim_id, one.bgp_prefix_id) for one in routes])
    await engine.dispose()
    await here.service.edge.until_gone(*(Prefix.parse(one) for one in taken))
    gone = router.noted()
    tried = await roll_back(here, dry_run=True)
    assert router.changes(after=gone) == []
    assert set(tried["announced"]) == taken
    assert tried["kept"] == len(before & wanted) - len(taken)
    assert {one["cidr"] for one in tried["refused"]} == before - wanted
    assert set(tried["newer"]) == wanted - before
    done = await roll_back(here, dry_run=False)
    assert done == tried | {"dry_run": False}
    await here.until_quiet()
    assert {str(one.prefix) for one in router.changes(after=noted)} == taken
    lists = await here.lists()
    assert {one.rpartition(" ")[2] for one in lists.pop("lost")} <= taken
    assert not any(lists.values()), lists
    assert "routes.rolled_back" in here.history()


async def take(store: Store, rows: Collection[tuple[UUID, UUID]]) -> None:
    """As a job does by accident; of each route its claim and its row."""
    for claim_id, row_id in rows:
        async with store.transaction(actor=Actor("worker", "accident")) as tx:
            await tx.claims.lock(claim_id)
            row = await tx.bgp_prefixes.get(claim_id, row_id)
            await withdraw(tx, row, source=Source.JOB, job="tidy", run="1")


async def roll_back(here: Scene, *, dry_run: bool) -> dict[str, Any]:
    path = f"/routes/snapshots/{here.snapshot}/rollback"
    status, shown = await here.order("POST", path, dry_run=dry_run)
    assert status == 200, shown
    return dict(shown)


async def snapshot_kept(fleet: Fleet) -> int:
    """The snapshot's number, of what is applied as of now; the routes are valid by ROA data."""
    await fleet.do("UPDATE bgp_prefixes SET last_valid_at = now()")
    await fleet.routes.take_snapshot()
    ((number,),) = await fleet.ask("SELECT max(number) FROM route_snapshots")
    return int(number)


async def put_back_in(judge: Judge, number: int) -> None:
    """The same around a reconciler; the snapshot is of before the scenario."""
    fleet, edge = judge.fleet, judge.edge
    wanted, flaws = await fleet.wanted(), await judge.lists()
    snapshot = await fleet.ask("SELECT routes FROM route_snapshots WHERE number = :n", n=number)
    before = {Prefix.parse(one["cidr"]) for one in snapshot[0][0]}
    taken, noted = set(sorted(before & wanted, key=str)[-_TAKEN:]), edge.router.noted()
    await take(fleet.store, [(fleet.ids[one][0], fleet.ids[one][2]) for one in taken])
    await edge.until_gone(*taken)
    gone = edge.router.noted()
    tried = await rolled_back(fleet, number, dry_run=True)
    assert edge.router.changes(after=gone) == []
    assert await rolled_back(fleet, number, dry_run=False) == tried
    assert set(tried.announced) == taken
    assert {one for one, _ in tried.refused} == before - wanted
    await edge.until_seen(*taken)
    await until(fleet.settled)
    assert {one.prefix for one in edge.router.changes(after=noted)} == taken
    lists = await judge.lists()
    lost = set(lists.pop("lost")) - set(flaws.pop("lost"))
    assert {one.split()[0] for one in lost} <= set(map(str, taken))  # by the job, as it was told to
    assert lists == flaws == {"announced": [], "not carried out": []}


async def rolled_back(fleet: Fleet, number: int, *, dry_run: bool) -> RolledBack:
    by = Actor("cli", "case 4711")
    return await RestoreSnapshot(fleet.store)(number, reason="4711", by=by, dry_run=dry_run)
