import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.checks.vrp_snapshot import Gate, Objection, Tally
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rpki import NoVrps, SnapshotFacts, VrpAnswer, Vrps
from byoip.ports.checks.snapshots import MalformedExport, VrpDocument
from byoip.store.checks.snapshots import SnapshotAcceptance, VrpSnapshot
from byoip.store.checks.vrp_snapshots import RoaRepository, VrpSnapshots
from byoip.store.statements import Session
from tests.fakes.rpki import NOON, StoppedClock


class Row:
    def __init__(
        self,
        prefix: str,
        asn: int = 64500,
        max_length: int = 24,
        anchor: str = "ripe",
        expires: int | None = None,
    ) -> None:
        self.prefix = prefix
        self.asn = asn
        self.max_length = max_length
        self.anchor = anchor
        self.expires = expires


def document(*rows: Row, built_at: datetime = NOON) -> VrpDocument:
    return VrpDocument(built_at, "0" * 64, iter([rows]))


@pytest.fixture
def snapshots(engine: AsyncEngine) -> VrpSnapshots:
    return VrpSnapshots(engine)


async def load(snapshots: VrpSnapshots, *rows: Row, accept: bool = True) -> VrpSnapshot:
    async with snapshots.exclusive() as tx:
        loaded = await tx.load(document(*rows), source="a test", at=NOON)
        if accept:
            await tx.accept(loaded.number)
    return loaded


async def about(engine: AsyncEngine, prefix: str, *, now: datetime = NOON) -> VrpAnswer:
    async with engine.connect() as connection:
        return await RoaRepository(connection, StoppedClock(now)).about(Prefix.parse(prefix))


async def seen(engine: AsyncEngine, prefix: str) -> tuple[list[str], list[str]]:
    answer = await about(engine, prefix)
    assert isinstance(answer, Vrps)
    return [str(v.prefix) for v in answer.covering], [str(v.prefix) for v in answer.inside]


async def partitions(engine: AsyncEngine) -> list[int]:
    catalogue = text("select inhrelid::regclass::text from pg_inherits order by inhrelid")
    async with engine.connect() as connection:
        return [int(name.removeprefix("vrps_")) for name in await connection.scalars(catalogue)]


async def test_what_covers_a_prefix_and_what_lies_inside_are_told_apart(
    engine: AsyncEngine, snapshots: VrpSnapshots
) -> None:
    await load(
        snapshots,
        *(Row("10.0.0.0/8"), Row("10.1.0.0/16"), Row("10.1.0.0/16", asn=0), Row("10.1.2.0/24")),
        *(Row("10.2.0.0/16"), Row("2001:db8::/32", max_length=48), Row("0.0.0.0/0")),
    )
    covering = ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16"]
    assert await seen(engine, "10.1.0.0/16") == (covering, ["10.1.2.0/24"])
    assert await seen(engine, "2001:db8:1::/48") == (["2001:db8::/32"], [])
    assert await seen(engine, "2001::/16") == ([], ["2001:db8::/32"])
    assert await seen(engine, "192.0.2.0/24") == (["0.0.0.0/0"], [])


async def test_a_vrp_comes_back_whole(engine: AsyncEngine, snapshots: VrpSnapshots) -> None:
    expires = datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)
    row = Row("2001:db8::/32", 2**32 - 1, 128, "apnic", int(expires.timestamp()))
    loaded = await load(snapshots, row)
    vrp = Vrp(Prefix.parse("2001:db8::/32"), 128, Asn(2**32 - 1), "apnic", expires)
    facts = SnapshotFacts(loaded.number, "a test", NOON)
    assert await about(engine, "2001:db8::/48") == Vrps(facts, (vrp,), ())


async def test_at_most_a_hundred_vrps_inside_are_told(
    engine: AsyncEngine, snapshots: VrpSnapshots
) -> None:
    await load(snapshots, *(Row(f"10.0.{n}.0/24") for n in range(150)))
    covering, inside = await seen(engine, "10.0.0.0/16")
    assert (len(covering), len(inside)) == (0, 100)


async def test_there_is_no_answer_before_the_first_snapshot_and_after_a_day(
    engine: AsyncEngine, snapshots: VrpSnapshots
) -> None:
    none = await about(engine, "10.0.0.0/24")
    assert none == NoVrps(Fault.NO_DATA, "no ROA data has been loaded yet")
    await load(snapshots)
    assert isinstance(await about(engine, "10.0.0.0/24", now=NOON + timedelta(hours=24)), Vrps)
    stale = await about(engine, "10.0.0.0/24", now=NOON + timedelta(hours=24, seconds=1))
    assert stale == NoVrps(Fault.STALE, "the newest ROA data was built at 2026-11-22T12:00:00Z")


