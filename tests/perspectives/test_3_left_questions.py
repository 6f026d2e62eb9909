"""Issue "Time", 3: a question that its core has left takes no turn at a place.

A core leaves one as soon as enough other places agree. A customer whose servers are slow for one
place only would fill that place with questions that nobody waits for.
"""

import asyncio
from typing import Final
from uuid import UUID

import pytest

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.perspectives import answering, wire
from byoip.adapters.perspectives.perspective_client import PerspectiveClient
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import (
    Lookup,
    NoAnswer,
    RegistryAnswer,
    RegistryQuestion,
)
from tests.announcing import until
from tests.fakes.registry import FakeRouteRegistry
from tests.perspectives.agents import ACCOUNT, AMSTERDAM, LOOPBACK, SystemTime
from tests.perspectives.in_process import in_process

ARIN: Final = Registry("arin", "ARIN", "whois.invalid", Dialect.IRRD)
SLOW, QUICK = Prefix.parse("198.18.0.0/17"), Prefix.parse("192.0.2.0/24")
ROUNDS: Final = 3  # of 32 questions: more than the 64 turns of a place


class Slow(FakeRouteRegistry):
    """Never answers about one prefix."""

    def __init__(self) -> None:
        super().__init__()
        self.held = 0

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        if question.prefix != SLOW:
            return await super().look_up(question)
        self.held += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.held -= 1
        raise AssertionError


def _about(prefix: Prefix, whose: UUID) -> RegistryQuestion:
    return RegistryQuestion(ARIN, Lookup.EXACT_ROUTES, prefix, whose)


async def test_questions_that_nobody_waits_for_hold_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answering, "_SECONDS", 600.0)  # by itself none ends
    slow = Slow()
    looks = DnsLooks(SystemTime(), [("127.0.0.1", 1)], LOOPBACK)
    async with in_process(looks, slow, ARIN) as asks:
        for _ in range(ROUNDS):
            asked = [asyncio.create_task(asks.look_up(_about(SLOW, ACCOUNT))) for _ in range(32)]
            await asyncio.sleep(0.5)
            for one in asked:  # as `Elsewhere` does once enough agree
                one.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        asks._deadline = 10
        answer = await asks.look_up(_about(QUICK, UUID(int=2)))
        assert isinstance(answer, NoAnswer)
        assert answer.fault is Fault.TRUNCATED, answer  # it came; the fake sends no bytes
        await until(lambda: not slow.held)


async def test_by_two_workers_an_account_has_not_all_turns_of_a_place() -> None:
    slow = Slow()
    looks = DnsLooks(SystemTime(), [("127.0.0.1", 1)], LOOPBACK)
    async with in_process(looks, slow, ARIN) as one:
        url = str(one._url).removesuffix(wire.PATH)
        given = {"key": one._key, "of_it": one._of_it, "clock": SystemTime(), "policy": LOOPBACK}
        other = PerspectiveClient(AMSTERDAM, url, deadline=30, **given)  # type: ignore[arg-type]
        asked = [
            asyncio.create_task(each.look_up(_about(SLOW, ACCOUNT)))
            for each in (one, other)
            for _ in range(32)
        ]
        await until(lambda: slow.held >= 32)
        await asyncio.sleep(0.5)
        one._deadline = 10
        answer = await one.look_up(_about(QUICK, UUID(int=2)))
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.TRUNCATED, answer
