"""Trust 4.4: name servers of one account's zones use up no look at the zones of others."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.claim import Claim
from byoip.store.accounts.rate_limits import Allowance
from byoip.store.checks.dns_budget import PostgresDnsBudget
from byoip.usecases.watch.look import Look
from tests.adapters.dns_script import LABEL, Script, playing
from tests.usecases.world import WORKER, World

PER_HOUR = 100


async def test_each_accounts_zones_have_a_budget_of_their_own(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    world = World(engine, tmp_path)
    mine, other, its_own = await world.new_account(), await world.new_account(), 0
    claims = [
        await world.approved(cidr, account_id=whose)
        for cidr, whose in (("31.0.0.0/22", mine), ("31.0.8.0/24", other))
    ]
    budget = PostgresDnsBudget(Allowance(engine), PER_HOUR)
    script = Script(budget=budget)
    async with playing(script) as adapter:
        look = Look(world.store, world.registry, adapter, LABEL)

        async def asked(claim: Claim) -> int:
            before = len(script.asked) + len(script.met)
            await look(claim.id, by=WORKER)
            return len(script.asked) + len(script.met) - before

        while its_own < PER_HOUR and (more := await asked(claims[0])):
            its_own += more
        assert 0 < its_own <= PER_HOUR
        assert await asked(claims[0]) == 0
        assert await asked(claims[1]) > 0
    assert await budget.take(mine, 1) is None  # a validation run of its own has its budget still