async def test_a_refused_snapshot_is_kept_but_not_used_until_an_operator_accepts_it(
    engine: AsyncEngine, snapshots: VrpSnapshots
) -> None:
    good = await load(snapshots, Row("10.0.0.0/24"))
    refused = await load(snapshots, Row("10.1.0.0/24"), accept=False)
    objection = Objection(Gate.FLOOR, "1 entries, at least 2 are expected")
    async with snapshots.exclusive() as tx:
        await tx.refuse(refused.number, [objection])
    assert (await seen(engine, "10.0.0.0/8"))[1] == ["10.0.0.0/24"]
    status = await snapshots.status()
    assert status.current is not None
    assert status.current.number == good.number
    assert status.latest == replace(refused, objections=(objection,))
    assert status.refused_since == 1

    async with snapshots.exclusive() as tx:
        await tx.accept(refused.number, SnapshotAcceptance("alice", "an RIR is down", NOON))
    assert (await seen(engine, "10.0.0.0/8"))[1] == ["10.1.0.0/24"]
    status = await snapshots.status()
    assert status.current == replace(refused, accepted=True, objections=(objection,))
    assert status.refused_since == 0


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(Row("10.0.0.1/24"), id="host bits"),
        pytest.param(Row("10.0.0.0/33"), id="length past the end"),
        pytest.param(Row("10.0.0.0/24", max_length=23), id="max length shorter than the prefix"),
        pytest.param(Row("10.0.0.0/24", max_length=33), id="max length past the end"),
        pytest.param(Row("2001:db8::/32", max_length=129), id="max length past the end, IPv6"),
        pytest.param(Row("10.0.0.0/24", asn=2**32), id="33 bits of origin"),
        pytest.param(Row("no prefix"), id="no prefix"),
        pytest.param(Row(r"\N"), id="null"),
        pytest.param(Row("10.0.0.0/24", anchor="a\tb"), id="a tab"),
        pytest.param(Row("10.0.0.0/24", anchor="a\nb"), id="a line end"),
        pytest.param(Row("10.0.0.0/24", anchor="a\\b"), id="a backslash"),
        pytest.param(Row("10.0.0.0/24", anchor="a\0b"), id="a zero byte"),
    ],
)
async def test_a_row_that_makes_no_sense_loads_nothing_and_leaves_the_transaction_usable(
    engine: AsyncEngine, snapshots: VrpSnapshots, row: Row
) -> None:
    async with snapshots.exclusive() as tx:
        with pytest.raises(MalformedExport):
            await tx.load(document(Row("10.9.0.0/24"), row), source="a test", at=NOON)
        failure = await tx.record_failure(Objection(Gate.FORMAT, "bad"), source=None, at=NOON)
    status = await snapshots.status()
    assert (status.current, status.latest, status.refused_since) == (None, failure, 1)
    assert await partitions(engine) == []


async def test_pruning_keeps_the_current_the_previous_and_the_last_refused_one(
    engine: AsyncEngine, snapshots: VrpSnapshots
) -> None:
    numbers = [(await load(snapshots, accept=accept)).number for accept in (True, True, False)]
    numbers += [(await load(snapshots, accept=accept)).number for accept in (True, False, False)]
    await snapshots.prune()
    _, previous, _, current, _, last_refused = numbers
    assert await partitions(engine) == [previous, current, last_refused]
    async with snapshots.exclusive() as tx:
        kept = [one for one in numbers if (found := await tx.find(one)) and found.kept]
    assert kept == [previous, current, last_refused]


async def test_without_any_accepted_one_the_last_refused_is_kept(
    engine: AsyncEngine, snapshots: VrpSnapshots
) -> None:
    refused = [await load(snapshots, accept=False) for _ in range(3)]
    await snapshots.prune()
    assert await partitions(engine) == [refused[-1].number]


