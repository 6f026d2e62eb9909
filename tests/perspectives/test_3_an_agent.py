"""Issue "Time", 3: a perspective answers typed questions, signed, and raw; the core judges."""

import os
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from byoip.adapters.perspectives import wire
from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Failed, Fault, Passed, Reason, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Found, Lookup, NoAnswer, NoEntries, RegistryQuestion
from tests.perspectives.agents import (
    ACCOUNT,
    AMSTERDAM,
    BYOIP,
    LABEL,
    NEW_YORK,
    Agent,
    SystemTime,
    agent,
    client,
)

TOKEN = "n5r7kq2xw4vzt3mbd6yj"
PREFIX = Prefix.parse("192.0.2.0/24")
(ZONE,) = reverse_zones(PREFIX)
ARIN = Registry("arin", "ARIN", "whois.invalid", Dialect.IRRD)
CORE = Ed25519PrivateKey.generate()
ROUTE = b"route: 192.0.2.0/24\norigin: AS64500\nmnt-by: A-MNT\nsource: ARIN\n"


@pytest.fixture(scope="module")
async def one(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agent]:
    async with agent(tmp_path_factory.mktemp("agent"), AMSTERDAM, CORE) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_published(one: Agent) -> None:
    one.internet.names.clear()
    one.internet.whois.clear()


async def verdict(asks: object) -> Passed | Failed | Unanswered:
    observed = await asks.observe(ZONE, LABEL, ACCOUNT)  # type: ignore[attr-defined]
    return judge_zones([observed], TOKEN)


async def posted(
    running: Agent, request: wire.Request, *, key: Ed25519PrivateKey = CORE
) -> tuple[int, wire.Answer | None]:
    body = wire.written(request)
    headers = {wire.HEADER: wire.sign_request(key, body)}
    async with httpx.AsyncClient(timeout=60) as http:
        came = await http.post(running.url + wire.PATH, content=body, headers=headers)
    if came.status_code != 200:
        return came.status_code, None
    assert wire.answer_is_of(
        running.key.public_key(), came.headers[wire.HEADER], body, came.content
    )
    return 200, wire.read(came.content, wire.Answer)


def request(nonce: str, **other: object) -> wire.Request:
    given = {
        "version": wire.VERSION,
        "to": "ams",
        "nonce": nonce,
        "at": datetime.now(UTC).timestamp(),
        "question": wire.Hello(),
    }
    return wire.Request(**(given | other))  # type: ignore[arg-type]


async def refusal(running: Agent, asked: wire.Request) -> str:
    status, answer = await posted(running, asked)
    assert status == 200
    assert answer is not None
    assert isinstance(answer.answer, wire.Refused), answer
    return answer.answer.why


async def test_a_look_from_there_is_judged_here(one: Agent) -> None:
    missing = await verdict(one.client)
    assert isinstance(missing, Failed)
    assert missing.reason is Reason.TOKEN_MISSING
    one.internet.names.put_txt(ZONE.owner(LABEL), [TOKEN])
    assert isinstance(await verdict(one.client), Passed)
    seen = await one.client.observe(ZONE, LABEL, ACCOUNT)
    assert len(seen.servers) == 2
    assert {exhibit.of for exhibit in seen.exhibits} <= {
        f"{address}:{one.internet.names.port}" for address in one.internet.names.addresses
    }
    assert any(TOKEN.encode() in exhibit.answer for exhibit in seen.exhibits)


async def test_a_registry_is_asked_from_there_and_read_here(one: Agent) -> None:
    asked = RegistryQuestion(ARIN, Lookup.EXACT_ROUTES, PREFIX, ACCOUNT)
    assert isinstance(await one.client.look_up(asked), NoEntries)
    one.internet.whois.put("ARIN", ROUTE)
    found = await one.client.look_up(asked)
    assert isinstance(found, Found)
    assert [route.key for route in found.objects] == ["192.0.2.0/24"]
    assert found.exhibit.of == f"127.0.0.1:{one.internet.whois.port}"


async def test_4_1_an_as_number_is_asked_for_from_there_and_read_here(one: Agent) -> None:
    asked = RegistryQuestion.of_aut_num(ARIN, Asn(3320), ACCOUNT)
    assert isinstance(await one.client.look_up(asked), NoEntries)
    one.internet.whois.put("ARIN", b"aut-num: AS3320\nas-name: A\nsource: ARIN\n")
    found = await one.client.look_up(asked)
    assert isinstance(found, Found)
    assert [described.key for described in found.objects] == ["AS3320"]
    assert b"aut-num: AS3320" in found.exhibit.answer


