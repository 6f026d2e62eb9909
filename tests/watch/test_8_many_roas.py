"""One customer's ROAs, however many, keep nobody else's prefix from being heard."""

import re
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from byoip.domain.checks.origin_validation import MOST_COVERING, TOO_MANY_COVER
from byoip.domain.claims.claim import Claim
from byoip.domain.watch.levels import Level, Signal
from byoip.store.checks import snapshots_sql
from byoip.store.watch.ending_roas import ENDING, MOST_ENDING, PREPARE, ending_roas
from byoip.usecases.watch import hear_roas
from tests.many_routes import add_routes, ipv4
from tests.trust.plans import rows_touched
from tests.usecases.routes import Routes, valid
from tests.usecases.world import CIDR, WORKER
from tests.watching import DAY, HOUR, Days, watch_of

MANY = MOST_COVERING + 50
THEIRS = "30.9.0.0/24"
Roa = dict[str, object]


@pytest.fixture(autouse=True)
def few_are_sifted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots_sql, "MOST_SIFTED", MANY - 1)


def of_others(cidr: str, many: int = MANY) -> list[Roa]:
    return [valid(cidr, origin=100_000 + one) for one in range(many)]


def soon(days: Days, one: Roa) -> Roa:
    return {**one, "expires": int((days.world.clock.now() + 3 * HOUR).timestamp())}


async def number(days: Days) -> int:
    async with days.world.engine.connect() as connection:
        found = await connection.scalar(text("SELECT number FROM current_vrp_snapshot"))
    assert isinstance(found, int)
    return found


async def listed(days: Days) -> set[object]:
    """What the next run would hear of the snapshot in use."""
    async with days.world.store.transaction() as tx:
        of = await number(days)
        until = days.world.clock.now() + 6 * HOUR
        return {*await tx.watches.disturbed(of, 100), *await ending_roas(tx.session, of, until, 9)}


async def heard(days: Days) -> bool:
    async with days.world.store.transaction() as tx:
        return await tx.watches.roa_news() is None


@pytest.fixture
async def both(days: Days, routes: Routes) -> tuple[list[Claim], Claim]:
    """Three prefixes of one account, and one of another; none is valid."""
    ours, world = await days.beside(routes.claim, 3), days.world
    world.account_id = await world.new_account()
    theirs = await world.approved(THEIRS)
    days.roas = [valid("99.0.0.0/8")]
    world.clock.advance(HOUR)
    await days.snapshot()
    await days.run()
    return ours, theirs


async def test_of_which_more_are_signed_than_are_read_each_is_listed_once(
    days: Days, both: tuple[list[Claim], Claim]
) -> None:
    ours, theirs = both
    before = (await days.watches(theirs))[Signal.ROA].failing_since
    days.roas = of_others("31.0.0.0/8")
    days.world.clock.advance(HOUR)
    await days.snapshot()
    assert await listed(days) == {theirs.id, *(one.id for one in ours)}
    short = replace(watch_of(days.world), seconds=0.0)  # hears one
    for _ in range(4):
        assert not await heard(days)
        await short(by=WORKER)
    assert await listed(days) == set()
    await short(by=WORKER)
    assert await heard(days)
    watch = (await days.watches(theirs))[Signal.ROA]
    assert (watch.failing_since, watch.failing_until) == (
        before,
        days.world.clock.now().replace(microsecond=0),
    )
    silent = [(await days.watches(one))[Signal.ROA] for one in ours]
    assert {one.doubt for one in silent} == {TOO_MANY_COVER}


@pytest.mark.usefixtures("both")
async def test_what_is_beyond_a_list_is_the_next_runs(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hear_roas, "_LISTED", 3)
    days.world.clock.advance(HOUR)
    await days.snapshot()
    await days.run()
    assert len(await listed(days)) == 1
    assert not await heard(days)
    await days.run()
    assert await listed(days) == set()
    assert await heard(days)


