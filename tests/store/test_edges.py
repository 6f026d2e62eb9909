import asyncio
import random
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.bindings.edge import ChangeKind, Edge, EdgeRemoved
from byoip.domain.bindings.service_binding import Provisioning, Service
from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.store.bindings.edge_reader import EdgeReader
from byoip.store.bindings.services import seed_services
from byoip.store.claims.reader import CustomerReader
from byoip.store.transaction import Store
from tests.store.samples import SetClock, binding, event, undone


@pytest.fixture
async def offered(engine: AsyncEngine, reader: CustomerReader) -> list[Service]:
    await seed_services(engine, [("cdn", False), ("spectrum", False)])
    return list(await reader.services())


@pytest.fixture
def feed(engine: AsyncEngine) -> EdgeReader:
    return EdgeReader(engine)


def _end(cidr: Prefix | None) -> str:
    return str(cidr).removeprefix("198.18.0.") if cidr else ""


async def edge_at(store: Store, clock: SetClock, name: str, number: int) -> Edge:
    """An edge that counts, and has acknowledged this."""
    made = Edge(uuid4(), name, clock.now(), number, number, counts=True, heard_at=clock.now())
    async with store.transaction() as tx:
        await tx.edges.add(made)
    return made


async def test_each_change_of_a_binding_is_a_numbered_change_with_all_an_edge_needs(
    store: Store, feed: EdgeReader, several: list[Claim], offered: list[Service], clock: SetClock
) -> None:
    one, (cdn, spectrum) = several[0], offered
    whole, part = binding(one, cdn), binding(one, spectrum, "198.18.0.128/25")
    async with store.transaction() as tx:
        await tx.bindings.add(whole)
        await tx.bindings.add(part)
    async with store.transaction() as tx:
        await tx.bindings.swap(whole.id, spectrum)
    async with store.transaction() as tx:
        await tx.bindings.swap(whole.id, cdn)
        await tx.bindings.remove(part.id, clock.now())
        await tx.bindings.remove(whole.id, clock.now())
    found = await feed.changes(after=0, limit=99)
    assert [change.number for change in found] == [1, 2, 3, 4, 5, 6]
    told = [
        (_end(c.cidr), c.kind, c.service, c.previous, c.answering, _end(c.answering_cidr))
        for c in found
    ]
    bound, swapped, unbound = ChangeKind.BOUND, ChangeKind.SWAPPED, ChangeKind.UNBOUND
    assert told == [
        ("0/24", bound, cdn, None, cdn, "0/24"),
        ("128/25", bound, spectrum, None, spectrum, "128/25"),
        ("0/24", swapped, spectrum, cdn, spectrum, "0/24"),
        ("0/24", swapped, cdn, spectrum, cdn, "0/24"),
        ("128/25", unbound, None, spectrum, cdn, "0/24"),
        ("0/24", unbound, None, cdn, None, ""),
    ]
    assert {(c.claim_id, c.prefix) for c in found} == {(one.id, one.prefix)}
    assert await feed.changes(after=2, limit=1) == found[2:3]
    assert (await feed.state()).number == 6
    assert (await feed.state()).ranges == ()


async def test_the_full_state_is_of_the_number_it_names(
    store: Store, feed: EdgeReader, several: list[Claim], offered: list[Service]
) -> None:
    assert await feed.state() == await feed.state()
    assert (await feed.state()).number == 0
    async with store.transaction() as tx:
        await tx.bindings.add(binding(several[1], offered[0]))
        await tx.bindings.add(first := binding(several[0], offered[1]))
        assert (await feed.state()).number == 0
    state = await feed.state()
    assert state.number == await feed.newest() == 2
    assert [(str(one.cidr), one.service.name) for one in state.ranges] == [
        ("198.18.0.0/24", "spectrum"),
        ("198.18.1.0/24", "cdn"),
    ]
    assert (state.ranges[0].binding_id, state.ranges[0].claim_id) == (first.id, several[0].id)


async def test_who_follows_the_numbers_misses_nothing_though_many_write_and_some_fail(
    store: Store, feed: EdgeReader, several: list[Claim], offered: list[Service]
) -> None:
    patience = random.Random(7)  # noqa: S311 - any order will do

    async def write(number: int, pause: float) -> None:
        async with store.transaction() as tx:
            one = await tx.claims.lock(several[number % 8].id)
            cidr = f"198.18.{number % 8}.{number}/32"
            await tx.bindings.add(binding(one, offered[0], cidr))
            tx.events.note(event(one))
            await asyncio.sleep(pause)
            if pause > 0.04:
                raise ZeroDivisionError

    writing = [asyncio.create_task(write(number, patience.random() / 20)) for number in range(40)]
    seen: list[int] = []
    states: list[tuple[int, int]] = []
    while True:
        done = all(task.done() for task in writing)
        page = await feed.changes(after=seen[-1] if seen else 0, limit=1000)
        seen += [change.number for change in page]
        state = await feed.state()
        states.append((state.number, len(state.ranges)))
        if done and not page:
            break
    ended = await asyncio.gather(*writing, return_exceptions=True)
    kept_writes = sum(result is None for result in ended)
    assert 0 < kept_writes < 40
    assert seen == list(range(1, kept_writes + 1))
    assert all(number == bound for number, bound in states)


async def test_what_is_rolled_back_has_no_number(
    store: Store, feed: EdgeReader, several: list[Claim], offered: list[Service]
) -> None:
    async with undone(store) as tx:
        await tx.bindings.add(binding(several[0], offered[0]))
    async with store.transaction() as tx:
        await tx.bindings.add(binding(several[1], offered[0]))
    assert [change.number for change in await feed.changes(after=0, limit=9)] == [1]


