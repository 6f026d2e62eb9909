"""Sends mail by the operator's own server (SMTP, RFC 5321); whatever that does is a value.

By the standard library, in threads of its own. What it leaves open is closed here: one deadline for
the whole of a mail, however the server drips, and a bound on all that it says.
"""

import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from enum import StrEnum
from typing import Any, Final, TypeVar

from anyio import CapacityLimiter, move_on_after, to_thread

from byoip.adapters.http_pieces import trusted
from byoip.domain.mail.addressee import Taken
from byoip.domain.mail.answers import judged
from byoip.domain.mail.letter import Mail
from byoip.domain.rdap.network import legible

SECONDS: Final = 20.0
MOST_SAID: Final = 64 * 1024  # bytes that a server says about one mail
AT_ONCE: Final = 4  # connections to it
# Beyond SECONDS: then the server's name is what is waited for, which `socket` asks without end.
_FOR_NAMES: Final = 5.0
_SHOWN: Final = 200
_LINE: Final = 4096
_READY: Final = 220
_Ended = TypeVar("_Ended")
_HEADERS: Final = HeaderRegistry()
# As free text a long one would be encoded (RFC 2047), which no mail program takes for an id.
_HEADERS.map_to_type("References", MessageIDHeader)  # type: ignore[arg-type]  # of typeshed
_POLICY: Final = SMTP.clone(header_factory=_HEADERS)


class Security(StrEnum):
    """How the connection is kept from others; never only where the server offers it."""

    STARTTLS = "starttls"  # RFC 3207
    TLS = "tls"  # RFC 8314, section 3.3
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Relay:
    """The operator's server, and in whose name it is asked.

    Attributes:
        sender: the address in From, and where a server reports failures to.
        name: what stands beside it.
        tls: whom to trust; None: whom this machine does.
    """

    host: str
    port: int
    security: Security
    sender: str
    name: str = ""
    user: str | None = None
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None

    @property
    def domain(self) -> str:
        """Of the sender: we greet by it, for the name of this machine may have none."""
        return self.sender.rpartition("@")[2]


class SmtpMailer:
    """Sends (the `Mailer` port)."""

    def __init__(self, relay: Relay, *, seconds: float = SECONDS) -> None:
        self._relay = relay
        self._seconds = seconds
        self._limiter = CapacityLimiter(AT_ONCE)

    async def send(self, mail: Mail) -> tuple[Taken, str]:
        """Send once; a connection for each mail."""
        message = composed(mail, self._relay)
        return await self._in_time(lambda: self._sent(mail.to, message))

    async def greet(self) -> str | None:
        """Why no mail could be sent now; None: the server lets us in."""
        _, said = await self._in_time(self._greeted)
        return said

    async def _in_time(self, act: Callable[[], _Ended]) -> _Ended | tuple[Taken, str]:
        """A thread that a resolver holds is left to it: once that answers, nothing is sent."""
        async with self._limiter:
            with move_on_after(self._seconds + _FOR_NAMES):
                return await to_thread.run_sync(
                    act, limiter=CapacityLimiter(1), abandon_on_cancel=True
                )
        return Taken.HELD_UP, f"no resolver has answered where {self._relay.host} is"

    def _sent(self, to: str, message: bytes) -> tuple[Taken, str]:
        return _judged(lambda: self._deliver(to, message))

    def _greeted(self) -> tuple[Taken, str | None]:
        taken, said = _judged(lambda: _part(self._entered()))
        return taken, None if taken is Taken.YES else said

    def _deliver(self, to: str, message: bytes) -> None:
        connection = self._entered()
        try:
            connection.sendmail(self._relay.sender, [to], message)
        finally:
            _part(connection)

    def _entered(self) -> smtplib.SMTP:
        """A connection on which mail may be sent."""
        relay, until = self._relay, time.monotonic() + self._seconds
        context = relay.tls or trusted()
        if relay.security is Security.TLS:
            connection: _Bounded = _BoundedTls(until, relay, context=context)
        else:
            connection = _Bounded(until, relay)
        try:
            _require(_READY, *connection.connect(relay.host, relay.port))
            if relay.security is Security.STARTTLS:
                connection.starttls(context=context)
            if relay.user is not None:
                connection.login(relay.user, relay.password)
        except BaseException:
            connection.close()
            raise
        return connection


