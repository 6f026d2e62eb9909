"""Time 4.1: people of both accounts are told by mail of a dispute about an AS number."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.mail.topics import TOLD, Topic
from byoip.domain.watch.dispute import Side
from byoip.usecases.mail import addresses
from tests.asns.disputes import decide, first, proves, rival
from tests.asns.numbers import Numbers
from tests.mail.mailed import ROOT, Mailed
from tests.mail.servers import MailServer, mail_server
from tests.store.samples import BY
from tests.usecases.verbs import Verb


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as made:
        yield made


@pytest.fixture
async def mailed(
    engine: AsyncEngine, tmp_path: Path, server: MailServer, numbers: Numbers
) -> Mailed:
    made = Mailed(engine, tmp_path, port=server.port)
    made.account_id, made.clock, made.store = numbers.account_id, numbers.clock, numbers.store
    return made


async def told(mailed: Mailed, server: MailServer) -> dict[str, str]:
    """By whom it was got, with its subject and text."""
    await mailed.told()
    got = {one.to: f"{one.message['Subject']}\n{one.text}" for one in server.got}
    server.got.clear()
    return got


async def test_both_are_told_that_it_is_open_and_how_it_ended(
    mailed: Mailed, numbers: Numbers, server: MailServer
) -> None:
    await numbers.served()
    await mailed.verified(server)
    await mailed.verified(server, "rpki@example.net", Topic.RPKI)
    other = await numbers.bring(account_id=await numbers.new_account())
    mailed.account_id = other.account_id
    await mailed.verified(server, "buyer@example.org", Topic.STANDING)
    await proves(numbers, other)
    own = await first(numbers)
    got = await told(mailed, server)
    assert set(got) == {"noc@example.net", "buyer@example.org"}
    for to, one, side in (
        ("noc@example.net", own, "holder"),
        ("buyer@example.org", other, "claimant"),
    ):
        assert "The Operator: asn_dispute.opened" in got[to]
        assert f"AS number {one.id.hex}" in got[to]
        assert f"number AS3320, side {side}, decide_after 20" in got[to]
        assert f"{ROOT}/ui/asns/{one.id.hex}" in got[to]
    assert other.account_id.hex not in got["noc@example.net"]
    await decide(numbers, Side.CLAIMANT)
    got = await told(mailed, server)
    assert set(got) == {"noc@example.net", "buyer@example.org"}
    assert "number AS3320, ended claimant" in got["noc@example.net"]


async def test_who_wants_to_hear_of_other_things_only_hears_nothing_that_waits(
    mailed: Mailed, numbers: Numbers, server: MailServer
) -> None:
    await numbers.served()
    one = await mailed.verified(server)
    await rival(numbers)
    await Verb(mailed.store, addresses.change)(one.account_id, one.id, topics=[Topic.ENDING], by=BY)
    assert await told(mailed, server) == {}


def test_the_histories_of_prefixes_say_it_and_mail_says_it_once() -> None:
    """With a thousand prefixes of that origin it is one mail, of the number."""
    assert not [kind for kind in TOLD if kind.startswith("asn_dispute.")]
