"""Mail 6: an account has few mails sent to somebody who has not agreed to any."""

import asyncio
from datetime import timedelta

from byoip.domain.claims.claim import Claim
from byoip.domain.mail.topics import Topic
from byoip.usecases.mail import addresses
from tests.mail.mailed import Mailed
from tests.mail.servers import MailServer, vanishing


async def test_6_changing_an_address_sends_no_code_again(
    mailed: Mailed, server: MailServer
) -> None:
    one = await mailed.address()
    changed = asyncio.Event()

    async def change(writer: asyncio.StreamWriter) -> None:
        if not changed.is_set():
            changed.set()
            await mailed.do(addresses.change, one, topics=[])
        writer.write(b"250 ok\r\n")
        await writer.drain()

    server.faults["."] = change
    await mailed.send()
    assert changed.is_set()
    assert len(server.got) == 1
    assert not (await mailed.read(one)).code_asked


async def test_6_changing_topics_while_news_are_sent_tells_nothing_twice(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one = await mailed.verified(server)
    await mailed.happen(claim, "rpki.drifted")

    async def change(writer: asyncio.StreamWriter) -> None:
        await mailed.do(addresses.change, one, topics=[Topic.RPKI])
        writer.write(b"250 ok\r\n")
        await writer.drain()

    server.faults["."] = change
    await mailed.told()
    await mailed.told()
    assert len(server.got) == 1
    assert (await mailed.read(one)).topics == (Topic.RPKI,)


async def test_6_a_server_that_takes_codes_and_does_not_say_so_is_given_none_for_ever(
    mailed: Mailed, server: MailServer
) -> None:
    one = await mailed.address()
    server.faults["."] = vanishing
    for hours in (0, 1, 22):
        mailed.clock.advance(timedelta(hours=hours))
        await mailed.send()
    assert len(server.got) == 3
    mailed.clock.advance(timedelta(hours=2))
    await mailed.send()
    assert len(server.got) == 3
    left = await mailed.read(one)
    assert (left.state, left.code_asked, left.held_up) == ("pending", False, False)
    verified = await mailed.do(addresses.verify, one, code=server.got[-1].code)
    assert verified.state == "active", "the last one has come, and holds for a day"