async def test_where_there_is_an_edge_a_change_waits_and_the_old_service_cannot_go(
    store: Store, several: list[Claim], offered: list[Service], clock: SetClock, database_url: str
) -> None:
    one, (cdn, spectrum) = several[0], offered
    async with store.transaction() as tx:
        at_once = await tx.bindings.add(binding(one, cdn))
    assert at_once.state is Provisioning.ACTIVE
    await edge_at(store, clock, "fra1", 1)
    async with store.transaction() as tx:
        swapped = await tx.bindings.swap(at_once.id, spectrum)
        assert await tx.bindings.of(one.id) == [swapped]
    assert (swapped.state, swapped.service, swapped.interim) == (
        Provisioning.PROVISIONING,
        spectrum,
        cdn,
    )
    async with store.transaction() as tx:
        assert await tx.services.bindings(cdn.id) == (1, 0)
        assert await tx.session.look(tx.edges.lacking(one.id)) == [["fra1"]]
    with (
        psycopg.connect(database_url) as connection,
        pytest.raises(psycopg.errors.ForeignKeyViolation),
    ):
        connection.execute("UPDATE services SET removed_at = now() WHERE id = %s", [cdn.id])
    async with store.transaction() as tx:
        (settled,) = await tx.edges.converge(one.id, 2)
        (now,) = await tx.bindings.of(one.id)
        assert await tx.services.bindings(cdn.id) == (0, 0)
    assert (now.state, now.service, now.interim) == (Provisioning.ACTIVE, spectrum, None)
    assert (settled.service_id, settled.replaced, settled.final) == (spectrum.id, cdn.id, True)


async def test_what_was_swapped_twice_settles_step_by_step_as_the_log_has_it(
    store: Store, several: list[Claim], offered: list[Service], clock: SetClock
) -> None:
    one, (cdn, spectrum) = several[0], offered
    await edge_at(store, clock, "fra1", 0)
    made = binding(one, cdn)
    async with store.transaction() as tx:
        await tx.bindings.add(made)
    async with store.transaction() as tx:
        await tx.bindings.swap(made.id, spectrum)
    async with store.transaction() as tx:
        await tx.bindings.remove(made.id, clock.now())
        assert await tx.edges.unconverged(0) == []
        assert await tx.edges.unconverged(1) == [one.id]
    answered: list[UUID | None] = []
    for number in (1, 2, 3, 3):
        async with store.transaction() as tx:
            answered += [step.service_id for step in await tx.edges.converge(one.id, number)]
            resting = [(await tx.services.bindings(s.id))[0] for s in offered]
            assert any(resting) == (number < 3)
    assert answered == [cdn.id, spectrum.id, None]


async def test_an_edge_that_was_removed_is_known_as_such(
    store: Store, clock: SetClock, feed: EdgeReader
) -> None:
    made = await edge_at(store, clock, "fra1", 0)
    async with store.transaction() as tx:
        assert await tx.edges.lock("ams1") is None
        await tx.edges.remove(made, clock.now())
        assert await tx.edges.all() == []
        with pytest.raises(EdgeRemoved):
            await tx.edges.lock("fra1")
    assert await feed.edges() == []


async def test_edges_come_with_the_newest_number(
    store: Store, clock: SetClock, feed: EdgeReader, several: list[Claim], offered: list[Service]
) -> None:
    made = [await edge_at(store, clock, name, 0) for name in ("fra1", "ams1")]
    async with store.transaction() as tx:
        await tx.bindings.add(binding(several[0], offered[0]))
    assert [(view.edge, view.newest) for view in await feed.edges()] == [(made[1], 1), (made[0], 1)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE edge_changes SET cidr = prefix_cidr",
        "DELETE FROM edge_changes",
        "DELETE FROM edges",
        "UPDATE edges SET acknowledged = acknowledged - 1",
        "UPDATE bindings SET settled = settled - 1",
        "UPDATE bindings SET change = change + 1, settled = change + 2",
        "UPDATE bindings SET answering_service_id = NULL",
    ],
)
async def test_the_database_itself_lets_nothing_be_taken_back(
    store: Store,
    clock: SetClock,
    several: list[Claim],
    offered: list[Service],
    database_url: str,
    change: str,
) -> None:
    async with store.transaction() as tx:
        await tx.bindings.add(binding(several[0], offered[0]))
    await edge_at(store, clock, "fra1", 1)
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.Error):
        connection.execute(change)


async def test_an_edge_that_begins_to_count_and_bindings_take_turns(
    store: Store, clock: SetClock, several: list[Claim], offered: list[Service], feed: EdgeReader
) -> None:
    async def bind(number: int) -> None:
        async with store.transaction() as tx:
            one = await tx.claims.lock(several[number % 8].id)
            part = f"198.18.{number % 8}.{number}/32"
            made = await tx.bindings.add(binding(one, offered[0], part))
            tx.events.note(event(one))
            await asyncio.sleep(0.002)
        seen.append(made.state)

    async def join() -> int:
        await asyncio.sleep(0.03)
        async with store.transaction() as tx:
            await tx.edges.alone()
            newest = await tx.edges.newest()
            now = clock.now()
            await tx.edges.add(
                Edge(uuid4(), "fra1", now, newest, newest, counts=True, heard_at=now)
            )
        return newest

    seen: list[Provisioning] = []
    joined, *_ = await asyncio.gather(join(), *map(bind, range(60)))
    # Exactly those before its number were active at once: none in between fell through.
    assert seen.count(Provisioning.ACTIVE) == joined
    assert await feed.newest() == 60
