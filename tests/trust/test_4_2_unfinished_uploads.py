"""Trust, 4.2: uploads that never end hold little memory, few places, and not for long."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from byoip.api.border import uploads
from byoip.cli.connection_limits import LimitedProtocol
from tests.announcing import until
from tests.pdfs import pdf
from tests.trust.served import END, PART, Customer, Served, served

LARGE = 9_000_000  # bytes, of the 10 MB that a document may have
SLICE = b"\0" * 65536


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Served]:
    async with served(database_url) as running:
        yield running


class Unfinished:
    """An upload whose sender stops before its end, and keeps the connection."""

    def __init__(self, customer: Customer) -> None:
        self._customer = customer
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def begin(self, size: int = 1000) -> None:
        """Send so many bytes of a document that is said to be larger."""
        port = self._customer.port
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self._writer.write(self._customer.head(2 * LARGE) + PART + b"%PDF-1.7\n")
        with suppress(ConnectionError):  # the server may refuse it before all is sent
            for _ in range(max(1, size // len(SLICE))):
                self._writer.write(SLICE)
                await self._writer.drain()

    async def status(self) -> int:
        """Of its answer; 0: the server closed without one."""
        line = await asyncio.wait_for(self._reader.readline(), 60)
        return int(line.split()[1]) if line else 0

    @property
    def answered(self) -> bool:
        return self._reader.at_eof() or bool(self._reader._buffer)  # type: ignore[attr-defined] # what came, unread

    async def trickle(self) -> None:
        """Go on, faster than the least rate."""
        with suppress(ConnectionError):
            while True:
                self._writer.write(b"\0" * 4096)
                await self._writer.drain()
                await asyncio.sleep(0.1)

    async def leave(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


@asynccontextmanager
async def unfinished(
    customer: Customer, count: int, size: int = 1000
) -> AsyncIterator[list[Unfinished]]:
    """So many at once, until the block ends."""
    every = [Unfinished(customer) for _ in range(count)]
    await asyncio.gather(*(one.begin(size) for one in every))
    try:
        yield every
    finally:
        await asyncio.gather(*(one.leave() for one in every))


async def test_what_has_arrived_is_in_a_file_and_not_in_memory(api: Served) -> None:
    customer, places = await api.customer(), api.backend.uploads.of
    await customer.upload(pdf())  # so that everything is loaded
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    async with unfinished(customer, uploads.OF_AN_ACCOUNT, LARGE) as every:
        await until(lambda: places.total() == len(every))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    print(f"{len(every)} uploads of {LARGE} bytes took {peak - before} bytes at most")  # noqa: T201 - a figure
    assert peak - before < LARGE // 2
    await until(lambda: not places.total())


async def test_an_account_has_few_places_and_others_have_theirs(api: Served) -> None:
    hostile, other = await api.customer(), await api.customer()
    async with unfinished(hostile, 60) as every:
        await until(lambda: sum(one.answered for one in every) == 60 - uploads.OF_AN_ACCOUNT)
        assert {await one.status() for one in every if one.answered} == {429}
        assert (await other.upload(pdf())).status_code == 201
        assert (await hostile.ask("GET", "/prefixes")).status_code == 200
    await until(lambda: not api.backend.uploads.of.total())
    assert (await hostile.upload(pdf())).status_code == 201


async def test_all_accounts_together_have_limited_places(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "OF_ALL", 2)
    one, two, three = [await api.customer() for _ in range(3)]
    async with unfinished(one, 1), unfinished(two, 1):
        await until(lambda: api.backend.uploads.of.total() == 2)
        answer = await three.upload(pdf())
    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    assert "for all accounts" in answer.json()["errors"][0]["message"]


async def test_a_dozen_accounts_leave_places_to_others(api: Served) -> None:
    hostile, other = [await api.customer() for _ in range(12)], await api.customer()
    async with AsyncExitStack() as held:
        for one in hostile:
            await held.enter_async_context(unfinished(one, uploads.OF_AN_ACCOUNT))
        await until(lambda: api.backend.uploads.of.keys() >= {one.account_id for one in hostile})
        assert (await other.upload(pdf())).status_code == 201
    await until(lambda: not api.backend.uploads.of.total())


async def test_a_body_has_a_deadline_however_steadily_it_comes(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LimitedProtocol, "body_seconds", 1.5)
    async with unfinished(await api.customer(), 1, LARGE // 3) as [one]:  # minutes, by its rate
        sending = asyncio.create_task(one.trickle())
        assert await one.status() == 408
        sending.cancel()
    await until(lambda: not api.backend.uploads.of.total())


async def test_an_upload_that_comes_slowly_is_kept_whole(api: Served) -> None:
    customer, document = await api.customer(), pdf() + b"%" * 200_000
    body = PART + document + END
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(customer.head(len(body)))
    for at in range(0, len(body), 30_000):
        writer.write(body[at : at + 30_000])
        await writer.drain()
        await asyncio.sleep(0.02)
    assert b"201" in await reader.readline()
    writer.close()
