"""Trust, 1.3: large answers of registries about one account's space hold up no other account."""

import asyncio
import json
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from byoip.adapters.checks import ripe_rest
from byoip.adapters.checks.ripe_rest import RipeRest
from byoip.domain.checks.rpsl import RpslObject, parse_objects
from byoip.ports import threads
from byoip.ports.checks.registry import Found
from byoip.ports.threads import in_thread
from tests.announcing import until
from tests.fakes.ripe_rest_server import RipeRestServer, http
from tests.trust.test_1_3_hostile_downloads import Clock, _question

FLOODING, OTHER = UUID(int=1), UUID(int=2)
FLOOD = 60  # anyio has 40 threads for all


def route(prefix: str) -> dict[str, object]:
    return {"attributes": {"attribute": [{"name": "route", "value": prefix}]}}


async def test_a_flood_of_large_answers_delays_no_other_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slowly(text: bytes) -> tuple[RpslObject, ...]:
        if b"192.0.2.0/24" in text:
            begun.release()
            go_on.wait(60)
        return parse_objects(text)

    async def asked(server: RipeRestServer, account: UUID) -> object:
        question = replace(_question(f"http://127.0.0.1:{server.port}"), account_id=account)
        return await RipeRest(Clock(), deadline=60).look_up(question)

    monkeypatch.setattr(ripe_rest, "parse_objects", slowly)
    monkeypatch.setattr("byoip.ports.threads.SHORT", 0)  # these stand for large ones
    large, small = RipeRestServer(), RipeRestServer()
    for one, prefix in ((large, "192.0.2.0/24"), (small, "198.51.100.0/24")):
        one.raw = http(200, json.dumps({"objects": {"object": [route(prefix)]}}).encode())
        one.port = await one.start()
    flood = [asyncio.create_task(asked(large, FLOODING)) for _ in range(FLOOD)]
    try:
        await until(lambda: begun.acquire(blocking=False))
        await asyncio.sleep(0.5)  # all that may begin have begun
        async with asyncio.timeout(5):
            answer = await asked(small, OTHER)
        assert isinstance(answer, Found)
        assert not any(one.done() for one in flood)
    finally:
        go_on.set()
        answers = await asyncio.gather(*flood)
        await large.stop()
        await small.stop()
    assert all(isinstance(one, Found) for one in answers)


async def test_another_account_comes_next_among_many() -> None:
    """With every thread at work, who has none gets the next that is free."""
    go_on, begun = threading.Semaphore(0), list[UUID]()

    def work(whose: UUID) -> None:
        begun.append(whose)
        assert go_on.acquire(timeout=60)

    def more_than(most: int) -> bool:
        return len(begun) > most

    accounts = [UUID(int=number) for number in range(10, 20)]
    flood = [asyncio.create_task(in_thread(a, work, a)) for a in accounts for _ in range(10)]
    await until(partial(more_than, threads._THREADS - 1))
    other = asyncio.create_task(in_thread(OTHER, work, OTHER))
    await asyncio.sleep(0)  # it waits for its turn
    for most in range(threads._THREADS, threads._THREADS + len(accounts)):
        go_on.release()  # the next begins when one ends: threads wake up in any order
        await until(partial(more_than, most))
    for _ in range(len(flood) + 1):
        go_on.release()
    await asyncio.gather(other, *flood)
    assert begun.index(OTHER) < threads._THREADS + len(accounts), "not behind all hundred"


def test_what_registries_answer_is_read_nowhere_else_in_threads() -> None:
    root = Path(ripe_rest.__file__).parents[2]
    users = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if "anyio" in (text := path.read_text()) and "run_sync" in text
    }
    # What mail servers say is read in four threads of its own.
    assert users == {"ports/threads.py", "adapters/mail/smtp_mailer.py"}
