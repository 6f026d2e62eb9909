"""Trust, 1.3: a dozen accounts whose zones hostile servers serve keep no other's zone waiting.

Counted in questions of theirs that end meanwhile: each gives a place to the next that waits.
"""

import asyncio
from uuid import uuid4

import dns.message

from byoip.adapters.checks.dns_exchange import DnsConcurrency
from byoip.domain.checks.reverse_dns.observation import TxtValues
from tests.adapters.dns_script import LABEL, TOKEN, playing
from tests.announcing import until
from tests.trust.test_1_3_share_of_the_worker import HOSTILE, OTHER, script_with

PLACES = 32
ACCOUNTS = 12
STEPS = 20  # questions that a look at one zone asks of servers, one after the other, and more


async def test_another_accounts_zone_is_asked_while_a_dozen_accounts_wait_for_silent_servers() -> (
    None
):
    held, ended, one_more = 0, 0, asyncio.Semaphore(0)

    async def hold(_: dns.message.Message, __: asyncio.StreamWriter) -> None:
        nonlocal held, ended
        held += 1
        try:
            await one_more.acquire()
            ended += 1
        finally:
            held -= 1

    async with playing(script_with(hold)) as adapter:
        adapter.server_turns = DnsConcurrency(PLACES)
        looks = [
            asyncio.create_task(adapter.observe(zone, LABEL, account_id))
            for account_id in [uuid4() for _ in range(ACCOUNTS)]
            for zone in HOSTILE[:PLACES]
        ]
        await until(lambda: held == PLACES)
        other = asyncio.create_task(adapter.observe(OTHER, LABEL, uuid4()))
        while not other.done() and ended <= STEPS:
            await asyncio.sleep(0.05)
            if held == PLACES:
                one_more.release()
        print(f"{ended} questions of a dozen accounts ended meanwhile")  # noqa: T201 - a figure
        assert ended <= STEPS
        assert [one.answer for one in other.result().servers] == [TxtValues((TOKEN,))]
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
        for _ in range(PLACES):
            one_more.release()
        await until(lambda: not held)
