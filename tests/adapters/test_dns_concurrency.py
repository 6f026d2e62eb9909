import asyncio
import gc
from contextlib import AsyncExitStack

import pytest

from byoip.adapters.checks.dns_exchange import DnsConcurrency, Share
from byoip.domain.checks.reverse_zone import ReverseZone, reverse_zones
from byoip.domain.prefix import Prefix


def zones(cidr: str) -> tuple[ReverseZone, ...]:
    return reverse_zones(Prefix.parse(cidr))


async def taken(share: Share, holding: AsyncExitStack) -> bool:
    """Whether a turn was to be had; it is kept until the stack is left."""
    try:
        async with asyncio.timeout(0.02):
            await holding.enter_async_context(share.turn())
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize(
    ("large", "other"),
    [
        pytest.param("10.1.0.0/17", "10.2.0.0/24", id="IPv4"),
        pytest.param("2001:db8::/33", "2001:dc0::/33", id="IPv6"),
    ],
)
async def test_all_zones_of_a_prefix_together_get_a_quarter(large: str, other: str) -> None:
    turns = DnsConcurrency(8)
    shares = [turns.of(zone) for zone in zones(large)]
    async with AsyncExitStack() as holding:
        got = [await taken(share, holding) for share in shares[:4]]
        assert got == [True, True, False, False]
        assert await taken(turns.of(zones(other)[0]), holding)
    async with AsyncExitStack() as holding:
        assert await taken(shares[-1], holding)


async def test_who_waits_for_its_own_share_takes_nothing_from_the_others() -> None:
    turns = DnsConcurrency(4)
    share = turns.of(zones("10.0.0.0/24")[0])
    async with AsyncExitStack() as holding:
        assert await taken(share, holding)
        waiting = [asyncio.create_task(taken(share, holding)) for _ in range(10)]
        for number in (1, 2, 3):
            assert await taken(turns.of(zones(f"10.{number}.0.0/24")[0]), holding)
        assert not any(await asyncio.gather(*waiting))


async def test_all_accounts_together_get_no_more_than_all() -> None:
    turns = DnsConcurrency(4)
    async with AsyncExitStack() as holding:
        got = [
            await taken(turns.of(zones(f"10.{number}.0.0/24")[0]), holding) for number in range(6)
        ]
    assert got == [True] * 4 + [False] * 2


async def test_the_smallest_share_is_one() -> None:
    async with AsyncExitStack() as holding:
        assert await taken(DnsConcurrency(1).of(zones("10.0.0.0/24")[0]), holding)


def test_a_share_is_the_same_while_held_and_forgotten_afterwards() -> None:
    turns = DnsConcurrency(4)
    first, second = zones("10.0.0.0/23")
    held = turns.of(first)
    same = turns.of(second) is held
    remembered = len(turns._shares)
    del held
    gc.collect()
    assert (same, remembered, len(turns._shares)) == (True, 1, 0)
