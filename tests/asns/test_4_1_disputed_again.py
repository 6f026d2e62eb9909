"""Time, 4.1: who has lost a dispute about an AS number, or left it, does not open it again."""

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from byoip.domain.asns.asn_dispute import QUIET
from byoip.domain.asns.own_asn import OwnAsn
from byoip.domain.asns.registration import AsnRange
from byoip.domain.watch.dispute import Side
from byoip.store.asns import asn_disputes
from tests.asns.disputes import again, decide, first, open_ones, proves, published, rival, told
from tests.asns.numbers import CUSTOMER, Numbers
from tests.trust.plans import rows_touched

DAY = timedelta(days=1)
FEW = 100  # rows of other tests beside them, where a table is as small as a page


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


async def proven(numbers: Numbers, own: OwnAsn) -> None:
    """By the newest token of it, where no other account has the number any more."""
    own = await again(numbers, own)
    async with numbers.registry_up():
        numbers.aut_num(*published(own))
        assert (await numbers.validate_asn(own)).proven


async def test_the_holder_that_gives_it_up_meanwhile_opens_none_against_who_proves_it_then(
    numbers: Numbers,
) -> None:
    own = await numbers.approve(await numbers.bring())
    other = await rival(numbers)
    await numbers.remove_asn(own)
    numbers.clock.advance(DAY)
    await proven(numbers, await numbers.reissue(other))
    before = await contested(numbers)
    await proves(numbers, await numbers.bring())
    assert not await open_ones(numbers)
    assert await contested(numbers) == before + 1


@pytest.mark.parametrize("anew", [False, True], ids=["the same row", "another row"])
async def test_nor_does_one_whose_proof_an_operator_takes_back_meanwhile(
    numbers: Numbers, anew: bool
) -> None:
    own = await numbers.approve(await numbers.bring())
    other = await rival(numbers)
    own = await numbers.revoke(own)
    numbers.clock.advance(DAY)
    await proven(numbers, await numbers.reissue(other))
    if anew:
        await numbers.remove_asn(own)
        own = await numbers.bring()
    await another_token(numbers, own)
    assert not await open_ones(numbers)


async def test_who_was_left_by_the_other_has_lost_nothing(numbers: Numbers) -> None:
    """The holder gave it up; the claimant does later, and brings it again."""
    own = await numbers.approve(await numbers.bring())
    other = await rival(numbers)
    await numbers.remove_asn(own)
    numbers.clock.advance(DAY)
    await numbers.remove_asn(await again(numbers, other))
    third = await numbers.bring(account_id=await numbers.new_account())
    await proven(numbers, third)
    await proves(numbers, await numbers.bring(account_id=other.account_id))
    assert len(await open_ones(numbers)) == 1


async def test_nor_has_a_holder_whose_claimant_left(numbers: Numbers) -> None:
    own = await numbers.approve(await numbers.bring())
    await numbers.remove_asn(await rival(numbers))
    numbers.clock.advance(DAY)
    await numbers.remove_asn(await first(numbers))
    third = await numbers.bring(account_id=await numbers.new_account())
    await proven(numbers, third)
    await proves(numbers, await numbers.bring(account_id=own.account_id))
    assert len(await open_ones(numbers)) == 1


ELSEWHERE = """
    INSERT INTO own_asns (id, account_id, asn, state, token, token_expires_at, holder, evidence,
        seen, fix, doubt, created_at, modified_at, ended_at, version)
    SELECT gen_random_uuid(), account_id, asn, 'pending', replace(gen_random_uuid()::text, '-', ''),
        token_expires_at, '', '', '', '', '', created_at, modified_at, modified_at, 1
    FROM own_asns, generate_series(1, 5000) WHERE ended_at IS NULL;
    SET LOCAL session_replication_role = replica;
    INSERT INTO asn_disputes (id, asn, holder_id, claimant_id, opened_at, decide_from, token,
        proven_by, registry, holder, evidence, ended_at, ended)
    SELECT gen_random_uuid(), asn + one, holder_id, claimant_id, opened_at, decide_from, token,
        proven_by, registry, holder, evidence, opened_at, 'holder'
    FROM asn_disputes, generate_series(1, 5000) AS one;
    INSERT INTO asn_disputes (id, asn, holder_id, claimant_id, opened_at, decide_from, token,
        proven_by, registry, holder, evidence, ended_at, ended)
    SELECT gen_random_uuid(), asn, holder_id, claimant_id, opened_at - interval '1 year',
        decide_from, token, proven_by, registry, holder, evidence, opened_at - interval '1 year',
        'holder'
    FROM asn_disputes, generate_series(1, 5000) WHERE ended_at IS NULL;
"""


@pytest.mark.parametrize("known", [False, True], ids=["without statistics", "with statistics"])
async def test_it_is_asked_by_an_index_for_the_numbers_rows_are_locked(
    numbers: Numbers, restored_url: str, known: bool
) -> None:
    await numbers.served()
    other = await rival(numbers)
    asked = {"account_id": other.account_id, "asn": other.asn.number}
    since = {"since": numbers.clock.now() - QUIET}
    async with numbers.engine.begin() as connection:
        for statement in ELSEWHERE.split(";")[:-1]:
            await connection.execute(text(statement))
    await decide(numbers, Side.HOLDER)
    with psycopg.connect(restored_url, autocommit=True) as direct:
        if known:
            direct.execute("ANALYZE own_asns, asn_disputes")
        assert rows_touched(direct, asn_disputes._LOST.text, {**asked, **since}) <= FEW
