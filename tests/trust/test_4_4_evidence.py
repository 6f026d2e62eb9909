"""Trust, 4.4: evidence has an end: kept once, for what rests on it, within a quota."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from byoip.domain.checks.evidence import Check, Fault, Finding, Passed, RawAnswer, Unanswered
from byoip.domain.checks.validation_run import LEASE, RunResult
from byoip.domain.claims.claim import Claim
from byoip.store.checks import raw_answers
from byoip.store.checks.runs import EVIDENCE_QUOTA
from byoip.store.gauges import Gauges
from byoip.store.jobs.finished_jobs import prune_finished
from byoip.usecases.checks.run_validation import RunValidation
from tests.adapters.dns_script import NS1, Script
from tests.adapters.test_dns_looks import look
from tests.store.samples import run as new_run
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import claimed, remove, write
from tests.usecases.world import WORKER, World

__all__ = ["world", "world_engine"]  # fixtures

MINUTE, ZONES = timedelta(minutes=1), 128  # of a /17
LONG = b"x" * 400


class Attacker:
    """A customer who has the checks run as often as it likes."""

    def __init__(self, world: World, url: str, quota: int = EVIDENCE_QUOTA) -> None:
        self.world = world
        self.url = url
        self.quota = quota

    async def has_checked(self, claim: Claim, answers: Sequence[bytes]) -> UUID:
        """A run that found these answers, and cannot tell."""
        now = self.world.clock.now()
        shown = tuple(RawAnswer(f"q{n}", "h", one, now) for n, one in enumerate(answers))
        finding = Finding(Check.OWNERSHIP_RDNS, Unanswered(Fault.TIMEOUT, ""), now, shown)
        return await self.has_found(claim, RunResult.UNANSWERED, [finding])

    async def has_found(self, claim: Claim, result: RunResult, findings: Sequence[Finding]) -> UUID:
        """A run that ended so."""
        async with self.world.store.transaction() as tx:
            due = replace(new_run(claim), created_at=tx.now, due_at=tx.now)
            opened, _ = await tx.runs.open(due)
            taken = await tx.runs.take(opened.id, LEASE)
            assert taken is not None
            ended = taken.finished(result, self.world.clock.now())
            await tx.runs.finish(ended, findings, self.quota)
        self.world.clock.advance(MINUTE)
        return opened.id

    async def prune(self, *, after: timedelta = timedelta(0), page: int = 3) -> int:
        self.world.clock.advance(after)
        return await raw_answers.prune(self.world.engine, self.world.clock.now(), page)

    def asked(self, statement: bytes, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement, values).fetchall()

    def contents(self) -> int:
        return int(str(self.asked(b"SELECT count(*) FROM raw_answers")[0][0]))

    def kept(self) -> list[object]:
        """The runs that have raw answers."""
        found = self.asked(b"SELECT DISTINCT run_id FROM exhibits WHERE kept IS NOT NULL")
        return [row[0] for row in found]

    def usage(self) -> tuple[object, ...]:
        """As counted, and as it is."""
        return self.asked(
            b"SELECT (SELECT sum(bytes)::int FROM evidence_usage),"
            b" (SELECT coalesce(sum(octet_length(packed)), 0)::int FROM raw_answers)"
        )[0]


@pytest.fixture
def attacker(world: World, database_url: str) -> Attacker:
    return Attacker(world, database_url)


async def test_six_validates_of_a_17_keep_each_answer_once_and_compressed(
    attacker: Attacker,
) -> None:
    claim = await attacker.world.claim("31.0.0.0/17")
    answers = [f"{zone}".encode() + LONG for zone in range(ZONES)]
    for _ in range(6):
        await attacker.has_checked(claim, answers)
    assert attacker.contents() == ZONES
    ((size,),) = attacker.asked(b"SELECT sum(octet_length(packed)) FROM raw_answers")
    assert int(str(size)) * 10 < len(b"".join(answers))


async def test_two_answers_of_a_server_that_say_the_same_are_the_same() -> None:
    """The id of a DNS message is another one each time."""
    looks = [(await look(Script())).exhibits for _ in range(3)]
    of_server = [{one.sha256 for one in shown if f"TXT @{NS1}/" in one.asked} for shown in looks]
    assert of_server[0]
    assert of_server[0] == of_server[1] == of_server[2]


async def test_the_newest_twenty_runs_keep_their_answers_the_others_their_digests(
    attacker: Attacker,
) -> None:
    claim = await attacker.world.claim()
    runs = [await attacker.has_checked(claim, [LONG + bytes([n]), b""]) for n in range(23)]
    assert await attacker.prune() == 3
    assert sorted(attacker.kept(), key=str) == sorted(runs[3:], key=str)
    reader = attacker.world.reader
    old, new = [await reader.run(claim.account_id, claim.id, one) for one in (runs[0], runs[-1])]
    ((gone, _),) = [one.exhibits for one in old.findings]
    ((here, empty),) = [one.exhibits for one in new.findings]
    assert gone.gone is not None
    assert (gone.gone.size_bytes, gone.answer) == (401, b"")
    assert gone.sha256 == RawAnswer("", "", LONG + b"\0", gone.at).sha256
    assert (here.gone, here.answer, empty.gone) == (None, LONG + bytes([22]), None)
    assert attacker.contents() == 23
    assert await attacker.prune(after=timedelta(days=2)) == 0
    assert attacker.contents() == 20
    counted, there = attacker.usage()
    assert counted == there


async def test_what_is_given_up_and_seen_again_is_kept(attacker: Attacker) -> None:
    claim = await attacker.world.claim()
    await attacker.has_checked(claim, [LONG])
    for n in range(20):
        await attacker.has_checked(claim, [bytes([n])])
    await attacker.prune()
    again = await attacker.has_checked(claim, [LONG])
    await attacker.prune(after=timedelta(days=2))
    view = await attacker.world.reader.run(claim.account_id, claim.id, again)
    assert view.findings[0].exhibits[0].answer == LONG


async def test_what_is_being_taken_up_is_not_deleted_meanwhile(attacker: Attacker) -> None:
    claim = await attacker.world.claim()
    await attacker.has_checked(claim, [LONG])
    for n in range(20):
        await attacker.has_checked(claim, [bytes([n])])
    await attacker.prune()
    now = attacker.world.clock.now()
    shown = RawAnswer("q", "h", LONG, now)
    finding = Finding(Check.RPKI, Unanswered(Fault.TIMEOUT, ""), now, (shown,))
    async with attacker.world.store.transaction() as tx:
        await raw_answers.keep(tx.session, claim.id, raw_answers.packed([finding]))
        await attacker.prune(after=timedelta(days=2))
    assert attacker.contents() == 21


async def test_what_an_approval_and_a_letter_rest_on_stays(attacker: Attacker) -> None:
    world = attacker.world
    claim = await world.claim()
    await world.prove(claim)
    approving = (await world.validate(claim)).run
    assert approving.result is RunResult.APPROVED
    for n in range(25):
        await attacker.has_checked(claim, [LONG + bytes([n])])
    await attacker.prune()
    assert approving.id in attacker.kept()
    assert len(attacker.kept()) == 21


async def test_what_an_approval_rests_on_stays_when_all_of_it_has_passed_again(
    attacker: Attacker,
) -> None:
    """The newest passes stay in any case: this is about those that they have replaced."""
    world = attacker.world
    claim = await world.claim()
    await world.prove(claim)
    approving = (await world.validate(claim)).run
    now = world.clock.now()
    passes = [Finding(one, Passed(""), now, (RawAnswer("", "", LONG, now),)) for one in Check]
    again = await attacker.has_found(claim, RunResult.PASSED, passes)
    for n in range(25):
        await attacker.has_checked(claim, [LONG + bytes([n])])
    await attacker.prune()
    assert {approving.id, again} <= set(attacker.kept())
    assert len(attacker.kept()) == 22


@pytest.mark.parametrize("lettered", [False, True])
async def test_30_days_after_closing_only_what_a_letter_rests_on_stays(
    attacker: Attacker, *, lettered: bool
) -> None:
    world = attacker.world
    claim = await claimed(world)
    await world.prove(claim)
    approving = (await world.validate(claim)).run
    if lettered:
        assert await write(world, claim)
    for n in range(3):
        await attacker.has_checked(claim, [LONG + bytes([n])])
    await remove(world, await world.now(claim))
    assert await attacker.prune(after=timedelta(days=30) - MINUTE) == 0
    assert len(attacker.kept()) == 4
    await attacker.prune(after=2 * MINUTE)
    await attacker.prune(after=timedelta(days=2))
    assert attacker.kept() == ([approving.id] if lettered else [])
    rows = attacker.asked(b"SELECT DISTINCT run_id FROM exhibits")
    assert rows == ([(approving.id,)] if lettered else [])
    assert (attacker.contents() > 0) is lettered
    assert attacker.usage()[0] == attacker.usage()[1]


async def test_closing_dates_few_runs_and_all_go_one_after_the_other(attacker: Attacker) -> None:
    """Of 200,000 runs, three weeks of one customer, no statement dates all in time."""
    claim = await attacker.world.claim()
    for n in range(30):
        await attacker.has_checked(claim, [LONG + bytes([n])])
    assert await attacker.prune() == 10
    await remove(attacker.world, claim)
    ((dated,),) = attacker.asked(b"SELECT count(raw_until) FROM validation_runs")
    assert dated == 21
    assert await attacker.prune() == 0
    await attacker.prune(after=timedelta(days=30))
    assert attacker.asked(b"SELECT count(*) FROM exhibits") == [(0,)]


async def test_beyond_the_quota_digests_are_kept_and_older_runs_make_room(
    attacker: Attacker,
) -> None:
    attacker.quota = 3000
    claim, world = await attacker.world.claim(), attacker.world
    first = [await attacker.has_checked(claim, [secrets.token_bytes(1000)]) for _ in range(5)]
    assert set(attacker.kept()) == set(first[:2])
    counted, there = attacker.usage()
    assert counted == there
    assert int(str(there)) <= attacker.quota
    await attacker.prune()
    assert await attacker.has_checked(claim, [secrets.token_bytes(1000)]) in attacker.kept()
    other = await world.claim("31.9.0.0/23", account_id=await world.new_account())
    assert await attacker.has_checked(other, [secrets.token_bytes(1000)]) in attacker.kept()


async def test_beyond_the_quota_a_run_is_kept_if_it_approves(attacker: Attacker) -> None:
    world, claim = attacker.world, await attacker.world.claim()
    full = RunValidation(world.store, world.ask, evidence_quota=0)
    await full(await world.request(claim), by=WORKER)
    assert attacker.kept() == []
    await world.prove(claim)
    await full(run_id := await world.request(claim), by=WORKER)
    assert (await world.now(claim)).approved
    assert attacker.kept() == [run_id]


async def test_no_transaction_frees_more_than_a_page(attacker: Attacker) -> None:
    claim = await attacker.world.claim()
    for n in range(28):
        await attacker.has_checked(claim, [bytes([n])])
    assert await attacker.prune(page=3) == 8
    pages = attacker.asked(
        b"SELECT count(*) FROM validation_runs WHERE raw_bytes = 0 GROUP BY xmin::text"
    )
    assert sorted(int(str(row[0])) for row in pages) == [2, 3, 3]


async def test_how_much_there_is_is_a_metric(attacker: Attacker) -> None:
    async def told() -> float:
        figures = await Gauges(attacker.world.engine).read()
        (figure,) = [one for one in figures if one.name == "byoip_evidence_bytes"]
        return figure.values[0][1]

    before, claim = await told(), await attacker.world.claim()
    await attacker.has_checked(claim, [secrets.token_bytes(10**6)])
    assert await told() > before + 10**6


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "aborted"])
async def test_finished_jobs_are_deleted_after_a_day_in_pages(
    attacker: Attacker, status: str
) -> None:
    with psycopg.connect(attacker.url) as connection:
        connection.execute("SET search_path = procrastinate, public")
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name)"
            " SELECT 'default', 'run_validation' FROM generate_series(1, 25)"
        )
        for step in ("doing", status):
            change = "UPDATE procrastinate_jobs SET status = CAST(%s AS procrastinate_job_status)"
            connection.execute(change, [step])
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'waits')"
        )
        connection.execute("UPDATE procrastinate_events SET at = at - interval '23 hours'")
    engine = attacker.world.engine
    assert await prune_finished(engine, page=10) == 0
    with psycopg.connect(attacker.url) as connection:
        later = b"UPDATE procrastinate.procrastinate_events SET at = at - interval '2 hours'"
        connection.execute(later)
    assert await prune_finished(engine, page=10) == 25
    left = attacker.asked(b"SELECT task_name FROM procrastinate.procrastinate_jobs")
    assert left == [("waits",)]
