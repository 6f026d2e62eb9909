"""A process dies between any two steps: the next goes on, and nothing is done twice or lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.claim import Claim
from byoip.domain.errors import Refusal
from byoip.domain.history import Actor
from byoip.domain.routes.bgp_prefix import BgpPrefix
from byoip.domain.routes.breaker import Parked, Source, WithdrawalsStopped
from byoip.ports.clock import Clock
from byoip.store.transaction import Store, Transaction
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from byoip.usecases.routes.withdraw import tripping, withdraw
from tests.rules.estate import GRACE, WIDE, WORKER, Estate


class Died(BaseException):
    """The process is gone."""


class MortalStore(Store):
    """Dies at the n-th transaction: before its end, or right after it."""

    def __init__(self, engine: AsyncEngine, clock: Clock, *, at: int, after: bool) -> None:
        super().__init__(engine, clock, WIDE)
        self._left = at
        self._after = after

    @asynccontextmanager
    async def transaction(self, *args: Any, **kwargs: Any) -> AsyncIterator[Transaction]:
        self._left -= 1
        async with super().transaction(*args, **kwargs) as tx:
            yield tx
            if self._left == 0 and not self._after:
                raise Died
        if self._left == 0:
            raise Died


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after it"])
@pytest.mark.parametrize("at", range(1, 13))
async def test_a_job_that_dies_anywhere_is_continued(
    estate: Estate, at: int, *, after: bool
) -> None:
    claim = await estate.advertised(await estate.account(), 1)
    await estate.offboard(claim)
    mortal = MortalStore(estate.engine, estate.clock, at=at, after=after)
    with suppress(Died):
        await ContinueOffboardings(mortal, estate.clock, GRACE)(by=WORKER)
    assert await estate.up(claim) == 0 or await estate.bound(claim) == 1
    await estate.go_on()
    assert (await estate.up(claim), await estate.bound(claim)) == (0, 0)
    assert await estate.step(claim) == "grace"
    kinds = [kind for kind, _ in await estate.kinds(claim)]
    assert kinds == [
        "prefix.offboarding",
        "bgp_prefix.withdrawn",
        "bgp_prefix.withdrawn",
        "offboarding.withdrawn",
        "binding.removed",
        "offboarding.unbound",
    ]
    assert await estate.one("SELECT count(*) FROM withdrawals") == 2
    assert (await estate.restore(claim)).withheld == ()
    assert await estate.up(claim) == 2


@pytest.mark.parametrize("at", range(1, 6))
async def test_one_that_dies_while_it_closes_is_continued(estate: Estate, at: int) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await estate.go_on()
    estate.clock.advance(GRACE)
    mortal = MortalStore(estate.engine, estate.clock, at=at, after=False)
    with suppress(Died):
        await ContinueOffboardings(mortal, estate.clock, GRACE)(by=WORKER)
    await estate.go_on()
    assert await estate.state(claim) == ("closed", "offboarding")
    assert [kind for kind, _ in await estate.kinds(claim)].count("prefix.closed") == 1


async def test_two_workers_do_its_work_once(estate: Estate) -> None:
    account_id = await estate.account()
    claims = [await estate.advertised(account_id, 1, 2) for _ in range(4)]
    for claim in claims:
        await estate.offboard(claim)
    await asyncio.gather(*(estate.go_on() for _ in range(4)))
    assert await estate.one("SELECT count(*) FROM withdrawals") == 12
    for claim in claims:
        kinds = [kind for kind, _ in await estate.kinds(claim)]
        assert kinds.count("offboarding.unbound") == kinds.count("binding.removed") == 1
        assert await estate.step(claim) == "grace"


@dataclass
class Owner:
    """Withdraws by request, as a PATCH does."""

    estate: Estate

    async def withdraw(self, claim: Claim) -> None:
        estate, by = self.estate, Actor("credential:1", "request-patch")
        async with tripping(estate.store), estate.store.transaction(actor=by) as tx:
            await tx.claims.lock(claim.id)
            for route in await tx.bgp_prefixes.of(claim.id):
                if route.desired.advertised:
                    await self._one(tx, route)

    async def _one(self, tx: Transaction, route: BgpPrefix) -> None:
        await withdraw(tx, route, source=Source.REQUEST)


async def test_offboarding_and_a_patch_at_once_withdraw_each_route_once(estate: Estate) -> None:
    for _ in range(5):
        claim = await estate.advertised(await estate.account(), 1)
        await estate.offboard(claim)
        await asyncio.gather(estate.go_on(), Owner(estate).withdraw(claim), estate.go_on())
        await estate.go_on()
        assert (await estate.up(claim), await estate.step(claim)) == (0, "grace")
    assert await estate.one("SELECT count(*) FROM withdrawals") == 10


async def test_a_restore_beside_a_running_job_ends_with_everything_up(estate: Estate) -> None:
    for _ in range(8):
        claim = await estate.advertised(await estate.account(), 1)
        await estate.offboard(claim)
        await asyncio.gather(estate.go_on(), estate.restore(claim))
        await estate.go_on()
        assert (await estate.up(claim), await estate.bound(claim)) == (2, 1)
        assert await estate.state(claim) == ("approved", "ok")


async def test_a_rearming_beside_a_running_job_leaves_nothing_between(estate: Estate) -> None:
    estate = Estate(estate.engine, estate.clock, replace(WIDE, per_account=2))
    account_id = await estate.account()
    claims = [await estate.advertised(account_id) for _ in range(6)]
    for claim in claims:
        await estate.offboard(claim)
    await estate.go_on()
    ended = await asyncio.gather(
        estate.go_on(), estate.rearm(Parked.CANCELLED), estate.go_on(), return_exceptions=True
    )
    assert [one for one in ended if isinstance(one, BaseException)] == []
    for claim in claims:
        state, step = await estate.state(claim), await estate.step(claim)
        assert (state[1] == "offboarding") == (step is not None)
        assert await estate.bound(claim) == 1 or await estate.up(claim) == 0


async def test_a_stopped_withdrawal_changes_nothing(estate: Estate) -> None:
    estate = Estate(estate.engine, estate.clock, replace(WIDE, per_account=1))
    account_id = await estate.account()
    first, second = [await estate.advertised(account_id) for _ in range(2)]
    await Owner(estate).withdraw(first)
    before = await estate.routes(second)
    with pytest.raises(WithdrawalsStopped) as stopped:
        await Owner(estate).withdraw(second)
    assert isinstance(stopped.value, Refusal)
    assert await estate.routes(second) == before
    assert await estate.kinds(second) == []
