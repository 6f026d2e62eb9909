"""A mail server on loopback (RFC 5321) that keeps what it takes, and does what a test wants."""

import asyncio
import base64
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

Act = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Got:
    """One mail."""

    sender: str
    to: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        made = message_from_bytes(self.raw, policy=SMTP)
        assert isinstance(made, EmailMessage)
        return made

    @property
    def text(self) -> str:
        text: str = self.message.get_content()
        return text.replace("\r\n", "\n")

    @property
    def code(self) -> str:
        [found] = re.findall(r"^    ([0-9a-f]{32})$", self.text, re.MULTILINE)
        return str(found)


def saying(words: bytes) -> Act:
    """Answer so."""

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await writer.drain()

    return act


async def hanging(_: asyncio.StreamWriter) -> None:
    """Say nothing."""
    await asyncio.Event().wait()


async def dripping(writer: asyncio.StreamWriter) -> None:
    """Say a byte of an answer that never ends, again and again."""
    while True:
        writer.write(b"2")
        await writer.drain()
        await asyncio.sleep(0.05)


async def flooding(writer: asyncio.StreamWriter) -> None:
    """Lines without end, as fast as they are read."""
    while True:
        writer.write(b"250-more\r\n" * 1000)
        await writer.drain()


async def vanishing(writer: asyncio.StreamWriter) -> None:
    """Go away."""
    writer.close()


@dataclass
class MailServer:
    """One server.

    Attributes:
        faults: what it does at a command in place of its answer; at "." the end of a message, at
            "" the greeting.
        users: name and password of who may send; empty: everybody may.
        tls: STARTTLS is offered by it.
        plain_commands: those that came before TLS.
    """

    tls: ssl.SSLContext | None = None
    users: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Act] = field(default_factory=dict)
    got: list[Got] = field(default_factory=list)
    plain_commands: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    served: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.served.add(asyncio.current_task())
        try:
            await self._say(writer, "", b"220 mx.example.net ESMTP\r\n")
            await self._session(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError, RuntimeError):
            pass  # whoever sent has gone, or the test is over
        finally:
            writer.transport.abort()  # also where it has more to say than anybody reads

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = to = ""
        secure = entered = False
        while line := (await reader.readline()).decode():
            verb, _, rest = line.strip().partition(" ")
            verb = verb.upper()
            if not secure:
                self.plain_commands.append(line.strip())
            if verb == "EHLO":
                offers = [b"250-mx.example.net\r\n"]
                offers += [b"250-STARTTLS\r\n"] if self.tls and not secure else []
                offers += [b"250-AUTH PLAIN\r\n"] if self.users else []
                await self._say(writer, verb, b"".join(offers) + b"250 8BITMIME\r\n")
            elif verb == "STARTTLS":
                await self._say(writer, verb, b"220 go ahead\r\n")
                await writer.start_tls(self.tls)  # type: ignore[arg-type]  # it is offered
                secure = True
            elif verb == "AUTH":
                _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                entered = self.users.get(user) == password
                await self._say(writer, verb, b"235 ok\r\n" if entered else b"535 5.7.8 no\r\n")
            elif verb == "MAIL":
                sender = rest.split("<")[1].split(">")[0]
                must = self.users and not entered
                await self._say(writer, verb, b"530 5.7.0 who?\r\n" if must else b"250 ok\r\n")
            elif verb == "RCPT":
                to = rest.split("<")[1].split(">")[0]
                await self._say(writer, verb, b"250 ok\r\n")
            elif verb == "DATA":
                await self._say(writer, verb, b"354 go\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                self.got.append(Got(sender, to, raw[:-3].replace(b"\r\n..", b"\r\n.")))
                await self._say(writer, ".", b"250 2.0.0 queued\r\n")
            elif verb == "QUIT":
                await self._say(writer, verb, b"221 bye\r\n")
                return
            else:
                await self._say(writer, verb, b"250 ok\r\n")

    async def _say(self, writer: asyncio.StreamWriter, verb: str, words: bytes) -> None:
        await self.faults.get(verb, saying(words))(writer)


@asynccontextmanager
async def mail_server(
    *, implicit: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[MailServer]:
    """One that listens while the block runs."""
    made = MailServer(tls=tls)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=implicit)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        tasks = [one for one in made.served if one is not None and not one.done()]
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
