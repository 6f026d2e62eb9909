"""A run of the job ends in time and hands the rest on."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import cast
from uuid import UUID

import pytest
from sqlalchemy import text

from byoip.domain.checks.reverse_dns.observation import DelegationSeen
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.claims.claim import Claim
from byoip.domain.watch.holding import translation
from byoip.domain.watch.levels import Level, Signal
from byoip.store.watch import rekeying
from byoip.store.watch.files_in_use import files_in_use
from byoip.usecases.jobs.isolate_rows import IsolatedRows, RowsFailed
from byoip.usecases.watch.hear_roas import HearRoas
from byoip.usecases.watch.keep_proofs import KeepProofs
from tests.announcing import Fleet
from tests.counting import counted
from tests.usecases.routes import Routes
from tests.usecases.world import WORKER
from tests.watching import DAY, Days, watch_of

MANY = 4
_SPOIL = text("UPDATE prefix_watches SET baseline = 'no JSON' WHERE prefix_id = :id")


@pytest.fixture
async def claims(days: Days, routes: Routes) -> list[Claim]:
    return await days.beside(routes.claim, MANY)


async def risen(days: Days, claims: list[Claim], signal: Signal) -> int:
    return sum([await days.level(one, signal) is not Level.NONE for one in claims])


async def test_roa_data_that_takes_longer_is_heard_in_several_runs(
    days: Days, claims: list[Claim]
) -> None:
    days.roas = [{**one, "asn": 64501} for one in days.roas]
    days.world.clock.advance(DAY / 24)
    await days.snapshot()
    short = replace(watch_of(days.world), seconds=0.0)
    for heard in range(1, MANY + 1):
        async with days.world.store.transaction() as tx:
            assert await tx.watches.roa_news() is not None
        await short(by=WORKER)
        assert await risen(days, claims, Signal.ROA_INVALID) == heard
    await short(by=WORKER)
    async with days.world.store.transaction() as tx:
        assert await tx.watches.roa_news() is None


async def test_statistics_that_take_longer_are_heard_in_several_runs(
    days: Days, claims: list[Claim]
) -> None:
    ours = {str(one.prefix) for one in claims}
    days.rows["ripencc"] = [
        (cidr, status, "buyer" if cidr in ours else holder)
        for cidr, status, holder in days.rows["ripencc"]
    ]
    days.world.clock.advance(DAY)
    await days.files()
    short = replace(watch_of(days.world), seconds=0.0)
    for heard in range(1, MANY + 1):
        await short(by=WORKER)
        assert await risen(days, claims, Signal.HOLDER) == heard


async def test_a_look_that_fails_as_nobody_foresaw_ends_no_other(
    days: Days, claims: list[Claim]
) -> None:
    days.world.clock.advance(2 * DAY)
    answers = days.world.dns.find_delegation

    async def find_delegation(zone: ReverseZone, label: str, account_id: UUID) -> DelegationSeen:
        if zone.name == "0.1.31.in-addr.arpa.":
            raise TypeError("nobody foresaw this")
        return await answers(zone, label, account_id)

    days.world.dns.find_delegation = find_delegation  # type: ignore[method-assign]
    with pytest.raises(RowsFailed) as raised:
        await days.run()
    assert raised.value.rows == (claims[1].id,)
    now = days.world.clock.now()
    looked = [(await days.watches(one))[Signal.REVERSE_ZONE].looked_at == now for one in claims]
    assert looked == [True, False, True, True]


async def test_what_cannot_be_read_of_one_prefix_keeps_no_other_from_being_heard(
    days: Days, claims: list[Claim]
) -> None:
    """Else for one row no holder was compared with a new file, nor was anything looked at."""
    async with days.world.store.transaction() as tx:
        await tx.connection.execute(_SPOIL, {"id": claims[0].id})
    await days.files("ripencc")
    with pytest.raises(RowsFailed) as raised:
        await days.run()
    assert set(raised.value.rows) == {claims[0].id}
    heard = [(await days.watches(one))[Signal.HOLDER].heard for one in claims]
    assert heard[0] is not None
    assert {heard[0] + 1} == {*heard[1:]}


async def test_a_part_that_fails_keeps_no_other_from_its_work(
    days: Days, claims: list[Claim]
) -> None:
    async def fail(*_: object, by: object) -> None:
        raise ValueError(f"as nobody foresaw, {by}")

    world = days.world
    world.clock.advance(DAY)
    async with world.store.transaction() as tx:
        for one in claims:
            await tx.watches.next_look(one.id, world.clock.now())
    watch = watch_of(world)
    failing = replace(watch, hear_roas=cast("HearRoas", fail))
    with pytest.raises(ValueError, match="as nobody foresaw"):
        await failing(by=WORKER)
    async with world.store.transaction() as tx:
        assert await tx.watches.due(world.clock.now(), MANY) == [], "all were looked at"


async def test_new_ids_are_matched_in_a_thread_and_read_once_for_a_page(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def told(rows: Mapping[tuple[str, str], int]) -> dict[str, str]:
        threads.append(threading.current_thread())
        return translation(rows)

    monkeypatch.setattr(rekeying, "translation", told)
    days.rows["ripencc"] = [
        (cidr, status, f"new-{holder}") for cidr, status, holder in days.rows["ripencc"]
    ]
    days.world.clock.advance(DAY)
    await days.files()
    assert [one is threading.main_thread() for one in threads] == [False]
    with counted(monkeypatch) as asked:
        await days.run()
    assert len([one for one in asked if "FROM registry_rekeys" in one]) == 1
    async with days.world.store.transaction() as tx:
        newest = max(one.number for one in (await files_in_use(tx.session)).values())
        assert await tx.watches.unheard(newest, (0, UUID(int=0)), 10) == []


async def test_thousands_of_approvals_in_a_minute_are_not_all_looked_at_in_one_run(
    days: Days,
) -> None:
    for place in range(1, 13):
        await days.world.approved(f"31.{place}.0.0/24")
    few = replace(watch_of(days.world), new_ones=1)  # eight begin at once
    looked = [await few(by=WORKER) for _ in range(3)]
    assert looked == [8, 4, 0]


async def test_nor_are_all_their_proofs_dated_in_one_run(fleet: Fleet) -> None:
    await fleet.add(*(f"31.0.{number}.0/24" for number in range(130)))
    keep, dated = KeepProofs(fleet.store, fleet.clock), []
    for _ in range(2):
        await keep(IsolatedRows("watch_prefixes"), inf, by=WORKER)
        dated += await fleet.ask("SELECT count(*) FROM prefixes WHERE proof_due_at > now()")
    assert dated == [(100,), (130,)]
