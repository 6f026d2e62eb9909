"""Mail 2: whatever the mail server does is a value, soon; nothing is sent in the clear."""

import asyncio
import socket
import ssl
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from byoip.adapters.mail.smtp_mailer import Security, SmtpMailer, composed
from byoip.domain.mail.addressee import Taken
from byoip.domain.mail.letter import Mail
from tests.announcing import until
from tests.hooks.test_2_addresses import HOST, certified
from tests.mail.mailed import TO, relay
from tests.mail.servers import (
    Act,
    MailServer,
    dripping,
    flooding,
    hanging,
    mail_server,
    saying,
    vanishing,
)

__all__ = ["certified"]  # a fixture
MAIL = Mail(TO, "news.1", "31.0.0.0/23: rpki.drifted", ".\n.hidden\nSo it is.", "prefix.1")
SECONDS = 1.0


def mailer(server: MailServer, *, seconds: float = 30, **more: Any) -> SmtpMailer:
    return SmtpMailer(replace(relay(server.port), **more), seconds=seconds)


async def test_2_a_mail_comes_as_it_was_written(server: MailServer) -> None:
    assert await mailer(server).send(MAIL) == (Taken.YES, "")
    [got] = server.got
    assert got.text == MAIL.text + "\n"
    assert got.message["Message-ID"] == "<news.1@operator.example.net>"
    assert got.message["References"] == "<prefix.1@operator.example.net>"
    assert got.message["Subject"] == MAIL.subject
    assert got.message["Date"].datetime is not None


@pytest.mark.parametrize("domain", ["news.a-long-name-of-operators.example.net", f"{'a' * 60}.net"])
async def test_2_ids_are_written_as_they_are_however_long_the_senders_domain_is(
    server: MailServer, domain: str
) -> None:
    mail = replace(MAIL, thread="prefix." + "a" * 32)
    assert (await mailer(server, sender=f"byoip@{domain}").send(mail))[0] is Taken.YES
    [got] = server.got
    written = " ".join(got.raw.decode().split())  # a folded line is the same line
    assert f" References: <{mail.thread}@{domain}> " in written
    assert f" Message-ID: <{mail.id}@{domain}> " in written


