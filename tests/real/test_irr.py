"""The contract of RouteRegistry, held by a real IRRd, and what IRRd itself is like."""

import asyncio
from dataclasses import replace

import pytest

from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Lookup, NoAnswer
from byoip.sandbox.whois_server import WhoisServer
from tests.contracts.test_route_registry import OBJECTS, RouteRegistryContract, StoppedClock, World
from tests.real.irrd_server import IrrdServer


@pytest.fixture(scope="module")
def loaded(irrd: IrrdServer) -> IrrdServer:
    for source, text in OBJECTS.items():
        irrd.load(source, text)
    return irrd


@pytest.fixture
def world(loaded: IrrdServer) -> World:
    asks = WhoisRegistry(StoppedClock(), deadline=30)
    return World(asks, Registry("arin", "ARIN", loaded.address, Dialect.IRRD, port=loaded.port))


class TestIrrd(RouteRegistryContract):
    """Every test of the contract, asked of IRRd."""


async def test_a_source_that_irrd_does_not_have_is_not_nothing_found(world: World) -> None:
    for lookup in Lookup:
        other = World(world.asks, replace(world.registry, source="NOWHERE"))
        answer = await other.look_up(lookup, "192.0.2.0/24")
        assert isinstance(answer, NoAnswer)
        assert answer.fault is Fault.SERVER_FAILURE


async def test_irrd_refuses_the_flags_of_the_other_dialect_and_we_notice(world: World) -> None:
    ripe = World(world.asks, replace(world.registry, dialect=Dialect.RIPE))
    answer = await ripe.look_up(Lookup.EXACT_ROUTES, "192.0.2.0/24")
    assert isinstance(answer, NoAnswer)


async def raw(host: str, port: int, *lines: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


# Not among them: the last switch, which the sandbox refuses as older versions do.
QUESTIONS = [
    ("!!", "!sARIN", "!r192.0.2.128/25", "!q"),
    ("!!", "!sARIN", "!r192.0.2.0/24,M", "!q"),
    ("!!", "!sARIN", "!r192.0.2.128/25,L", "!q"),
    ("!!", "!sARIN", "!r192.0.2.0/26,L", "!q"),
    ("!!", "!sARIN", "!r198.18.0.0/24", "!q"),
    ("!sARIN",),
    ("!rnonsense",),
    ("-s ARIN -T route -x 192.0.2.128/25",),
    ("-s ARIN -T route -M 192.0.2.0/24",),
    ("-s ARIN -T route -L 192.0.2.128/25",),
    ("-s ARIN -T route -x 198.18.0.0/24",),
    ("-s ARIN -T inetnum 192.0.2.0/24",),
    ("-s ARIN -T inet6num 2001:db8::/48",),
    ("-s ARIN -T inetnum 198.18.0.0/24",),
    ("-W",),
]


@pytest.mark.parametrize("lines", QUESTIONS, ids=" ".join)
async def test_the_sandbox_answers_as_irrd_does(loaded: IrrdServer, lines: tuple[str, ...]) -> None:
    sandbox = WhoisServer()
    port = await sandbox.start()
    for source, text in OBJECTS.items():
        sandbox.put(source, text.encode())
    ours = await raw("127.0.0.1", port, *lines)
    theirs = await raw(loaded.address, loaded.port, *lines)
    await sandbox.stop()
    assert sorted(ours.splitlines()) == sorted(theirs.splitlines())
    assert ours[-3:] == theirs[-3:]


async def test_prefixes_are_sent_as_irrd_reads_them(world: World) -> None:
    assert str(Prefix.parse("2001:DB8:0::/32")) == "2001:db8::/32"
    answer = await world.look_up(Lookup.EXACT_ROUTES, "2001:0db8:0:0::/32")
    assert b"!r2001:db8::/32" in answer.exhibit.asked.encode()