async def test_of_which_a_good_one_stands_among_many_each_is_listed_once(
    days: Days, routes: Routes
) -> None:
    good, others = valid(CIDR), of_others(CIDR, MOST_COVERING + 10)
    days.roas = [soon(days, good), *others, {**good, "maxLength": 23}]
    await days.snapshot()
    if await listed(days) == set():  # which of them are read first is the index's
        days.roas = [{**good, "maxLength": 23}, *others, soon(days, good)]
        days.world.clock.advance(timedelta(minutes=1))
        await days.snapshot()
    assert await listed(days) == {routes.claim.id}
    short = replace(watch_of(days.world), seconds=0.0)
    await short(by=WORKER)
    assert await listed(days) == set()
    await short(by=WORKER)
    assert await heard(days)
    watch = (await days.watches(routes.claim))[Signal.ROA]
    assert not watch.failing
    assert watch.good_at == days.world.clock.now().replace(microsecond=0)


@pytest.mark.parametrize("answered", [True, False])
async def test_silence_is_no_answer_the_row_of_those_that_say_no_begins_again(
    days: Days, routes: Routes, *, answered: bool
) -> None:
    none = [valid("99.0.0.0/8")]
    days.roas = none
    await days.go_on(5 * HOUR)
    days.roas = none if answered else of_others(CIDR)
    await days.go_on(HOUR)
    watch = (await days.watches(routes.claim))[Signal.ROA]
    assert watch.failing
    assert (watch.failing_until is None) is not answered
    days.roas = none
    await days.go_on(5 * HOUR)
    raised = Level.WARN if answered else Level.NONE
    assert await days.level(routes.claim, Signal.ROA) is raised
    await days.go_on(2 * HOUR)
    assert await days.level(routes.claim, Signal.ROA) is Level.WARN
    days.roas = of_others(CIDR)
    await days.go_on(HOUR)
    assert await days.level(routes.claim, Signal.ROA) is Level.WARN, "nor does a level fall by it"
    assert (await days.watches(routes.claim))[Signal.ROA].failing


async def test_silence_about_one_that_was_valid_begins_no_row(days: Days, routes: Routes) -> None:
    """Its drift was recorded; it is silent by the time at which it is heard."""
    days.roas = [valid("99.0.0.0/8")]
    await days.snapshot()
    days.roas = of_others(CIDR)
    days.world.clock.advance(HOUR)
    await days.snapshot()
    await days.run()
    watch = (await days.watches(routes.claim))[Signal.ROA]
    assert (watch.failing, watch.good_at, watch.doubt) == (False, None, TOO_MANY_COVER)
    days.roas = [valid("99.0.0.0/8")]
    await days.go_on(6 * HOUR)
    assert await days.level(routes.claim, Signal.ROA) is Level.NONE


async def test_accounts_take_turns(days: Days, database_url: str) -> None:
    (theirs,) = add_routes(database_url, ["40.0.0.0/24"])
    ours = [one for one in add_routes(database_url, ipv4(40)) if one.claim_id < theirs.claim_id]
    known = {theirs.claim_id, *(one.claim_id for one in ours)}
    days.roas = [valid(CIDR), soon(days, valid("40.0.0.0/24"))]
    days.roas += [soon(days, valid(one.cidr)) for one in ours]
    await days.snapshot()
    until = days.world.clock.now() + 6 * HOUR
    async with days.world.store.transaction() as tx:
        ending = list(await ending_roas(tx.session, await number(days), until, 100))
    days.world.clock.advance(DAY / 2)
    days.roas = [valid(CIDR)]
    await days.snapshot()
    async with days.world.store.transaction() as tx:
        disturbed = [
            one for one in await tx.watches.disturbed(await number(days), 100) if one in known
        ]
    for found in (ending, disturbed):
        assert {*found} == known
        assert len(found) == len(known)
        assert found.index(theirs.claim_id) <= 1


