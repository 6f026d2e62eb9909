"""Routes 4.1: a peer that sends a whole table takes no speaker and no stage out of service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from math import inf

import pytest

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.calls import GobgpCalls
from byoip.adapters.gobgp.imports import NAME, ImportPolicy
from byoip.adapters.gobgp.paths import FAMILIES
from byoip.adapters.gobgp.policies import GlobalPolicies
from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.prefix import Prefix
from byoip.worker.pace import Pace
from tests.announcing import Fleet, reconciling, until
from tests.real.bird_router import Feed, bird_router
from tests.real.edge import ROUTER, ROUTER_AS, Edge
from tests.real.gobgpd import Gobgpd, Peering, gobgpd
from tests.real.parts import Part, require
from tests.routes.judging import FLAWLESS, Judge, named
from tests.routes.table_peer import TablePeer, table_peer
from tests.routes.test_4_2_watched import CALM, SOON

pytestmark = pytest.mark.real

PACE = Pace(every=timedelta(seconds=1), rest=0, absent_for=timedelta(seconds=30), probe=0.25)
SPEAKER, PEER, PEER_AS = "127.0.0.63", "127.0.0.64", 64510
MANY = pytest.mark.parametrize(
    "many", [10_000, pytest.param(210_000, marks=pytest.mark.long)], ids=["10,000", "210,000"]
)
PATIENCE = 120.0


async def accepted(daemon: Gobgpd) -> int:
    """To how many destinations it has a path, from whomever."""
    calls = GobgpCalls("counted", daemon.target, tls=None, deadline=60, most=10**6)
    try:
        request = pb.ListPathRequest(table_type=pb.GLOBAL, family=FAMILIES[4])
        return len(await calls.list_paths(request))
    finally:
        await calls.close()


async def has(daemon: Gobgpd, many: int) -> None:
    """Wait until it has so many: what a peer has sent is not read yet."""

    async def there() -> bool:
        return await accepted(daemon) == many

    await until(there, seconds=PATIENCE)


@asynccontextmanager
async def speaking(
    fleet: Fleet, many: int, *, guarded: bool, admin_down: bool
) -> AsyncIterator[tuple[Gobgpd, GobgpSpeaker, TablePeer, Judge]]:
    """Beside it another neighbour listens, to which it would pass on what it accepts."""
    require(Part.GOBGP, Part.BIRD)
    peerings = [
        Peering(PEER, PEER_AS, admin_down=admin_down),
        Peering(ROUTER, ROUTER_AS.number, admin_down=True),
    ]
    with (
        gobgpd(address=SPEAKER, asn=64500, neighbours=peerings, guarded=guarded) as daemon,
        table_peer(daemon, address=PEER, asn=PEER_AS, many=many) as peer,
        bird_router(
            address=ROUTER,
            asn=ROUTER_AS.number,
            speakers=[Feed("one", daemon.address, daemon.port, daemon.asn)],
        ) as router,
    ):
        speaker = GobgpSpeaker("one", daemon.target)
        ear = BirdListener("bird", router.control)
        yield (
            daemon,
            speaker,
            peer,
            Judge(fleet, Edge({"one": daemon}, {"one": speaker}, router, ear)),
        )
        await speaker.close()


async def announced_and_withdrawn(judge: Judge, peer: TablePeer, *prefixes: Prefix) -> None:
    """And the judge finds nothing that no owner asked for, as of the peer's table."""
    fleet, (gone, *kept) = judge.fleet, prefixes
    await judge.announce(*prefixes)
    await until(fleet.settled, seconds=PATIENCE)
    await until(lambda: all(map(peer.sees, prefixes)), seconds=PATIENCE)
    await judge.edge.until_seen(*prefixes)  # or its session comes up as the route is to go
    await judge.withdraw(gone)
    await until(fleet.settled, seconds=PATIENCE)
    await until(lambda: not peer.sees(gone), seconds=PATIENCE)
    await judge.edge.until_seen(*kept)
    await judge.edge.until_gone(gone)
    assert await judge.lists() == FLAWLESS


