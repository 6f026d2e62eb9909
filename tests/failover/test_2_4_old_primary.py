"""Failover 2.4: an old primary that takes writes again gets no second reconciler going.

Two real servers take writes: the standby was promoted, and the primary lives on, or is started
again. What was promoted last is ours.
"""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest

from byoip.store import fencing
from byoip.store.connecting import Connection
from byoip.store.database_url import plain
from byoip.store.migrating import migrate
from byoip.store.speakers.leader_election import LeaderElection
from byoip.store.speakers.leases import LeaseLost
from tests.failover.pair import Pair, Server, pair_of

HOLDERS = "SELECT holder IS NOT NULL FROM leases WHERE name = 'reconciler'"
WHERE = "SELECT host(inet_server_addr()) || ':' || inet_server_port()"


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """What this process has reached is forgotten afterwards, and before."""
    monkeypatch.setattr(fencing, "_newest", {})
    monkeypatch.setattr(fencing, "_looked_at", set())
    with pair_of() as made:
        migrate(made.primary.url(), "sandbox")
        made.caught_up()
        yield made


async def promoted(pair: Pair) -> None:
    """And the primary goes on."""
    await asyncio.to_thread(pair.standby.promote)


async def connected(url: str) -> Connection:
    return await Connection.connect(plain(url), autocommit=True)


async def place(connection: Connection) -> str:
    row = await (await connection.execute(WHERE)).fetchone()
    assert row is not None
    return str(row[0])


def holds(server: Server) -> bool:
    """Whether a process has the reconciler's lease there."""
    with psycopg.connect(server.url()) as asking:
        return bool((asking.execute(HOLDERS).fetchone() or (False,))[0])


async def test_a_process_that_starts_takes_the_server_that_was_promoted_last(pair: Pair) -> None:
    await promoted(pair)
    url = pair.url("postgres")
    assert url.index(pair.primary.place) < url.index(pair.standby.place)
    async with await connected(url) as first, await connected(url) as second:
        assert await place(first) == await place(second) == pair.standby.place


async def test_a_process_that_has_reached_the_new_primary_does_not_go_back(pair: Pair) -> None:
    await promoted(pair)
    async with await connected(pair.url("postgres")):
        pass
    await asyncio.to_thread(pair.standby.stop)
    for url in (pair.url("postgres"), pair.primary.url()):
        with pytest.raises(psycopg.OperationalError, match="is an old primary"):
            await connected(url)


async def test_what_is_connected_to_an_old_primary_is_given_up(pair: Pair) -> None:
    async with await connected(pair.primary.url()) as old:
        await promoted(pair)
        old.patience = 3600  # it is not the deadline that ends the statement
        sleeping = asyncio.create_task(old.execute("SELECT pg_sleep(1000)"))
        await asyncio.sleep(0)
        async with await connected(pair.standby.url()):
            with pytest.raises(psycopg.OperationalError):
                await asyncio.wait_for(sleeping, 30)
            assert old.closed


async def test_no_worker_leads_at_an_old_primary(pair: Pair) -> None:
    old, everything = (LeaderElection(one) for one in (pair.primary.url(), pair.url("postgres")))
    await promoted(pair)
    async with everything.hold():
        assert holds(pair.standby)
        with pytest.raises(LeaseLost, match="is an old primary"):
            async with old.hold():
                pass
        assert not holds(pair.primary)


async def test_an_old_primary_that_is_a_standby_by_now_is_passed_over(pair: Pair) -> None:
    await asyncio.to_thread(pair.primary.kill)
    await promoted(pair)
    (pair.primary.data / "standby.signal").touch()
    await asyncio.to_thread(pair.primary.start)
    async with await connected(pair.url("postgres")) as made:
        assert await place(made) == pair.standby.place


async def test_a_role_that_may_not_ask_is_let_in(pair: Pair) -> None:
    """Some providers keep the timeline from us."""
    with psycopg.connect(pair.primary.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE tenant LOGIN")
        connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    url = pair.primary.url().replace("byoip@", "tenant@")
    async with await connected(url) as made:
        assert made.timeline is None
