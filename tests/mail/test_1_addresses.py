"""Mail 1: only what is verified gets mail; an address can end neither a line nor a command."""

from datetime import timedelta

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.mail.address import MailAddressRefused, mail_address
from byoip.domain.mail.refusals import (
    MailAddressKnown,
    MailAddressVerified,
    MailCodeRefused,
    MailCodeTooSoon,
    TooManyMailAddresses,
)
from byoip.usecases.mail import addresses
from tests.mail.mailed import SENDER, TO, Mailed
from tests.mail.servers import MailServer, saying

DRIFTED = "rpki.drifted"


@pytest.mark.parametrize(
    "given",
    [
        "noc@example.net\r\nBcc: all@example.com",
        "noc@example.net\nRCPT TO:<all@example.com>",
        "noc@example.net>\r\nDATA",
        "noc@example.net, all@example.com",
        "noc@example.net all@example.com",
        "<noc@example.net>",
        "Noc <noc@example.net>",
        '"no c"@example.net',
        "n\u00f6c@example.net",
        "noc@ex\u00e4mple.net",
        "noc@exam\u017fle.net",
        "noc@\u212aexample.net",
        "noc\0@example.net",
        "noc@localhost",
        "noc@[127.0.0.1]",
        "noc@127.0.0.1",
        "noc@-example.net",
        "noc@example..net",
        ".noc@example.net",
        "noc@example.net.",
        "noc",
        "@example.net",
        "",
        f"{'a' * 65}@example.net",
        f"noc@{'a.' * 130}net",
    ],
)
def test_1_an_address_that_is_more_than_one_is_refused(given: str) -> None:
    with pytest.raises(MailAddressRefused):
        mail_address(given)


@pytest.mark.parametrize("given", ["noc@example.net", "n.o+c_1@mail.example.net", "O'N@x.example"])
def test_1_an_address_is_kept_as_it_was_given(given: str) -> None:
    assert mail_address(given) == given
    assert mail_address("Noc@EXAMPLE.net") == "Noc@example.net"


async def test_1_nothing_but_a_code_is_sent_before_it_is_given_back(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one = await mailed.address()
    await mailed.send()
    await mailed.happen(claim, DRIFTED)
    await mailed.told()
    [got] = server.got
    assert (got.sender, got.to) == (SENDER, TO)
    assert got.message["From"] == f"The Operator <{SENDER}>"
    assert got.message["Auto-Submitted"] == "auto-generated"
    with pytest.raises(MailCodeRefused):
        await mailed.do(addresses.verify, one, code="0" * 32)
    verified = await mailed.do(addresses.verify, one, code=got.code.upper())
    assert (verified.state, verified.code_sha256) == ("active", None)
    await mailed.told()
    assert len(server.got) == 1, "what has happened before is not told"
    await mailed.happen(claim, DRIFTED)
    await mailed.told()
    assert len(server.got) == 2
    with pytest.raises(MailCodeRefused):
        await mailed.do(addresses.verify, one, code=got.code)


async def test_1_a_code_holds_for_a_day_and_the_last_one_counts(
    mailed: Mailed, server: MailServer
) -> None:
    one = await mailed.address()
    await mailed.send()
    with pytest.raises(MailCodeTooSoon):
        await mailed.do(addresses.ask_for_code, one, offered=True)
    mailed.clock.advance(timedelta(minutes=11))
    await mailed.do(addresses.ask_for_code, one, offered=True)
    await mailed.send()
    first, second = (got.code for got in server.got)
    with pytest.raises(MailCodeRefused):
        await mailed.do(addresses.verify, one, code=first)
    mailed.clock.advance(timedelta(days=1))
    with pytest.raises(MailCodeRefused):
        await mailed.do(addresses.verify, one, code=second)
    await mailed.do(addresses.ask_for_code, one, offered=True)
    await mailed.send()
    await mailed.do(addresses.verify, one, code=server.got[-1].code)
    with pytest.raises(MailAddressVerified):
        await mailed.do(addresses.ask_for_code, one, offered=True)


async def test_1_codes_to_one_address_are_not_asked_for_by_removing_it(mailed: Mailed) -> None:
    one = await mailed.address()
    with pytest.raises(MailAddressKnown):
        await mailed.address()
    await mailed.do(addresses.remove, one)
    with pytest.raises(MailCodeTooSoon):
        await mailed.address()
    mailed.clock.advance(timedelta(minutes=11))
    await mailed.address()


async def test_1_an_account_has_twenty(mailed: Mailed) -> None:
    for number in range(20):
        await mailed.address(f"noc{number}@example.net")
    with pytest.raises(TooManyMailAddresses):
        await mailed.address("noc20@example.net")


async def test_1_a_removed_one_gets_nothing(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one = await mailed.verified(server)
    await mailed.happen(claim, DRIFTED)
    await mailed.do(addresses.remove, one)
    await mailed.told()
    assert server.got == []


async def test_1_a_mailbox_that_is_not_there_is_parked_until_another_code(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one = await mailed.verified(server)
    server.faults["RCPT"] = saying(b"550 5.1.1 no such user\r\n")
    await mailed.happen(claim, DRIFTED)
    await mailed.told()
    parked = await mailed.read(one)
    assert (parked.state, parked.said) == ("parked", "550 5.1.1 no such user")
    server.faults.clear()
    mailed.clock.advance(timedelta(days=5))
    await mailed.happen(claim, DRIFTED)
    await mailed.told()
    assert server.got == []
    await mailed.do(addresses.ask_for_code, one, offered=True)
    await mailed.send()
    await mailed.do(addresses.verify, one, code=server.got[-1].code)
    await mailed.happen(claim, DRIFTED)
    await mailed.told()
    assert len(server.got) == 2
