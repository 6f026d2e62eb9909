"""Mail 3: what concerns people is told once, in one mail; what is over is not told."""

from datetime import timedelta

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.event_kinds import OF_PREFIXES, names
from byoip.domain.mail.topics import TAKES_BACK, TOLD, Topic
from byoip.usecases.mail import addresses
from tests.mail.mailed import LATER, ROOT, Mailed
from tests.mail.servers import MailServer, hanging, saying

DRIFTED, RECOVERED = "rpki.drifted", "rpki.recovered"
LOST, SEEN = "bgp_prefix.lost", "bgp_prefix.seen_again"


def test_3_every_kind_that_is_told_is_an_event() -> None:
    assert set(TOLD) <= set(names(OF_PREFIXES))
    assert set(TAKES_BACK) | set(TAKES_BACK.values()) <= set(TOLD)
    assert set(TOLD.values()) == set(Topic)


async def test_3_news_say_what_when_and_where_to_read_on(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one = await mailed.verified(server)
    await mailed.happen(claim, DRIFTED, cidr="31.0.0.0/24", validity="invalid")
    await mailed.told()
    [got] = server.got
    assert got.message["Subject"] == "31.0.0.0/23: rpki.drifted"
    text = got.text
    assert "31.0.0.0/23  rpki.drifted\n    By the newest ROA data" in text
    assert "cidr 31.0.0.0/24, validity invalid" in text
    assert f"{ROOT}/ui/prefixes/{claim.id.hex}" in text
    newest = await mailed.newest()
    assert f"/addressing/events?after={newest - 1}" in text
    assert f"DELETE {ROOT}/client/v4/accounts/" in text
    assert one.id.hex in text
    assert (await mailed.read(one)).cursor == newest
    await mailed.told()
    assert len(server.got) == 1


async def test_3_a_customers_words_are_in_no_mail(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await mailed.verified(server)
    await mailed.happen(claim, DRIFTED, description="Click https://evil.example", seen=["evil"])
    await mailed.told()
    [got] = server.got
    assert "evil" not in got.raw.decode()


async def test_3_what_comes_within_five_minutes_is_one_mail(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await mailed.verified(server)
    await mailed.happen(claim, DRIFTED, cidr="31.0.0.0/24")
    await mailed.send()
    assert server.got == []
    mailed.clock.advance(timedelta(minutes=4))
    await mailed.happen(claim, DRIFTED, cidr="31.0.1.0/24")
    await mailed.send()
    assert server.got == []
    mailed.clock.advance(timedelta(minutes=1, seconds=1))
    await mailed.send()
    [got] = server.got
    assert got.message["Subject"] == "31.0.0.0/23: rpki.drifted and 1 more"
    # And so much lies between two mails.
    await mailed.happen(claim, LOST)
    mailed.clock.advance(timedelta(minutes=4))
    await mailed.send()
    assert len(server.got) == 1


async def test_3_a_storm_is_one_message(mailed: Mailed, server: MailServer) -> None:
    claims = [await mailed.claim(f"31.{number}.0.0/23") for number in range(4)]
    await mailed.verified(server)
    for number in range(432):
        await mailed.happen(claims[number % 4], DRIFTED, cidr=f"31.0.{number}.0/24")
    await mailed.told()
    [got] = server.got
    assert "\nand 412 more.\n" in got.text
    assert got.message["Subject"] == "31.0.0.0/23: rpki.drifted and 431 more, of 4 prefixes"
    assert "References" not in got.message
    assert len(got.raw) < 10_000
    await mailed.told()
    assert len(server.got) == 1


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ((DRIFTED, RECOVERED), []),
        ((LOST, SEEN), []),
        ((RECOVERED,), [RECOVERED]),
        ((SEEN, LOST, SEEN), [SEEN]),
        ((LOST, SEEN, LOST), [LOST]),
        ((DRIFTED, SEEN), [DRIFTED, SEEN]),
        (("watch.raised", "watch.raised"), ["watch.raised"]),
        (("watch.raised", "watch.recovered"), []),
        (("prefix.described", "token.issued"), []),
    ],
)
async def test_3_what_is_over_is_not_told(
    mailed: Mailed, claim: Claim, server: MailServer, kinds: tuple[str, ...], told: list[str]
) -> None:
    one = await mailed.verified(server)
    await mailed.happen(claim, *kinds, signal="roa", cidr="31.0.0.0/24")
    await mailed.told()
    lines = [line for got in server.got for line in got.text.splitlines() if " UTC  " in line]
    assert [line.rpartition(" ")[2] for line in lines] == told
    assert (await mailed.read(one)).cursor == await mailed.newest()


async def test_3_a_recovery_of_what_was_told_is_told(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await mailed.verified(server)
    for kind in (DRIFTED, RECOVERED):
        await mailed.happen(claim, kind, cidr="31.0.0.0/24")
        await mailed.told()
    assert [one.message["Subject"].split()[1] for one in server.got] == [DRIFTED, RECOVERED]
    threads = {one.message["References"] for one in server.got}
    assert len(threads) == 1
    assert len({one.message["Message-ID"] for one in server.got}) == 2


async def test_3_only_topics_that_are_wanted(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one = await mailed.verified(server, "noc@example.net", Topic.VISIBILITY)
    await mailed.happen(claim, DRIFTED, LOST)
    await mailed.told()
    assert [got.message["Subject"] for got in server.got] == ["31.0.0.0/23: bgp_prefix.lost"]
    await mailed.do(addresses.change, one, topics=[Topic.RPKI])
    await mailed.happen(claim, DRIFTED, LOST)
    await mailed.told()
    assert server.got[1].message["Subject"] == "31.0.0.0/23: rpki.drifted"


async def test_3_another_account_hears_nothing(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    mine, mailed.account_id = mailed.account_id, await mailed.new_account()
    await mailed.verified(server)
    await mailed.happen(claim, DRIFTED)
    await mailed.told()
    assert claim.account_id == mine
    assert server.got == []


async def test_3_while_the_server_is_away_nothing_is_lost_and_no_address_parked(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one = await mailed.verified(server)
    server.faults["EHLO"] = saying(b"421 closing\r\n")
    server.faults["HELO"] = saying(b"421 closing\r\n")
    await mailed.happen(claim, DRIFTED, cidr="31.0.0.0/24")
    for _ in range(15):
        mailed.clock.advance(timedelta(hours=10))
        await mailed.send()
    waits = await mailed.read(one)
    assert (waits.state, waits.held_up) == ("active", True)
    assert waits.next_at - mailed.clock.now() <= timedelta(minutes=30)
    server.faults.clear()
    await mailed.happen(claim, LOST)
    await mailed.told()
    mailed.clock.advance(timedelta(minutes=30))
    await mailed.send()
    await mailed.told()
    subjects = [got.message["Subject"] for got in server.got]
    assert subjects == ["31.0.0.0/23: rpki.drifted", "31.0.0.0/23: bgp_prefix.lost"]
    assert not (await mailed.read(one)).held_up


async def test_3_one_that_takes_none_for_76_hours_is_parked(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one = await mailed.verified(server)
    server.faults["RCPT"] = saying(b"450 4.2.1 mailbox busy\r\n")
    await mailed.happen(claim, DRIFTED)
    mailed.clock.advance(LATER)
    connections = server.connections
    for _ in range(10):
        await mailed.send()
        mailed.clock.advance(timedelta(hours=24))
    assert server.connections == connections + 10
    assert (await mailed.read(one)).state == "parked"


async def test_3_a_mail_that_was_not_taken_is_sent_again_with_its_id_and_its_words(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await mailed.verified(server)
    server.faults["."] = hanging  # it has the mail, and the answer does not come
    mailed.seconds = 3.0
    await mailed.happen(claim, DRIFTED, cidr="31.0.0.0/24")
    await mailed.told()
    server.faults.clear()
    mailed.seconds = 30.0
    await mailed.happen(claim, LOST)
    mailed.clock.advance(timedelta(minutes=30))
    await mailed.send()
    first, second = server.got
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.text == second.text, "what has come since is told in the next one"
    await mailed.told()
    assert server.got[2].message["Subject"] == "31.0.0.0/23: bgp_prefix.lost"
