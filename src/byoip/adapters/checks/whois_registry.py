"""A registry's whois server: one question per connection (RFC 3912)."""

from contextlib import suppress
from ssl import SSLError
from typing import Final

from anyio import BrokenResourceError, connect_tcp, fail_after

from byoip.adapters.checks.whois_dialects import NotAnAnswer, exchange
from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.ports.checks.registry import (
    Found,
    NoAnswer,
    NoEntries,
    RegistryAnswer,
    RegistryQuestion,
)
from byoip.ports.clock import Clock
from byoip.ports.threads import unless_short

MAX_BYTES: Final = 1024 * 1024


class WhoisRegistry:
    """Asks a registry's whois server, one connection a question (RFC 3912).

    Plain text: nothing protects the answer on its way. Where a registry offers REST over TLS,
    `PreferTls` asks that instead.
    """

    def __init__(self, clock: Clock, *, deadline: float, max_bytes: int = MAX_BYTES) -> None:
        """Take limits: `deadline` in seconds for the whole question, the answer in bytes."""
        self._clock = clock
        self._deadline = deadline
        self._max_bytes = max_bytes

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        """Ask once; whatever the other side does becomes a NoAnswer, never an exception."""
        registry = question.registry
        asking = exchange(question)
        raw, trouble = await self._converse(registry.host, registry.port, asking.sent)
        exhibit = RawAnswer(
            asked="\n".join(asking.lines),
            of=f"{registry.host}:{registry.port}",
            answer=raw,
            at=self._clock.now(),
        )
        try:
            objects = await unless_short(question.account_id, len(raw), asking.read, raw)
        except NotAnAnswer as odd:
            # What came is incomplete because the conversation broke: then that is the reason.
            why = trouble if trouble and odd.fault is Fault.TRUNCATED else odd
            return NoAnswer(why.fault, why.detail, exhibit)
        if trouble and trouble.fault is Fault.TOO_LARGE:  # cut where an answer might have ended
            return NoAnswer(trouble.fault, trouble.detail, exhibit)
        return Found(objects, exhibit) if objects else NoEntries(exhibit)

    async def _converse(
        self, host: str, port: int, sent: bytes
    ) -> tuple[bytes, NotAnAnswer | None]:
        """Send, and collect what comes until the other side closes; also why it ended early.

        What came before a reset is kept: it may say that we are blocked.
        """
        received = bytearray()
        trouble = None
        try:
            with fail_after(self._deadline):
                async with await connect_tcp(host, port) as stream:
                    with suppress(BrokenResourceError):
                        await stream.send(sent)
                    async for piece in stream:
                        received += piece[: self._max_bytes - len(received) + 1]
                        if len(received) > self._max_bytes:
                            break
        except TimeoutError:
            trouble = NotAnAnswer(Fault.TIMEOUT, f"no complete answer in {self._deadline:g} s")
        except (OSError, BrokenResourceError) as fault:  # no such name, refused, reset
            reason = fault.__cause__ or fault
            trouble = NotAnAnswer(Fault.UNREACHABLE, f"the connection failed: {reason}")
        if len(received) > self._max_bytes:
            detail = f"the answer is larger than {self._max_bytes} bytes"
            trouble = NotAnAnswer(Fault.TOO_LARGE, detail)
        return bytes(received[: self._max_bytes]), trouble


async def unreachable(host: str, port: int, *, tls: bool, seconds: float) -> str | None:
    """Why no connection can be made; None: one was made, and nothing asked."""
    try:
        with fail_after(seconds):
            stream = (
                await connect_tcp(host, port, tls=True) if tls else await connect_tcp(host, port)
            )
    except TimeoutError:
        return f"no connection in {seconds:g} s"
    except (OSError, SSLError, BrokenResourceError) as fault:
        return f"the connection failed: {fault.__cause__ or fault}"
    with suppress(BrokenResourceError):
        await stream.aclose()
    return None