async def skipped(fleet: Fleet) -> bool:
    return bool(await fleet.alarms("stage_skipped"))


@MANY
@pytest.mark.parametrize("guarded", [True, False], ids=["as in the manual", "without a policy"])
async def test_a_table_sent_after_the_sessions_came_up_is_not_accepted(
    fleet: Fleet, many: int, guarded: bool
) -> None:
    first, *more = await fleet.add("31.0.0.0/24", "31.0.1.0/24", "31.0.2.0/24")
    async with (
        speaking(fleet, many, guarded=guarded, admin_down=True) as (daemon, speaker, peer, judge),
        reconciling(fleet, speaker, pace=PACE),
    ):
        await judge.announce(first)
        await until(lambda: peer.sent(many), seconds=PATIENCE)
        await announced_and_withdrawn(judge, peer, *more)
        await has(daemon, 2)
        assert not await skipped(fleet)
        assert await fleet.alarms("imports_open") == set()


@MANY
async def test_a_table_that_was_accepted_before_is_dropped(fleet: Fleet, many: int) -> None:
    prefixes = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with speaking(fleet, many, guarded=False, admin_down=False) as found:
        daemon, speaker, peer, judge = found
        await until(lambda: peer.sent(many), seconds=PATIENCE)
        await has(daemon, many)
        async with reconciling(fleet, speaker, pace=PACE):
            await announced_and_withdrawn(judge, peer, *prefixes)
            await has(daemon, 1)


async def test_the_policy_is_put_back_after_a_restart(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with (
        speaking(fleet, 100, guarded=False, admin_down=True) as (daemon, speaker, peer, judge),
        reconciling(fleet, speaker, pace=PACE),
    ):
        await judge.announce(prefix)
        await judge.edge.until_seen(prefix)
        await until(lambda: peer.sent(100), seconds=PATIENCE)
        daemon.kill()
        daemon.start()
        await until(lambda: peer.sent(100), seconds=PATIENCE)
        await has(daemon, 1)
        await judge.edge.until_seen(prefix)
        # With its session, once: no graceful restart here.
        assert named(await judge.lists()) == FLAWLESS | {"lost": [str(prefix)]}


async def test_a_policy_that_was_put_there_and_not_applied_is_applied(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with speaking(fleet, 100, guarded=False, admin_down=False) as found:
        daemon, speaker, peer, judge = found
        judge.have_announced(prefix)
        await until(lambda: peer.sent(100), seconds=PATIENCE)
        await ImportPolicy(GobgpCalls("died", daemon.target, tls=None, deadline=5, most=9))._add(
            inf
        )
        await has(daemon, 100)

        async def dropped() -> bool:
            return await accepted(daemon) == 1 and peer.sees(prefix)

        async with reconciling(fleet, speaker, pace=PACE):
            await until(dropped, seconds=PATIENCE)
            assert await fleet.alarms("imports_open") == set()
            await judge.edge.until_seen(prefix)
            assert await judge.lists() == FLAWLESS


async def test_a_policy_that_is_taken_away_is_put_back_between_full_syncs(fleet: Fleet) -> None:
    """Its file was read again, say: nothing that it holds changes by that."""
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with (
        speaking(fleet, 100, guarded=False, admin_down=True) as (daemon, speaker, peer, judge),
        reconciling(fleet, speaker, pace=replace(CALM, probe=0.25)),
    ):
        await judge.announce(prefix)
        await until(lambda: peer.sent(100), seconds=PATIENCE)
        await until(fleet.settled)
        await asyncio.sleep(2)  # the second full sync of the term is over
        calls = GobgpCalls("another", daemon.target, tls=None, deadline=5, most=9)
        await GlobalPolicies(calls, pb.IMPORT).take_away(NAME, inf)

        async def there() -> bool:
            return await ImportPolicy(calls).complaint() is None

        await until(there, seconds=SOON)
        await has(daemon, 1)
        assert await judge.lists() == FLAWLESS