@pytest.mark.parametrize("at", ["", "EHLO", "MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize("act", [hanging, dripping, flooding, vanishing, saying(b"\xff\x00\r\n")])
async def test_2_a_server_that_hangs_drips_floods_or_goes_is_a_value_in_time(
    server: MailServer, at: str, act: Act
) -> None:
    server.faults[at] = act
    if at == "EHLO":
        server.faults["HELO"] = act  # which is asked where there is no EHLO
    began = time.monotonic()
    taken, said = await mailer(server, seconds=SECONDS).send(MAIL)
    assert time.monotonic() - began < 60, "it would hold on for ever"
    assert taken is not Taken.YES
    assert said.isprintable()
    assert len(said) <= 200


async def test_2_a_server_that_floods_is_left_long_before_the_deadline(server: MailServer) -> None:
    server.faults["EHLO"] = flooding
    taken, said = await mailer(server).send(MAIL)
    assert taken is Taken.HELD_UP
    assert said.endswith("the server says more than 65536 bytes")


async def test_2_what_is_taken_stays_taken_whatever_comes_after() -> None:
    async def taken(act: Act) -> Taken:
        async with mail_server() as there:
            there.faults["QUIT"] = act
            return (await mailer(there, seconds=6).send(MAIL))[0]

    acts = (hanging, dripping, flooding, vanishing)
    assert await asyncio.gather(*map(taken, acts)) == [Taken.YES] * len(acts)


@pytest.mark.parametrize(
    ("at", "answer", "taken"),
    [
        ("RCPT", b"550 5.1.1 no such user\r\n", Taken.NEVER),
        ("RCPT", b"450 4.2.1 mailbox busy\r\n", Taken.LATER),
        ("RCPT", b"554 5.7.1 relay access denied\r\n", Taken.HELD_UP),
        ("RCPT", b"550 5.1.1 no: mx.example.org said: 550 5.7.1 not you\r\n", Taken.NEVER),
        ("RCPT", b"421 closing\r\n", Taken.HELD_UP),
        (".", b"554 5.6.0 we do not like it\r\n", Taken.LATER),
        (".", b"451 4.3.0 try again\r\n", Taken.HELD_UP),
        (".", b"451 try again\r\n", Taken.LATER),
        (".", b"421 closing\r\n", Taken.HELD_UP),
        ("MAIL", b"550 5.7.1 not from you\r\n", Taken.HELD_UP),
        ("", b"554 go away\r\n", Taken.HELD_UP),
        ("EHLO", b"500 what?\r\n", Taken.YES),  # HELO follows
    ],
)
async def test_2_only_the_addresss_own_server_counts_against_it(
    server: MailServer, at: str, answer: bytes, taken: Taken
) -> None:
    server.faults[at] = saying(answer)
    found, said = await mailer(server).send(MAIL)
    assert found is taken
    assert taken is Taken.YES or answer.decode().strip() in said


async def test_2_no_server_at_all() -> None:
    taken, said = await SmtpMailer(relay(1), seconds=SECONDS).send(MAIL)
    assert taken is Taken.HELD_UP
    assert "refused" in said


@pytest.mark.parametrize("name", ["subject", "id", "thread", "to"])
async def test_2_no_header_is_ended_by_what_is_in_it(server: MailServer, name: str) -> None:
    """The domain lets none through; were there one, nothing would be sent."""
    given: dict[str, Any] = {name: "noc@example.net\r\nBcc: all@example.com"}
    bad = replace(MAIL, **given)
    with pytest.raises(ValueError, match=r"(?i)newline|linefeed|carriage|CR"):
        composed(bad, relay(1))
    assert server.got == []


async def test_2_tls_is_asked_for_and_never_given_up(
    certified: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    theirs, ours = certified
    starts: dict[str, Any] = {"security": Security.STARTTLS, "tls": ours, "host": "localhost"}
    async with mail_server(tls=theirs) as there:
        taken, said = await mailer(there, **starts).send(MAIL)
        assert (taken, there.got) == (Taken.HELD_UP, []), "its certificate is another name's"
        assert "certificate" in said.lower()
        there.tls = None  # it was taken out of the answer on the way
        there.plain_commands.clear()
        assert (await mailer(there, **starts).send(MAIL))[0] is Taken.HELD_UP
        assert [one.split()[0].upper() for one in there.plain_commands] == ["EHLO"]


@pytest.fixture
def for_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate's name leads to loopback, as the operator's own server might."""
    known = socket.getaddrinfo

    def found(host: str, *more: object, **given: object) -> object:
        return known("127.0.0.1" if host == HOST else host, *more, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.usefixtures("for_localhost")
async def test_2_a_password_is_told_over_tls_only(
    certified: tuple[ssl.SSLContext, ssl.SSLContext], security: Security
) -> None:
    theirs, ours = certified
    implicit = theirs if security is Security.TLS else None
    async with mail_server(implicit=implicit, tls=None if implicit else theirs) as there:
        there.users = {"byoip": "secret"}
        given: dict[str, Any] = {"security": security, "tls": ours, "host": HOST, "user": "byoip"}
        assert (await mailer(there, **given, password="secret").send(MAIL))[0] is Taken.YES
        if not implicit:
            assert not any("AUTH" in one for one in there.plain_commands)
        taken, said = await mailer(there, **given, password="wrong").send(MAIL)
        assert taken is Taken.HELD_UP
        assert "535" in said
        assert "secret" not in said


async def test_2_an_address_of_the_server_that_is_silent_leaves_time_for_the_next(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a machine whose IPv6 leads nowhere. A full backlog drops what would connect."""
    full = ("127.0.0.2", server.port)
    with socket.create_server(full, backlog=0), ExitStack() as waiting:
        for _ in range(4):
            one = waiting.enter_context(socket.socket())
            one.settimeout(0)
            one.connect_ex(full)
        asked = socket.getaddrinfo

        def both(host: str, *more: Any, **named: Any) -> list[Any]:
            first = asked(full[0], *more, **named) if host == "127.0.0.1" else []
            return [*first, *asked(host, *more, **named)]

        monkeypatch.setattr(socket, "getaddrinfo", both)
        assert (await mailer(server, seconds=8).send(MAIL))[0] is Taken.YES


def test_2_a_password_stands_in_no_words_about_a_server() -> None:
    assert "secret" not in repr(relay(1, user="byoip", password="secret"))


async def test_2_four_slow_mails_keep_the_event_loop_free(server: MailServer) -> None:
    server.faults["EHLO"] = hanging
    one = mailer(server)
    sending = [asyncio.create_task(one.send(MAIL)) for _ in range(8)]
    await until(lambda: server.connections == 4)
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert not any(one.done() for one in sending), "the loop turned before the first deadline"
    assert server.connections == 4
    for task in sending:
        task.cancel()
    await asyncio.gather(*sending, return_exceptions=True)
