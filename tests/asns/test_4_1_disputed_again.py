"""Time, 4.1: who has lost a dispute about an AS number, or left it, does not open it again."""

from datetime import timedelta

from sqlalchemy import text

from byoip.domain.asns.asn_dispute import QUIET
from byoip.domain.asns.own_asn import OwnAsn
from byoip.domain.asns.registration import AsnRange
from byoip.domain.watch.dispute import Side
from tests.asns.disputes import again, decide, open_ones, proves, rival, told
from tests.asns.numbers import CUSTOMER, Numbers

DAY = timedelta(days=1)


async def contested(numbers: Numbers) -> int:
    """How often operators were told."""
    async with numbers.engine.connect() as connection:
        asked = "SELECT count(*) FROM operator_events WHERE kind = 'own_asn.contested'"
        return int((await connection.execute(text(asked))).scalar_one())


async def another_token(numbers: Numbers, own: OwnAsn) -> None:
    await proves(numbers, await again(numbers, own))


async def test_who_has_lost_opens_no_other_and_operators_are_told(numbers: Numbers) -> None:
    claim = await numbers.served()
    other = await rival(numbers)
    await decide(numbers, Side.HOLDER)
    before = await contested(numbers)
    await another_token(numbers, other)  # a decision has made a new one
    assert not await open_ones(numbers)
    assert await contested(numbers) == before + 1
    assert len(await told(numbers, claim, "asn_dispute.opened")) == 1


async def test_a_season_later_it_may(numbers: Numbers) -> None:
    await numbers.served()
    other = await rival(numbers)
    await decide(numbers, Side.HOLDER)
    numbers.clock.advance(QUIET - DAY)
    async with numbers.engine.begin() as connection:
        fresh = "UPDATE own_asns SET token_expires_at = token_expires_at + interval '120 days'"
        await connection.execute(text(fresh))
    await another_token(numbers, other)
    assert not await open_ones(numbers)
    numbers.clock.advance(2 * DAY)
    await another_token(numbers, other)
    assert len(await open_ones(numbers)) == 1


async def test_whose_number_has_moved_since_may(numbers: Numbers) -> None:
    await numbers.served()
    other = await rival(numbers)
    await decide(numbers, Side.HOLDER)
    number = CUSTOMER.number
    await numbers.statistics(AsnRange(number, number, "ripencc", "allocated", "another"))
    await another_token(numbers, other)
    assert len(await open_ones(numbers)) == 1


async def test_who_gives_the_number_up_and_brings_it_again_opens_no_other(
    numbers: Numbers,
) -> None:
    claim = await numbers.served()
    account = await numbers.new_account()
    for _ in range(3):
        own = await numbers.bring(account_id=account)
        await proves(numbers, own)
        await numbers.remove_asn(await again(numbers, own))
    assert len(await told(numbers, claim, "asn_dispute.opened")) == 1
    own = await numbers.bring(account_id=account)
    await proves(numbers, own)
    assert not await open_ones(numbers)


async def test_a_third_account_opens_its_own(numbers: Numbers) -> None:
    await numbers.served()
    await rival(numbers)
    await decide(numbers, Side.HOLDER)
    await rival(numbers)
    assert len(await open_ones(numbers)) == 1


async def test_the_holder_that_has_lost_opens_none_either(numbers: Numbers) -> None:
    await numbers.served()
    [own] = await numbers.reads.page(numbers.account_id, after=None, limit=10)
    await rival(numbers)
    await decide(numbers, Side.CLAIMANT)
    await another_token(numbers, own)
    assert not await open_ones(numbers)
