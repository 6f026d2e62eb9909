"""Pages that follow what happens: a stream says that there is news, a part shows it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from time import process_time

import httpx
import pytest
from prometheus_client import CollectorRegistry

from byoip.api.border import account_turns
from byoip.api.border.access_log import AccessLog
from byoip.cli.serving import bind, port_of, serving
from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.usecases.accounts import people
from byoip.web import live
from byoip.web.door import COOKIE
from tests.api.test_history import WELL_BEFORE
from tests.api.world import World
from tests.web.browser import Browser, Reading, link_for, signed_in

PART = "/ui/prefixes/part"
STREAM = "/ui/prefixes/stream"


@pytest.fixture
async def server(world: World) -> AsyncIterator[str]:
    """The pages behind a real socket; stopped as `byoip api` stops it."""
    app = AccessLog(world.app, CollectorRegistry())
    with bind("127.0.0.1", 0) as socket:
        async with world.backend.notifier.listening(), serving(app, socket):
            yield f"http://localhost:{port_of(socket)}"


class Opened:
    """One open stream, line by line; read beside the test, so that to wait in vain ends nothing."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for line in self.response.aiter_lines():
            self._lines.put_nowait(line)
        self._lines.put_nowait(None)

    async def news(self, seconds: float = WELL_BEFORE) -> dict[str, str]:
        """What the next piece of news says; nothing: the stream has ended."""
        said: dict[str, str] = {}
        async with asyncio.timeout(seconds):
            while (line := await self._lines.get()) is not None:
                if not line and said:
                    return said
                name, _, value = line.partition(": ")
                said |= {name: value} if name else {}  # signs of life are passed over
        return said

    async def silent(self, seconds: float = 0.5) -> None:
        with pytest.raises(TimeoutError):
            assert await self.news(seconds) == {}


@asynccontextmanager
async def _opened(server: str, path: str, headers: dict[str, str]) -> AsyncIterator[Opened]:
    async with (
        httpx.AsyncClient(base_url=server, timeout=60) as client,
        client.stream("GET", path, headers=headers) as response,
    ):
        made = Opened(response)
        try:
            yield made
        finally:
            made.reading.cancel()
            await asyncio.gather(made.reading, return_exceptions=True)


async def opened(
    held: AsyncExitStack, server: str, browser: Browser, path: str, **headers: str
) -> Opened:
    asked = {"cookie": f"{COOKIE}={browser.cookie}", **headers}
    return await held.enter_async_context(_opened(server, path, asked))


async def newest(browser: Browser, page: str) -> str:
    """The place after which the page listens."""
    found = re.search(r'hx-sse:connect="([^"]*)"', (await browser.get(page)).text)
    assert found
    return found[1]


async def test_news_of_a_prefix_comes_once_and_the_part_shows_it(world: World, server: str) -> None:
    made = await world.prefix()
    browser, page = await signed_in(world), f"/ui/prefixes/{made['id']}"
    async with AsyncExitStack() as held:
        of_prefix = await opened(held, server, browser, await newest(browser, page))
        of_list = await opened(held, server, browser, await newest(browser, "/ui/prefixes"))
        assert of_prefix.response.headers["content-type"].startswith("text/event-stream")
        assert of_prefix.response.headers["cache-control"] == "no-store"
        changed = {"description": "changed by another"}
        await world.result("PATCH", f"/prefixes/{made['id']}", json=changed)
        for one in (of_prefix, of_list):
            said = await one.news()
            assert (said["event"], said["data"]) == ("news", "news")
            await one.silent()
        for part in (f"{page}/part", PART):
            shown = await browser.get(part)
            assert "changed by another" in shown.text
            assert "<html" not in shown.text
        again = await opened(
            held, server, browser, f"{page}/stream?after=0", **{"last-event-id": said["id"]}
        )
        await again.silent()  # it knows


