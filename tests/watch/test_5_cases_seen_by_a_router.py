"""Time, section 5: what a customer's records go through, with real speakers; no route went.

Each case is judged in its own test (`test_5_holders.py`, `test_5_records.py` and others); here a
router's log says of all of them, one after the other, that nothing was withdrawn. The rest of that
section's cases: disputes in `test_5_6_seen_by_a_router.py`, ASPAs in `tests/asns`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TypeAlias
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.watch.levels import Level, Signal
from byoip.usecases.checks.perspectives.corroborate import Corroborate
from byoip.usecases.checks.run_validation import RunValidation
from tests.announcing import until
from tests.fakes.dns import SERVERS
from tests.perspectives.agents import AMSTERDAM, agent
from tests.real.edge import Edge
from tests.routes.judging import Judge
from tests.routes.test_2_1_seen_by_a_router import holds
from tests.usecases.routes import Routes, valid
from tests.usecases.world import CIDR, WORKER
from tests.watch.test_5_6_seen_by_a_router import BESIDE, nothing_went, seen_up
from tests.watch.test_5_holders import sold
from tests.watch.test_5_records import STEP, WEEK, ZONES, looks, zone_lost
from tests.watching import DAY, Days

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

A_SYNC = 1.5  # seconds, of one each second


@dataclass
class Field:
    """Routes that are up, what happens to their records, and a router that sees them.

    Attributes:
        others: claims beside that of `routes`, up as well.
    """

    days: Days
    routes: Routes
    others: Sequence[Claim]
    judge: Judge

    @property
    def claim(self) -> Claim:
        return self.routes.claim

    async def two_files(self) -> None:
        for _ in range(2):
            self.days.world.clock.advance(DAY)
            await self.days.files()
            await self.days.run()

    async def frozen(self, signal: Signal, *claims: Claim) -> None:
        for one in claims or (self.claim,):
            assert signal in await self.days.frozen_for(one), one.prefix


async def the_maintainer_is_renamed(field: Field) -> None:
    text = f"route: {CIDR}\norigin: AS64500\nmnt-by: B-MNT\nsource: RIPE"
    field.days.world.registry.put("RIPE", text)
    await looks(field.days, 3)
    assert await field.days.level(field.claim, Signal.ROUTE_OBJECT) is Level.NOTICE
    assert await field.days.frozen_for(field.claim) == set()


async def the_zone_goes_elsewhere_and_comes_back(field: Field) -> None:
    days = field.days
    for names, level in (
        (("ns1.elsewhere.test.",), Level.NOTICE),
        (
            [name for name, _ in SERVERS],
            Level.NONE,
        ),
    ):
        days.world.dns.delegate(ZONES[0], *names)
        await looks(days, 3)
        assert await days.level(field.claim, Signal.ZONE_SERVERS) is level
    assert await days.frozen_for(field.claim) == set()


async def the_roa_is_deleted_for_hours_and_for_days_and_is_back(field: Field) -> None:
    """As an outage of a registry has it; no level of that is a freeze, and it ends with the ROA."""
    days = field.days
    for gone_for, level in ((timedelta(hours=2), Level.NONE), (timedelta(days=2), Level.WARN)):
        days.roas = [valid("30.0.0.0/8")]
        await days.go_on(gone_for, step=min(STEP, gone_for / 2))
        assert await days.level(field.claim, Signal.ROA) is level
        await nothing_went(field.judge, A_SYNC)
        days.roas = [valid(CIDR), valid(BESIDE)]
        await days.go_on(STEP, step=STEP)
        assert await days.level(field.claim, Signal.ROA) is Level.NONE
        assert await days.frozen_for(field.claim) == set()


async def its_speakers_restart_one_after_the_other(field: Field) -> None:
    """Under the freeze each is loaded as always: it holds the route again, and opens."""
    edge, both = field.judge.edge, {*field.judge.ledger}
    for name, daemon in edge.daemons.items():
        daemon.kill()
        await until(partial(down, edge, name))
        daemon.start()
        await until(partial(holds, edge, name, both))
        await until(partial(edge.router.is_up, name))
    await field.frozen(Signal.ROA)


def down(edge: Edge, name: str) -> bool:
    return not edge.router.is_up(name)


async def the_roa_is_deleted_for_a_week(field: Field) -> None:
    field.days.roas = [valid("30.0.0.0/8")]
    await field.days.go_on(WEEK + STEP, step=STEP)
    await field.frozen(Signal.ROA)


async def the_customer_is_attacked_during_the_freeze(field: Field) -> None:
    """It takes its route back, and under attack it needs it again, without its ROA."""
    prefix, days, judge = field.claim.prefix, field.days, field.judge
    judge.may_go(prefix)
    await field.routes.patch(advertised=False)
    await judge.edge.until_gone(prefix)
    days.world.clock.advance(DAY)
    await days.snapshot()
    judge.have_announced(prefix)
    await field.routes.patch(advertised=True)
    await judge.edge.until_seen(prefix)
    await field.frozen(Signal.ROA)


async def a_places_path_is_hijacked_and_then_all_are_silent(field: Field) -> None:
    """The new proof would lift the freeze: it does not count, and nothing else comes of it."""
    world, claim = field.days.world, field.claim
    field.days.roas = [valid(CIDR)]
    await field.days.snapshot()
    world.txt(claim.prefix, (await world.issue(claim)).token.value)
    async with agent(world.directory, AMSTERDAM, Ed25519PrivateKey.generate(), deadline=10) as one:
        elsewhere = Corroborate([one.client], decide=True)
        for end in (RunResult.FAILED, RunResult.UNANSWERED):
            run_id = await world.request(claim)
            await RunValidation(world.store, replace(world.ask, elsewhere=elsewhere))(
                run_id, by=WORKER
            )
            ended = await world.reader.run(claim.account_id, claim.id, run_id)
            assert ended.run.result is end
            one.stop()
    await field.frozen(Signal.ROA)


async def the_zone_is_lost(field: Field) -> None:
    await zone_lost(field.days)
    await field.frozen(Signal.REVERSE_ZONE)


async def another_has_the_roa(field: Field) -> None:
    field.days.roas = [valid(CIDR, origin=64501), valid(BESIDE, origin=64501)]
    await field.days.go_on(DAY + STEP, step=STEP)
    await field.frozen(Signal.ROA_INVALID)


async def all_roas_of_a_registry_are_lost(field: Field) -> None:
    days, every = field.days, (field.claim, *field.others)
    days.roas = [{**one, "asn": 64501} for one in days.roas]
    await days.go_on(DAY + 2 * STEP, step=STEP)
    frozen = [one for one in every if Signal.ROA_INVALID in await days.frozen_for(one)]
    held = {one.signal: one.rises for one in await days.world.reader.watches.held_rises()}
    assert (len(frozen), held[Signal.ROA_INVALID]) == (5, len(every) - 5)
    days.roas = [{**one, "asn": 64500} for one in days.roas]
    await days.go_on(STEP, step=STEP)


async def ids_are_rekeyed_with_a_sale_on_the_same_day(field: Field) -> None:
    """All holders get new ids; one of two rows of a holder goes to another as well."""
    sale, rows = str(field.others[2].prefix), field.days.rows["ripencc"]
    rows.append(("31.30.0.0/24", "allocated", "holder-3"))
    await field.two_files()
    field.days.rows["ripencc"] = [
        (cidr, status, "new-spare-7" if cidr == sale else f"new-{holder}")
        for cidr, status, holder in rows
    ]
    await field.two_files()
    await field.frozen(Signal.HOLDER, field.others[2])
    assert Signal.HOLDER not in await field.days.frozen_for(field.claim)


async def it_is_sold(field: Field) -> None:
    for _ in range(2):
        await sold(field.days, (CIDR, "allocated", "buyer"))
    await field.frozen(Signal.HOLDER)


async def the_former_lessee_renews_by_the_old_zone(field: Field) -> None:
    world, claim = field.days.world, field.claim
    token = (await world.issue(claim, TokenMethod.RDNS)).token
    world.txt(claim.prefix, token.value)
    await field.days.snapshot()
    await world.validate(claim)
    assert "prefix.still_frozen" in await world.kinds(claim)
    await field.frozen(Signal.HOLDER)


async def it_is_returned(field: Field) -> None:
    returned, rows = field.others[1], field.days.rows["ripencc"]
    gone = str(returned.prefix)
    field.days.rows["ripencc"] = [
        (gone, "available", "") if one[0] == gone else one for one in rows
    ]
    await field.two_files()
    await field.frozen(Signal.HOLDER, returned)


async def it_moves_to_another_registry(field: Field) -> None:
    moved = field.others[0]
    rows = field.days.rows["ripencc"]
    field.days.rows["ripencc"] = [one for one in rows if one[0] != str(moved.prefix)]
    field.days.rows["apnic"] = [(str(moved.prefix), "allocated", "buyer")]
    await field.two_files()
    await field.frozen(Signal.HOLDER, moved)


async def a_worker_sleeps_for_a_week(field: Field) -> None:
    field.days.world.clock.advance(WEEK)
    await field.days.files()
    await field.days.snapshot()
    await field.days.run()
    await field.frozen(Signal.HOLDER)


Case: TypeAlias = Callable[[Field], Awaitable[None]]
RECORDS: list[Case] = [
    the_maintainer_is_renamed,
    the_zone_goes_elsewhere_and_comes_back,
    the_roa_is_deleted_for_hours_and_for_days_and_is_back,
    the_roa_is_deleted_for_a_week,
    its_speakers_restart_one_after_the_other,
    the_customer_is_attacked_during_the_freeze,
    a_places_path_is_hijacked_and_then_all_are_silent,
    the_zone_is_lost,
    another_has_the_roa,
]
HOLDERS: list[Case] = [
    all_roas_of_a_registry_are_lost,
    ids_are_rekeyed_with_a_sale_on_the_same_day,
    it_is_sold,
    the_former_lessee_renews_by_the_old_zone,
    it_is_returned,
    it_moves_to_another_registry,
    a_worker_sleeps_for_a_week,
]


@pytest.mark.parametrize(
    ("cases", "many"), [(RECORDS, 1), (HOLDERS, 9)], ids=["records", "holders"]
)
async def test_no_case_takes_a_route_down(
    days: Days, routes: Routes, services: dict[str, UUID], cases: list[Case], many: int
) -> None:
    others = (await days.beside(routes.claim, many))[1:]
    async with seen_up(days, routes, services, *others) as judge:
        field = Field(days, routes, others, judge)
        for case in cases:
            await case(field)
            await nothing_went(judge, A_SYNC)
