import asyncio
import gc
from contextlib import AsyncExitStack
from uuid import uuid4

from byoip.adapters.checks.dns_exchange import DnsConcurrency, Share


async def taken(share: Share, holding: AsyncExitStack) -> bool:
    """Whether a turn was to be had; it is kept until the stack is left."""
    try:
        async with asyncio.timeout(0.02):
            await holding.enter_async_context(share.turn())
    except TimeoutError:
        return False
    return True


async def test_an_account_gets_a_quarter_however_many_zones_it_has() -> None:
    turns = DnsConcurrency(8)
    large, other = uuid4(), uuid4()
    shares = [turns.of(large) for _ in range(128)]
    async with AsyncExitStack() as holding:
        got = [await taken(share, holding) for share in shares[:4]]
        assert got == [True, True, False, False]
        assert await taken(turns.of(other), holding)
    async with AsyncExitStack() as holding:
        assert await taken(shares[-1], holding)


async def test_who_waits_for_its_own_share_takes_nothing_from_the_others() -> None:
    turns = DnsConcurrency(4)
    share = turns.of(uuid4())
    async with AsyncExitStack() as holding:
        assert await taken(share, holding)
        waiting = [asyncio.create_task(taken(share, holding)) for _ in range(10)]
        for _ in range(3):
            assert await taken(turns.of(uuid4()), holding)
        assert not any(await asyncio.gather(*waiting))


async def test_all_accounts_together_get_no_more_than_all() -> None:
    turns = DnsConcurrency(4)
    async with AsyncExitStack() as holding:
        got = [await taken(turns.of(uuid4()), holding) for _ in range(6)]
    assert got == [True] * 4 + [False] * 2


async def test_the_smallest_share_is_one() -> None:
    async with AsyncExitStack() as holding:
        assert await taken(DnsConcurrency(1).of(uuid4()), holding)


def test_a_share_is_the_same_while_held_and_forgotten_afterwards() -> None:
    turns = DnsConcurrency(4)
    account_id = uuid4()
    held = turns.of(account_id)
    same = turns.of(account_id) is held
    remembered = len(turns._shares)
    del held
    gc.collect()
    assert (same, remembered, len(turns._shares)) == (True, 1, 0)
