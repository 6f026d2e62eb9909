"""Mail 9: only who says that there is no such mailbox has an address parked at its first mail."""

from datetime import timedelta

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.hooks.schedule import MOST_ATTEMPTS
from tests.mail.mailed import LATER, Mailed
from tests.mail.servers import MailServer, saying

DRIFTED = "rpki.drifted"
PARKED, HELD, AGAIN = ("parked", False), ("active", True), ("active", False)

# What real servers say, each in its own words.
AT_RECIPIENT = [
    # There is no such mailbox.
    (b"550 5.1.1 <noc@example.net>: Recipient address rejected: User unknown", PARKED),  # Postfix
    (b"550-5.1.1 This account does not exist.\r\n550 5.1.1 See https://help.example", PARKED),
    (b"550 #5.1.1 no such user", PARKED),  # IronPort's way
    (b"550 sorry, no mailbox here by that name. (#5.1.1)", PARKED),  # qmail with vpopmail
    (b"550 5.1.1 no: mx.example.org said: 550 relay not permitted (#5.7.1)", PARKED),
    (b"551 5.1.6 Recipient has moved", PARKED),
    (b"556 5.1.10 Domain example.net does not accept mail (nullMX)", PARKED),  # Postfix
    (b"550 5.2.1 The email account that you tried to reach is disabled", PARKED),
    # The server says it of itself, of us, or by its rules.
    (b"554 5.7.1 <noc@example.net>: Relay access denied", HELD),  # Postfix
    (b"550 5.7.1 <noc@example.net>... Relaying denied", HELD),  # Sendmail
    (b"550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", HELD),  # Exchange
    (b"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", HELD),  # qmail
    (b"454 4.7.1 <noc@example.net>: Relay access denied", HELD),  # Postfix, deferring
    (b"530 SMTP authentication is required.", HELD),  # hMailServer
    (b"503 This mail server requires authentication when sending to a non-local address", HELD),
    (b"553 5.1.8 <byoip@operator.example.net>: Sender address rejected: Domain not found", HELD),
    (b"452 4.3.1 Insufficient system storage", HELD),
    (b"421 4.3.2 Service shutting down", HELD),
    # Nobody knows.
    (b"550 relay not permitted", AGAIN),  # Exim
    (b"553 sorry, that domain isn't in my list of allowed rcpthosts", AGAIN),  # qmail without it
    (b"550 no such user here", AGAIN),
    (b"550", AGAIN),
    (b"550 5.4.1 Recipient address rejected: Access denied", AGAIN),  # Exchange, of a mailbox
    (b"550 5.5.0 Requested action not taken: mailbox unavailable", AGAIN),  # Outlook, likewise
    (b"504 5.5.2 <byoip>: Helo command rejected: need fully-qualified hostname", AGAIN),
    (b"550 5.1.1.9 is not a client of ours", AGAIN),  # an address, not a code
    (b"550 5.1.0 Address rejected", AGAIN),
    (b"550 5.1.2 <noc@example.net>: Recipient address rejected: Domain not found", AGAIN),
    (b"501 5.1.3 Bad recipient address syntax", AGAIN),
    (b"552 5.2.2 The mailbox is full", AGAIN),
    (b"450 4.1.1 <noc@example.net>: Recipient address rejected: unverified address", AGAIN),
    (b"450 5.1.1 not now", AGAIN),
]  # fmt: skip
AT_END = [
    (b"550 5.1.1 no such user", PARKED),
    (b"554 5.7.1 we take it for spam", HELD),
    (b"451 4.3.0 Queue file write error", HELD),
    (b"554 Message rejected: Email address is not verified", AGAIN),
    (b"554 5.6.0 Message contents rejected", AGAIN),
]


@pytest.mark.parametrize(
    ("at", "answer", "becomes"),
    [("RCPT", *row) for row in AT_RECIPIENT] + [(".", *row) for row in AT_END],
)
async def test_9_what_becomes_of_an_address_at_the_first_refusal(
    mailed: Mailed,
    claim: Claim,
    server: MailServer,
    at: str,
    answer: bytes,
    becomes: tuple[str, bool],
) -> None:
    one = await mailed.verified(server)
    server.faults[at] = saying(answer + b"\r\n")
    await mailed.happen(claim, DRIFTED)
    await mailed.told()
    found = await mailed.read(one)
    assert (found.state, found.held_up) == becomes
    assert found.failures == (not found.held_up)


@pytest.mark.parametrize("answer", [row for row, becomes in AT_RECIPIENT if becomes == HELD][:4])
async def test_9_a_server_that_does_not_relay_parks_nobody_for_as_long_as_it_takes(
    mailed: Mailed, claim: Claim, server: MailServer, answer: bytes
) -> None:
    one = await mailed.verified(server)
    server.faults["RCPT"] = saying(answer + b"\r\n")
    await mailed.happen(claim, DRIFTED)
    for _ in range(15):
        mailed.clock.advance(timedelta(hours=10))
        await mailed.send()
    server.faults.clear()
    mailed.clock.advance(timedelta(minutes=30))
    await mailed.send()
    assert (await mailed.read(one)).state == "active"
    assert [got.message["Subject"] for got in server.got] == ["31.0.0.0/23: rpki.drifted"]


async def test_9_the_servers_own_attempts_are_not_counted_against_the_address(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    """Else the first "busy" after a long fault of the server would park it."""
    one = await mailed.verified(server)
    server.faults["RCPT"] = saying(b"554 5.7.1 relay access denied\r\n")
    await mailed.happen(claim, DRIFTED)
    for _ in range(15):
        mailed.clock.advance(LATER * 10)
        await mailed.send()
    server.faults["RCPT"] = saying(b"450 4.2.1 mailbox busy\r\n")
    mailed.clock.advance(LATER * 10)
    await mailed.send()
    found = await mailed.read(one)
    assert (found.state, found.held_up, found.failures) == ("active", False, 1)


async def test_9_a_mailbox_that_is_never_there_is_parked_though_the_server_fails_between(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    """Its own attempts are counted across those that the operator's server held up."""
    one = await mailed.verified(server)
    await mailed.happen(claim, DRIFTED)
    for _ in range(MOST_ATTEMPTS):
        assert (await mailed.read(one)).state == "active"
        for answer in (b"554 5.7.1 relay access denied\r\n", b"450 4.2.1 mailbox busy\r\n"):
            server.faults["RCPT"] = saying(answer)
            mailed.clock.advance(timedelta(hours=20))
            await mailed.send()
    assert (await mailed.read(one)).state == "parked"


async def test_9_what_keeps_failing_stands_in_the_log(
    mailed: Mailed, claim: Claim, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    await mailed.verified(server)
    server.faults["RCPT"] = saying(b"550 relay not permitted\r\n")
    await mailed.happen(claim, DRIFTED)
    await mailed.told()
    assert "A mail was not taken: 550 relay not permitted" in caplog.text