async def test_it_is_no_proxy(one: Agent) -> None:
    look = wire.Look("192.0.2.0/24", "www")
    assert "label" in await refusal(one, request("1", question=look))
    wide = wire.Look("192.0.0.0/22", LABEL)
    assert "not one reverse zone" in await refusal(one, request("2", question=wide))
    host = wire.Look("192.0.2.1/32", LABEL)
    assert "reverse zone" in await refusal(one, request("3", question=host))
    other = wire.LookUp("radb", "exact_routes", "192.0.2.0/24")
    assert "no such registry" in await refusal(one, request("4", question=other))
    number = wire.LookUp("arin", "aut_num", "::1/128")
    assert "no such question" in await refusal(one, request("5", question=number))
    for name, asked in (
        ("no such registry", wire.AutNum("radb", 3320)),
        ("Expected `int` >= 1", wire.AutNum("arin", 0)),
        ("Expected `int` <= 4294967295", wire.AutNum("arin", 2**32)),
    ):
        assert name in await refusal(one, request(name, question=asked))


async def test_a_stranger_hears_nothing(one: Agent) -> None:
    other = Ed25519PrivateKey.generate()
    assert await posted(one, request("6"), key=other) == (401, None)
    stranger = client(AMSTERDAM, one.url, core=other, of_it=one.key)
    ended = await verdict(stranger)
    assert isinstance(ended, Unanswered)
    assert ended.fault is Fault.REFUSED
    async with httpx.AsyncClient(timeout=60) as http:
        assert (await http.get(one.url + wire.PATH)).status_code == 404
        assert (await http.post(one.url + wire.PATH, content=b"{}")).status_code == 401
        large = b" " * (wire.MOST_ASKED + 1)
        assert (await http.post(one.url + wire.PATH, content=large)).status_code == 413


async def test_a_request_is_answered_once(one: Agent) -> None:
    asked = request("7")
    status, answer = await posted(one, asked)
    assert status == 200
    assert answer is not None
    assert isinstance(answer.answer, wire.Greeting)
    assert "came before" in await refusal(one, asked)


async def test_a_request_of_before_it_began_is_not_answered(tmp_path: Path) -> None:
    """It has forgotten the nonces of then."""
    early = request("8")
    async with agent(tmp_path, AMSTERDAM, CORE) as running:
        assert "began after" in await refusal(running, early)


@pytest.mark.parametrize("apart", [timedelta(seconds=-90), timedelta(seconds=90)])
async def test_a_clock_that_is_off_is_no_answer(one: Agent, apart: timedelta) -> None:
    class Off(SystemTime):
        def now(self) -> datetime:
            return super().now() + apart

    one.internet.names.put_txt(ZONE.owner(LABEL), [TOKEN])
    off = client(AMSTERDAM, one.url, core=CORE, of_it=one.key, clock=Off())
    ended = await verdict(off)
    assert isinstance(ended, Unanswered)
    at = (datetime.now(UTC) + apart).timestamp()
    assert "clocks are" in await refusal(one, request(f"off {apart}", at=at))


async def test_a_newer_major_version_is_not_spoken(one: Agent) -> None:
    assert "version '2.0'" in await refusal(one, request("9", version="2.0"))
    status, answer = await posted(one, request("10", version="1.7"))  # a newer minor one is
    assert status == 200
    assert answer is not None
    assert isinstance(answer.answer, wire.Greeting)


async def test_one_of_another_name_region_or_key_is_no_answer(one: Agent) -> None:
    one.internet.names.put_txt(ZONE.owner(LABEL), [TOKEN])
    misplaced = client(NEW_YORK, one.url, core=CORE, of_it=one.key)
    assert isinstance(await verdict(misplaced), Unanswered)
    other = client(AMSTERDAM, one.url, core=CORE, of_it=Ed25519PrivateKey.generate())
    ended = await verdict(other)
    assert isinstance(ended, Unanswered)
    assert "signature" in ended.seen
    assert await other.greet() == "the answer does not bear its signature"
    assert await one.client.greet() is None


async def test_one_that_stands_still_is_no_answer(tmp_path: Path) -> None:
    async with agent(tmp_path, NEW_YORK, CORE) as running:
        running.internet.names.put_txt(ZONE.owner(LABEL), [TOKEN])
        assert isinstance(await verdict(running.client), Passed)
        running.stop()
        ended = await verdict(running.client)
        assert isinstance(ended, Unanswered)
        assert ended.fault is Fault.TIMEOUT
        asked = RegistryQuestion(ARIN, Lookup.EXACT_ROUTES, PREFIX, ACCOUNT)
        answer = await running.client.look_up(asked)
        assert isinstance(answer, NoAnswer)
        assert answer.fault is Fault.TIMEOUT


def test_it_says_what_it_lacks() -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    ended = subprocess.run(
        [BYOIP, "perspective"], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert "BYOIP_PERSPECTIVE_NAME" in ended.stderr
    assert "BYOIP_PERSPECTIVE_CALLERS" in ended.stderr
