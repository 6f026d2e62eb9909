"""One kind of connection for every part: each wait for the server ends, by our own clock.

A server may fall silent (its machine or network has gone) or freeze (its kernel still answers, its
processes do not); neither ends a statement. So a statement that takes more than three seconds makes
us ask whether the server speaks at all (`store/silence.py`). If it does, the statement has until
its deadline, which lies beyond the server's own.
"""

import asyncio
import select
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final, Self
from uuid import UUID

import psycopg
from psycopg import waiting
from psycopg.abc import Buffer, PQGen
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from byoip.store import fencing, silence
from byoip.store.database_url import joined_options, places

STATEMENT_SECONDS: Final = 18.0  # the server's statement_timeout is 15
_DOUBT_SECONDS: Final = 3.0
_DOUBT_IF_CANCELLED_SECONDS: Final = 1.0
_CANCEL_SECONDS: Final = 0.5
_HOST_SECONDS: Final = 5.0  # to find its addresses, and to connect to one
_POLL_SECONDS: Final = 0.1  # as in psycopg


def noticed(payload: str) -> list[UUID]:
    """The ids in a notice. Other words are passed over: any role may notify, it needs no right."""
    found = []
    for word in payload.split():
        with suppress(ValueError):
            found.append(UUID(word))
    return found


class Networks(Loader):
    """Loads networks: those of IPv6 without trying IPv4 first, and what came before at once."""

    def load(self, data: Buffer) -> IPv4Network | IPv6Network:
        """Read one; the server has written it."""
        return _network(bytes(data))


@lru_cache(2**14)
def _network(text: bytes) -> IPv4Network | IPv6Network:
    return (IPv6Network if b":" in text else IPv4Network)(text.decode())


class Silent(psycopg.OperationalError):
    """The server did not answer in time; the connection is closed."""


class NotWritable(psycopg.OperationalError):
    """The server is a standby, or takes no writes for another reason; the connection is closed."""