async def test_of_more_that_end_than_can_be_looked_up_blocks_take_turns(
    days: Days, database_url: str
) -> None:
    """A customer signs what it likes for its own block, and nobody else's warning is lost."""
    mine, theirs = add_routes(database_url, ["31.7.0.0/24", "40.0.0.0/24"], accounts=2)
    around = [soon(days, valid(f"31.7.{one}.0/24")) for one in range(20)]
    days.roas = [*around, soon(days, valid("40.0.0.0/24"))]
    await days.snapshot()
    asked, until = await number(days), days.world.clock.now() + 6 * HOUR
    async with days.world.store.transaction() as tx:
        found = await ending_roas(tx.session, asked, until, 9, roas=2)
    assert set(found) == {mine.claim_id, theirs.claim_id}


async def test_those_of_strangers_have_no_turn(days: Days, database_url: str) -> None:
    """Two hundred thousand of one hid every other's from the service until they had ended."""
    wide, narrow, six = add_routes(
        database_url, ["30.0.0.0/14", "40.0.0.0/24", "2410:1:2::/48"], accounts=3
    )
    strangers = [soon(days, valid(f"20.{one}.0.0/16")) for one in range(20)]
    others = [soon(days, {**valid("31.0.0.0/24"), "asn": 64_999})]
    ours = [valid("30.0.0.0/12"), valid("40.0.0.0/16"), valid("2410:1::/32")]
    lengths = {4: 24, 6: 48}
    ours = [{**one, "maxLength": lengths[6 if ":" in str(one["prefix"]) else 4]} for one in ours]
    days.roas = [*strangers, *others, *(soon(days, one) for one in ours)]
    await days.snapshot()
    asked, until = await number(days), days.world.clock.now() + 6 * HOUR
    async with days.world.store.transaction() as tx:
        found = await ending_roas(tx.session, asked, until, 9, roas=3)
    assert set(found) == {wide.claim_id, narrow.claim_id, six.claim_id}


async def test_nor_are_they_looked_up(days: Days, database_url: str) -> None:
    add_routes(database_url, ipv4(30))
    days.roas = [soon(days, valid(f"30.{one // 256}.{one % 256}.0/24")) for one in range(3000)]
    await days.snapshot()
    until = int((days.world.clock.now() + 6 * HOUR).timestamp())
    bounds = {"most": 100, "ceiling": MOST_ENDING, "roas": 3000}
    with psycopg.connect(database_url) as connection:
        connection.execute("ANALYZE")
        connection.execute(PREPARE.text, PREPARE.values)
        asked = {"number": await number(days), "until": until, **bounds}
        touched = rows_touched(connection, ENDING.text, {**ENDING.values, **asked})
        assert touched <= 3000 + 200, "each is read once"


async def test_blocks_are_found_by_a_hash_however_many_prefixes_there_are(
    days: Days, database_url: str
) -> None:
    """With 300,000 Postgres went through a thousand blocks for each ROA, which took it 28 s."""
    add_routes(database_url, ipv4(3000))
    asked = {"number": await number(days), "until": 1, "most": 9, "ceiling": 9, "roas": 9}
    with psycopg.connect(database_url) as connection:
        connection.execute("ANALYZE")
        connection.execute("SET LOCAL work_mem = '64kB'")  # as 200,000 are to what it has
        connection.execute(PREPARE.text, PREPARE.values)
        explain = b"EXPLAIN (COSTS off) " + ENDING.text
        rows = connection.execute(explain, {**ENDING.values, **asked}).fetchall()
    plan = "\n".join(line for (line,) in rows)
    assert len(set(re.findall(r"hashed SubPlan (\d+)", plan))) == 2, plan


async def test_of_one_roa_for_very_many_each_prefix_counts(days: Days, database_url: str) -> None:
    """Each is judged by up to two hundred ROAs."""
    add_routes(database_url, ipv4(5))
    days.roas = [soon(days, {**valid("20.0.0.0/8"), "maxLength": 24})]
    await days.snapshot()
    until, asked = days.world.clock.now() + 6 * HOUR, await number(days)
    async with days.world.store.transaction() as tx:
        found = [
            len(await ending_roas(tx.session, asked, until, 9, ceiling=most)) for most in (5, 4)
        ]
    assert found == [5, 0]