def composed(mail: Mail, relay: Relay) -> bytes:
    """The message as it goes over the wire (RFC 5322): no header can be ended by what is in it.

    Raises:
        ValueError: a header holds the end of a line.
    """
    made = EmailMessage(policy=_POLICY)
    given: Mapping[str, object] = {
        "From": Address(relay.name, addr_spec=relay.sender),
        "To": Address(addr_spec=mail.to),
        "Subject": mail.subject,
        "Date": formatdate(),
        "Message-ID": f"<{mail.id}@{relay.domain}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834, section 5
    }
    for name, value in given.items():
        made[name] = value
    if mail.thread:
        made["References"] = f"<{mail.thread}@{relay.domain}>"
    made.set_content(mail.text + "\n", cte="quoted-printable")
    return made.as_bytes()


def _judged(act: Callable[[], None]) -> tuple[Taken, str]:
    try:
        act()
    except smtplib.SMTPRecipientsRefused as refused:
        [(code, said)] = refused.recipients.values()
        return judged(code, _text(said)), _said(code, said)
    except smtplib.SMTPDataError as refused:
        code, words = refused.smtp_code, refused.smtp_error
        return judged(code, _text(words)), _said(code, words)
    except smtplib.SMTPResponseException as refused:
        return Taken.HELD_UP, _said(refused.smtp_code, refused.smtp_error)
    # ValueError: what a server says is read as numbers and base64.
    except (smtplib.SMTPException, OSError, ValueError) as fault:
        return Taken.HELD_UP, legible(f"{type(fault).__name__}: {fault}", _SHOWN)
    return Taken.YES, ""


def _said(code: int, said: bytes | str) -> str:
    return legible(f"{code} {_text(said)}", _SHOWN)


def _text(said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return text.replace("\n", " ")


def _require(wanted: int, code: int, said: bytes) -> None:
    if code != wanted:
        raise smtplib.SMTPConnectError(code, said)


def _part(connection: smtplib.SMTP) -> None:
    """Say goodbye; what was taken stays so, whatever comes of that."""
    try:
        connection.quit()
    except (smtplib.SMTPException, OSError, ValueError):
        connection.close()


class _Within:
    """Reads a socket's lines until a moment, and so many bytes: as `makefile` in `smtplib`."""

    def __init__(self, wire: socket.socket, until: float) -> None:
        self._wire, self._until = wire, until
        self._kept, self._left = b"", MOST_SAID

    def readline(self, most: int) -> bytes:
        """The next line, or as much of it.

        Raises:
            OSError: the time, or the measure, is over.
        """
        while b"\n" not in self._kept and len(self._kept) < most:
            self._wire.settimeout(_rest(self._until))
            got = self._wire.recv(_LINE)
            if not got:
                break
            self._left -= len(got)
            if self._left < 0:
                raise OSError(f"the server says more than {MOST_SAID} bytes")
            self._kept += got
        end = self._kept.find(b"\n") + 1 or len(self._kept)
        line, self._kept = self._kept[: min(end, most)], self._kept[min(end, most) :]
        return line

    def close(self) -> None:
        """The socket is closed by its owner."""


class _Bounded(smtplib.SMTP):
    """A connection with one deadline for all."""

    file: _Within | None

    def __init__(self, until: float, relay: Relay, **more: Any) -> None:
        self._until = until
        super().__init__(local_hostname=relay.domain, timeout=_rest(until), **more)
        self._host = relay.host  # as `SMTP(host)` has it: whose certificate TLS asks for

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        """The first of its addresses that answers: a silent one takes a quarter of the time."""
        made: socket.socket = super()._get_socket(host, port, _rest(self._until) / 4)  # type: ignore[misc]  # of smtplib
        return made

    def getreply(self) -> tuple[int, bytes]:
        """The server's next answer."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        if self.file is None:
            self.file = _Within(self.sock, self._until)
        return super().getreply()

    def send(self, s: str | bytes) -> None:  # type: ignore[override]  # as smtplib has it
        """Send, for as long as there is time."""
        if self.sock is not None:
            self.sock.settimeout(_rest(self._until))
        super().send(s)


class _BoundedTls(_Bounded, smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""


def _rest(until: float) -> float:
    rest = until - time.monotonic()
    if rest <= 0:
        raise TimeoutError("the server takes too long")
    return rest