class Connection(psycopg.AsyncConnection[Any]):
    """A connection whose waits end.

    Attributes:
        patience: seconds for a statement, until the transaction ends.
        place: the host, as the URL has it.
        address: where that was found.
        timeline: of the server, when we connected.
        loop: the event loop that it belongs to.
        cursors: of statements that are run on it often, by their text; see `batches.run`.
    """

    patience = STATEMENT_SECONDS
    place: silence.Place = ()
    address: silence.Address = ("", 0)
    timeline: silence.Timeline | None = None
    loop: asyncio.AbstractEventLoop
    cursors: dict[bytes, psycopg.AsyncCursor[Any]]
    _limit: asyncio.Timeout | None = None
    _poller: "select.poll | None" = None
    _timer: asyncio.TimerHandle | None = None

    @classmethod
    async def connect(cls, conninfo: str = "", **given: Any) -> Self:
        """Connect to one of the hosts; `options` add to those in `conninfo`.

        Raises:
            OperationalError: none of them can be reached and takes writes.
        """
        said = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
        given["options"] = joined_options(said, given.get("options", ""))
        found, given = places(said), said | given
        if fencing.to_look_at(found):
            await cls._look_at(found, given)
        faults: list[psycopg.OperationalError] = []
        for place in sorted(found, key=silence.last_failed):
            try:
                return await cls._connect_to(place, given)
            except psycopg.OperationalError as fault:
                faults.append(fault)
        if len(faults) == 1:
            raise faults[0]
        raise psycopg.OperationalError("; ".join(str(fault).strip() for fault in faults))

    @classmethod
    async def _look_at(cls, found: list[dict[str, str]], given: dict[str, Any]) -> None:
        """Learn how far each host is; those that are away are tried last from then on."""

        async def look(place: dict[str, str]) -> None:
            with suppress(psycopg.OperationalError):
                await (await cls._connect_to(place, given)).close()

        await asyncio.gather(*map(look, found))

    @classmethod
    async def _connect_to(cls, place: dict[str, str], given: dict[str, Any]) -> Self:
        try:
            async with asyncio.timeout(_HOST_SECONDS):
                made = await super().connect("", **(given | place | {"autocommit": True}))
                made.place = silence.key(place)
                made.address = (made.info.hostaddr or made.info.host, made.info.port)
                made.adapters.register_loader("cidr", Networks)
                made.loop, made.cursors = asyncio.get_running_loop(), {}
                silence.watch_over(made)
                made.timeline = await fencing.timeline_of(made)
                await made.set_autocommit(given.get("autocommit", False))
        except TimeoutError:
            silence.note_failure(silence.key(place))
            raise Silent(f"{place.get('host', 'the server')} did not let us in in time") from None
        except psycopg.OperationalError:
            silence.note_failure(silence.key(place))
            raise
        return made

    async def wait(
        self,
        gen: PQGen[Any],
        interval: float = _POLL_SECONDS,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's signature
    ) -> Any:
        """Carry out one step that waits for the server; psycopg calls this for all of them.

        Raises:
            Silent: it gave no answer in time.
            NotWritable: it takes no writes.
        """
        began = asyncio.get_running_loop().time()
        self._timer = self.loop.call_later(_DOUBT_SECONDS, self._look, began)
        try:
            return await self._step(gen, interval, timeout)
        except TimeoutError:
            self.pgconn.finish()
            raise Silent("the database server did not answer in time") from None
        except psycopg.errors.ReadOnlySqlTransaction as fault:
            self.pgconn.finish()
            raise NotWritable(str(fault)) from fault
        except asyncio.CancelledError:
            if self._asking:
                await self._let_go(gen, self.loop.time() - began)
            raise
        finally:
            self._timer.cancel()
            if self.pgconn.transaction_status == TransactionStatus.IDLE:
                self.patience = STATEMENT_SECONDS

    def give_up(self) -> None:
        """Close it; what waits for an answer on it gets `Silent`."""
        if self._limit is None:
            self.pgconn.finish()
        elif not self._limit.expired():
            self._limit.reschedule(self.loop.time())

    @property
    def idle(self) -> bool:
        """Whether it is in no transaction, and waits for nothing."""
        idle = self.pgconn.transaction_status == TransactionStatus.IDLE
        return idle and self._limit is None

    @property
    def can_be_read(self) -> bool:
        """Whether the server has sent something that nobody has read."""
        if self._poller is None:
            self._poller = select.poll()
            self._poller.register(self.fileno(), select.POLLIN)
        return bool(self._poller.poll(0))

    @property
    def _asking(self) -> bool:
        return self.pgconn.transaction_status == TransactionStatus.ACTIVE

    async def _step(self, gen: PQGen[Any], interval: float, most: float | None) -> Any:
        # Ended from outside by moving the limit, never by closing: the loop waits on the socket,
        # whose number could be another connection's a moment later.
        try:
            async with asyncio.timeout(None) as self._limit:
                return await waiting.wait_async(gen, self.pgconn.socket, interval, most)
        finally:
            self._limit = None

    def _look(self, began: float) -> None:
        """Wonder about an answer that is late; waiting for news (LISTEN) is none."""
        if self._asking:
            if self.loop.time() - began >= self.patience:
                silence.pass_over(self)
                self.give_up()
                return
            silence.doubt(self)
        self._timer = self.loop.call_later(_DOUBT_SECONDS, self._look, began)

    async def _let_go(self, gen: PQGen[Any], waited: float) -> None:
        """Have the server end the statement of a cancelled task; close if it does not at once."""
        if waited > _DOUBT_IF_CANCELLED_SECONDS:
            silence.doubt(self)
        try:
            await self._try_cancel(timeout=_CANCEL_SECONDS)
            await self._step(gen, _POLL_SECONDS, _CANCEL_SECONDS)
        except psycopg.errors.QueryCanceled:
            return
        except (psycopg.Error, TimeoutError):
            self.pgconn.finish()
        except asyncio.CancelledError:
            self.pgconn.finish()
            raise
