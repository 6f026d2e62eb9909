"""Trust, 4.1: what ends in masses for one account is refused alone, and others' ends go on."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.claim import Claim
from byoip.domain.jobs.job_history import FLOOR
from byoip.usecases.claims import delegations
from tests.rules.estate import OWNER, Estate
from tests.rules.jobs import close_unproven, end_expired
from tests.store import samples
from tests.usecases.verbs import Verb


@pytest.fixture
def estate(engine: AsyncEngine) -> Estate:
    return Estate(engine)


async def unproven(estate: Estate, account_id: UUID, cidr: str) -> None:
    async with estate.store.transaction() as tx:
        await tx.claims.add(samples.claim(account_id, cidr))


async def lend(estate: Estate, claim: Claim, to: UUID) -> None:
    until = estate.clock.now() + timedelta(hours=1)
    await Verb(estate.store, delegations.delegate)(
        claim.account_id,
        claim.id,
        cidr=str(claim.prefix),
        delegated_account_id=to,
        expires_at=until,
        by=OWNER,
    )


async def test_claims_of_one_account_without_proof_keep_none_of_another_open(
    estate: Estate,
) -> None:
    many, one = await estate.account(), await estate.account()
    for number in range(FLOOR + 1):
        await unproven(estate, many, f"61.0.{number}.0/24")
    await unproven(estate, one, "62.0.0.0/24")
    estate.clock.advance(timedelta(days=31))
    assert await close_unproven(estate) == 0  # they are told a day before
    estate.clock.advance(timedelta(days=1))
    assert await close_unproven(estate) == 1
    assert await estate.ask("SELECT account_id FROM prefixes WHERE NOT live") == [(one,)]
    assert await estate.operators() == ["job.refused"]


async def test_delegations_of_one_account_that_expire_keep_none_of_another(
    estate: Estate,
) -> None:
    many, one = await estate.account(), await estate.account()
    for _ in range(FLOOR + 1):
        await lend(estate, await estate.advertised(many), one)
    await lend(estate, lent := await estate.advertised(one), many)
    estate.clock.advance(timedelta(hours=2))
    assert await end_expired(estate) == 1
    assert await estate.ask("SELECT prefix_id FROM delegations WHERE NOT live") == [(lent.id,)]
    assert await estate.operators() == ["job.refused"]