async def test_3_1_the_same_number_of_a_new_epoch_is_news(
    world: World, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a loss numbers are given again: to a page that knows them, and to one that listens."""
    monkeypatch.setattr(live, "SIGN_OF_LIFE", 0.1)
    made = await world.prefix()
    browser = await signed_in(world)
    async with AsyncExitStack() as held:
        for page in (f"/ui/prefixes/{made['id']}", "/ui/prefixes"):
            address = await newest(browser, page)
            known = address.partition("=")[2]
            listening = await opened(held, server, browser, address)
            await listening.silent()
            async with world.store.transaction() as tx:
                epoch = await tx.restores.begin_epoch(tx.now)
            anew = f"{epoch.hex}_{known.partition('_')[2]}"
            late = await opened(held, server, browser, address)
            for one in (listening, late):
                assert (await one.news())["id"] == anew
            again = await opened(held, server, browser, address, **{"last-event-id": anew})
            await again.silent()


async def test_a_stream_that_comes_late_is_told_at_once(world: World, server: str) -> None:
    made = await world.prefix()
    browser = await signed_in(world)
    stream = f"/ui/prefixes/{made['id']}/stream"
    async with AsyncExitStack() as held:
        other, far = f"?after={'0' * 32}_1", f"?after={'9' * 30}"
        for after in ("?after=0", "", "?after=-1", "?after=x", "?after=1", far, other):
            one = await opened(held, server, browser, stream + after)
            assert (await one.news())["event"] == "news", after


async def test_many_changes_at_once_are_one_piece_of_news(world: World, server: str) -> None:
    browser = await signed_in(world)
    async with AsyncExitStack() as held:
        one = await opened(held, server, browser, await newest(browser, "/ui/prefixes"))
        for number in range(5):
            await world.prefix(f"31.7.{number}.0/24")
        first = await one.news()
        last = first if first["id"].endswith("_5") else await one.news()
        assert last["id"].endswith("_5")
        await one.silent()


@pytest.mark.parametrize("left", ["removed", "signed out", "idle"])
async def test_a_stream_ends_with_the_session(
    world: World, server: str, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    assert live.SIGN_OF_LIFE + live.BETWEEN < 60 / 2  # no event of the account wakes its streams
    monkeypatch.setattr(live, "SIGN_OF_LIFE", 0.1)
    person, code = await link_for(world)
    browser = Browser(world.client)
    await browser.enter(code)
    async with AsyncExitStack() as held:
        one = await opened(held, server, browser, await newest(browser, "/ui/prefixes"))
        if left == "removed":
            async with world.store.transaction(actor=Actor("cli", "cli-test")) as tx:
                await people.remove(tx, world.account_id, person, reason="test")
        elif left == "signed out":
            await browser.post("/ui/leave", {})
        else:
            world.clock.advance(timedelta(hours=1, seconds=1))
        assert await one.news() == {}


async def test_what_a_page_asks_by_itself_keeps_no_session_alive(world: World) -> None:
    made = await world.prefix()
    browser = await signed_in(world)
    for minutes in (30, 25):
        world.clock.advance(timedelta(minutes=minutes))
        assert (await browser.get(PART)).status_code == 200
        assert (await browser.get(f"/ui/prefixes/{made['id']}/part")).status_code == 200
    world.clock.advance(timedelta(minutes=6))
    answer = await browser.get(PART)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/ui/enter"  # a redirect would land within the page
    assert (await browser.get(STREAM)).status_code == 401


async def test_a_part_that_is_not_there_has_the_page_loaded_again(world: World) -> None:
    browser = await signed_in(world)
    for path in (f"/ui/prefixes/{'0' * 32}/part", f"/ui/prefixes/{'0' * 32}/stream"):
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["hx-refresh"]) == (404, "true")
    operator = await signed_in(world, Role.OPERATOR)
    assert (await operator.get(PART)).headers["hx-refresh"] == "true"


@pytest.mark.parametrize("cap", ["session", "account", "process"])
async def test_one_stream_too_many_is_told_to_look_later_and_holds_nothing(
    world: World, server: str, monkeypatch: pytest.MonkeyPatch, cap: str
) -> None:
    if cap == "account":
        monkeypatch.setattr(account_turns, "MOST_LISTENING", 2)
    elif cap == "session":
        monkeypatch.setattr(live, "MOST_OF_SESSION", 2)
    else:  # of the process half at most, as long as others may come
        monkeypatch.setattr(live, "MOST", 4)
    browser = await signed_in(world)
    other = await signed_in(world, account_id=world.other_account_id)
    async with AsyncExitStack() as held:
        address = await newest(browser, "/ui/prefixes")
        open_ones = [await opened(held, server, browser, address) for _ in range(2)]
        for one in open_ones:
            await one.silent(0.2)
        third = await opened(held, server, browser, address)
        assert await third.news() == {"event": "news", "retry": "30000", "data": "news"}
        assert await third.news() == {}  # it has ended
        theirs = await opened(held, server, other, await newest(other, "/ui/prefixes"))
        await theirs.silent(0.2)
        if cap == "process":
            return
        open_ones[0].reading.cancel()
        await open_ones[0].response.aclose()  # its place is free again
        async with asyncio.timeout(WELL_BEFORE):
            while world.backend.turns.listening[world.account_id] > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        late = await opened(held, server, browser, address)
        await late.silent(0.2)


async def test_a_process_has_so_many_streams_and_no_more(
    world: World, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST", 1)
    browser = await signed_in(world)
    other = await signed_in(world, account_id=world.other_account_id)
    async with AsyncExitStack() as held:
        one = await opened(held, server, browser, await newest(browser, "/ui/prefixes"))
        await one.silent(0.2)
        theirs = await opened(held, server, other, await newest(other, "/ui/prefixes"))
        assert (await theirs.news())["retry"] == "30000"


async def test_open_streams_do_not_hold_up_the_end(world: World) -> None:
    browser = await signed_in(world)
    async with world.backend.notifier.listening():
        streams = [asyncio.create_task(browser.get(STREAM)) for _ in range(3)]
        waiting = world.backend.notifier._waiting
        while len(waiting.get(world.account_id, ())) < len(streams):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    async with asyncio.timeout(WELL_BEFORE):
        assert [one.status_code for one in await asyncio.gather(*streams)] == [200] * 3


async def test_fifty_open_streams_cost_others_nothing(
    world: World, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All wake at one event, and another account's page is there as before."""
    monkeypatch.setattr(live, "MOST_OF_SESSION", 100)
    browser = await signed_in(world)
    other = await signed_in(world, account_id=world.other_account_id)
    async with AsyncExitStack() as held:
        address = await newest(browser, "/ui/prefixes")
        all_of_them = [await opened(held, server, browser, address) for _ in range(50)]
        await world.prefix("31.8.0.0/24")
        told = asyncio.gather(*(one.news() for one in all_of_them))
        began = process_time()  # the pages, the streams and their readers are one process
        page = await other.get("/ui/prefixes")
        assert page.status_code == 200
        assert process_time() - began < 2
        epoch = await world.backend.reader.epochs.current()
        assert {one["id"] for one in await told} == {f"{epoch.hex}_1"}


async def test_a_running_check_is_followed_and_the_page_is_whole_without_scripts(
    world: World,
) -> None:
    made = await world.prefix()
    browser, page = await signed_in(world), f"/ui/prefixes/{made['id']}"
    assert "every 3s" not in (await browser.get(page)).text
    await browser.send(await browser.form(page, "/check"))
    whole, part = await browser.get(page), await browser.get(f"{page}/part")
    assert 'hx-trigger="every 3s"' in whole.text
    for text in Reading(part.text).words:
        if text.strip() and "Seen at" not in text:
            assert text in Reading(whole.text).words