async def test_a_reader_in_a_long_transaction_delays_pruning_not_other_readers(
    engine: AsyncEngine, snapshots: VrpSnapshots
) -> None:
    await load(snapshots, Row("10.0.0.0/24"))
    async with engine.connect() as slow:
        tx = RoaRepository(slow, StoppedClock())
        await tx.about(Prefix.parse("10.0.0.0/24"))
        newer = [await load(snapshots, Row("10.0.0.0/24")) for _ in range(2)]
        pruning = asyncio.create_task(snapshots.prune())
        async with asyncio.timeout(60):
            while not pruning.done():
                assert await seen(engine, "10.0.0.0/24") == (["10.0.0.0/24"], [])
        await pruning
        assert len(await partitions(engine)) == 3
        again = await tx.about(Prefix.parse("10.0.0.0/24"))
        assert isinstance(again, Vrps)
        assert again.snapshot.number == newer[-1].number
    await snapshots.prune()
    assert await partitions(engine) == [one.number for one in newer]


async def test_writers_take_turns_and_readers_wait_for_none_of_them(
    engine: AsyncEngine, snapshots: VrpSnapshots
) -> None:
    first = await load(snapshots, Row("10.0.0.0/24"))
    inside = asyncio.Event()
    leave = asyncio.Event()

    async def slow_writer() -> int:
        async with snapshots.exclusive() as tx:
            loaded = await tx.load(document(Row("10.0.1.0/24")), source="slow", at=NOON)
            await tx.accept(loaded.number)
            inside.set()
            await leave.wait()
            return loaded.number

    async def next_writer() -> int | None:
        async with snapshots.exclusive() as tx:
            current = await tx.current()
            return None if current is None else current.number

    slow = asyncio.create_task(slow_writer())
    await inside.wait()
    waiting = asyncio.create_task(next_writer())
    async with asyncio.timeout(60):
        answer = await about(engine, "10.0.0.0/16")
    assert isinstance(answer, Vrps)
    assert answer.snapshot.number == first.number
    assert not waiting.done()
    leave.set()
    assert await waiting == await slow


async def test_a_writer_that_dies_leaves_nothing_behind(
    engine: AsyncEngine, snapshots: VrpSnapshots
) -> None:
    good = await load(snapshots, Row("10.0.0.0/24"))

    async def dying_writer() -> None:
        async with snapshots.exclusive() as tx:
            loaded = await tx.load(document(Row("10.1.0.0/24")), source="a test", at=NOON)
            await tx.accept(loaded.number)
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await dying_writer()
    assert await partitions(engine) == [good.number]
    assert (await seen(engine, "10.0.0.0/8"))[1] == ["10.0.0.0/24"]
    assert (await load(snapshots, Row("10.2.0.0/24"))).tally == Tally(NOON, {"ripe": 1})


async def test_a_lookup_uses_the_index_even_among_many_rows(
    engine: AsyncEngine, snapshots: VrpSnapshots
) -> None:
    await load(snapshots, *(Row(f"10.{n // 256}.{n % 256}.0/24") for n in range(20_000)))
    async with engine.connect() as connection:
        tx = RoaRepository(connection, StoppedClock())
        await connection.execute(text("select pg_stat_force_next_flush()"))
        await tx.about(Prefix.parse("10.5.5.0/24"))
        await connection.execute(text("select pg_stat_force_next_flush()"))
        await connection.commit()
        scans = text("select sum(seq_scan) from pg_stat_user_tables where relname like 'vrps\\_%'")
        before = await connection.scalar(scans)
        for n in range(20):
            await tx.about(Prefix.parse(f"10.5.{n}.0/24"))
        await connection.execute(text("select pg_stat_force_next_flush()"))
        await connection.commit()
        assert await connection.scalar(scans) == before


async def test_a_look_up_is_one_statement_and_the_first_after_a_new_snapshot_two(
    engine: AsyncEngine, snapshots: VrpSnapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, rows = 0, Session.rows

    async def counted(self: Session, *given: Any, **how: Any) -> list[Any]:
        nonlocal asked
        asked += 1
        return await rows(self, *given, **how)

    monkeypatch.setattr(Session, "rows", counted)
    counts = []
    for _ in range(2):
        loaded = await load(snapshots, Row("10.0.0.0/24"), Row("10.0.0.0/16"))
        for _ in range(3):
            asked = 0
            answer = await about(engine, "10.0.0.0/24")
            assert isinstance(answer, Vrps)
            assert answer.snapshot.number == loaded.number
            assert [str(one.prefix) for one in answer.covering] == ["10.0.0.0/16", "10.0.0.0/24"]
            counts.append(asked)
    assert counts[1:] == [1, 1, 2, 1, 1]
