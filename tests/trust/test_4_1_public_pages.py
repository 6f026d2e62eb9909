"""Trust, 4.1: what anyone may read without a token is made once, not for each who asks."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from byoip.api import operations
from byoip.api.border.answers import expected
from byoip.api.letters.letter_page import prefers_html
from byoip.cli.connection_limits import LimitedProtocol
from byoip.domain.precondition import PreconditionFailed
from byoip.store.gauges import Gauge, Gauges
from tests.announcing import until
from tests.trust.served import served

ASKED = 40
LONG = 100_000  # characters; nothing else that is written is as long


async def test_the_document_of_the_api_is_written_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    dumps = json.dumps

    def counted(value: object, **how: Any) -> str:
        text = dumps(value, **how)
        written.append(len(text))
        return text

    monkeypatch.setattr(json, "dumps", counted)
    async with (
        served(database_url) as api,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", timeout=60) as client,
    ):
        first = await client.get("/openapi.json")
        assert first.headers["content-type"] == "application/json"
        for _ in range(ASKED):
            assert (await client.get("/openapi.json")).content == first.content
        assert len([one for one in written if one > LONG]) == 1


async def test_what_asks_the_database_is_asked_once_for_many(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    came = wanted = 0
    read, headers = Gauges.read, LimitedProtocol.on_headers_complete

    def noted(protocol: LimitedProtocol) -> None:
        nonlocal came
        came += 1
        headers(protocol)

    async def complain() -> str | None:
        asked["/readyz"] += 1
        await until(lambda: came >= wanted)  # the answer takes until all have come
        await asyncio.sleep(0.01)
        return None

    async def counted(gauges: Gauges) -> Sequence[Gauge]:
        asked["/metrics"] += 1
        await until(lambda: came >= wanted)
        return await read(gauges)

    monkeypatch.setattr(operations, "PROBE_SECONDS", 120.0)
    monkeypatch.setattr(LimitedProtocol, "on_headers_complete", noted)
    monkeypatch.setattr(Gauges, "read", counted)
    async with (
        served(database_url) as api,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", timeout=60) as client,
    ):
        assert isinstance(api.backend.probes, dict)
        monkeypatch.setitem(api.backend.probes, "database", complain)
        for path in ("/metrics", "/readyz"):
            wanted = came + ASKED
            answers = await asyncio.gather(*(client.get(path) for _ in range(ASKED)))
            assert {one.status_code for one in answers} == {200}
            assert asked[path] < ASKED / 2
            before = asked[path]
            await client.get(path)  # who asks now is told what is so now
            assert asked[path] == before + 1


def test_a_header_made_to_cost_is_not_read_to_its_end() -> None:
    assert not prefers_html(["application/json," + "a," * 30_000 + "text/html;q=1"])
    assert prefers_html(["text/html," + "a," * 30_000])
    named = expected([(b"if-match", b'"1",' * 15_000 + b'"2"')])
    assert named is not None
    named.require(1)
    with pytest.raises(PreconditionFailed):
        named.require(2)


async def test_the_log_keeps_the_beginning_of_a_path(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "byoip.access")
    async with (
        served(database_url) as api,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", timeout=60) as client,
    ):
        assert (await client.get("/" + "a/" * 20_000)).status_code == 404
    [record] = [one for one in caplog.records if one.name == "byoip.access"]
    assert len(record.getMessage()) < 400
