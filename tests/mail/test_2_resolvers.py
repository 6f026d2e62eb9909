"""Mail 2: a resolver that does not answer holds no mail."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from byoip.adapters.mail import smtp_mailer
from byoip.adapters.mail.smtp_mailer import SmtpMailer
from byoip.domain.mail.addressee import Taken
from tests.mail.mailed import relay
from tests.mail.servers import MailServer
from tests.mail.test_2_hostile_servers import MAIL

NAME = "mail.example.net"


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Once it is set resolvers say that the name is on loopback."""
    known, answered = socket.getaddrinfo, threading.Event()

    def found(host: str, *more: object, **given: object) -> object:
        if host == NAME:
            answered.wait(15)
        return known("127.0.0.1" if host == NAME else host, *more, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(smtp_mailer, "_FOR_NAMES", 0.1)
    yield answered
    answered.set()


async def test_2_a_resolver_that_hangs_holds_no_mail(
    server: MailServer, answer: threading.Event
) -> None:
    mailer = SmtpMailer(replace(relay(server.port), host=NAME), seconds=0.3)
    said = f"no resolver has answered where {NAME} is"
    assert await mailer.send(MAIL) == (Taken.HELD_UP, said)
    assert not answer.is_set(), "it was waited for"
    assert await mailer.greet() == said
    answer.set()
    await asyncio.sleep(0.5)
    assert server.got == [], "it was too late to send"
