"""What every way of asking a routing registry must do: twin, whois in both dialects, and REST."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.checks.ripe_rest import PreferTls, RipeRest
from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.asn import Asn
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.prefix import Prefix
from byoip.ports.checks import registry as registrys
from byoip.sandbox.whois_server import WhoisServer
from tests.fakes.registry import FakeRouteRegistry
from tests.fakes.ripe_rest_server import RipeRestServer
from tests.perspectives.in_process import in_process

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = UUID(int=1)

# What the registries of these tests hold. Whole objects: a real server refuses half ones.
OBJECTS = {
    "ARIN": """\
route:          192.0.2.0/24
descr:          Example Networks
                byoip-validation: 0123456789abcdef
origin:         AS64500
mnt-by:         MNT-EXAMPLE
changed:        noc@example.net 20260101
source:         ARIN

route:          192.0.2.0/24
descr:          a second origin # remark
origin:         AS64501
mnt-by:         MNT-EXAMPLE
changed:        noc@example.net 20260101
source:         ARIN

route:          192.0.2.128/25
descr:          inside
origin:         AS64502
mnt-by:         MNT-EXAMPLE
changed:        noc@example.net 20260101
source:         ARIN

route:          198.51.100.0/24
descr:          Exemple de réseau
origin:         AS64500
mnt-by:         MNT-EXAMPLE
changed:        noc@example.net 20260101
source:         ARIN

route6:         2001:db8::/32
descr:          IPv6
origin:         AS64500
mnt-by:         MNT-EXAMPLE
changed:        noc@example.net 20260101
source:         ARIN

inetnum:        192.0.0.0 - 192.0.255.255
netname:        EXAMPLE-LARGE
country:        NL
admin-c:        DUMMY-ARIN
tech-c:         DUMMY-ARIN
status:         ALLOCATED PA
mnt-by:         MNT-LARGE
changed:        noc@example.net 20260101
source:         ARIN

inetnum:        192.0.2.0 - 192.0.3.255
netname:        EXAMPLE-SMALL
country:        NL
admin-c:        DUMMY-ARIN
tech-c:         DUMMY-ARIN
status:         ASSIGNED PA
mnt-by:         MNT-SMALL
changed:        noc@example.net 20260101
source:         ARIN

inet6num:       2001:db8::/32
netname:        EXAMPLE-SIX
country:        NL
admin-c:        DUMMY-ARIN
tech-c:         DUMMY-ARIN
status:         ALLOCATED-BY-RIR
mnt-by:         MNT-SIX
changed:        noc@example.net 20260101
source:         ARIN

aut-num:        AS64501
as-name:        EXAMPLE
descr:          Example Networks
admin-c:        DUMMY-ARIN
tech-c:         DUMMY-ARIN
remarks:        two lines
                byoip-validation: 0123456789abcdef
mnt-by:         MNT-EXAMPLE
changed:        noc@example.net 20260101
source:         ARIN
""",
    "RADB": """\
route:          203.0.113.0/24
descr:          in another source only
origin:         AS64500
mnt-by:         MNT-EXAMPLE
changed:        noc@example.net 20260101
source:         RADB
""",
}


class StoppedClock:
    """It is always the same moment."""

    def now(self) -> datetime:
        return NOW


@dataclass
class World:
    """A way of asking, and the registry that is asked."""

    asks: registrys.RouteRegistry
    registry: Registry

    async def look_up(self, lookup: registrys.Lookup, prefix: str) -> registrys.RegistryAnswer:
        if lookup is registrys.Lookup.AUT_NUM:
            return await self.aut_num(Asn(64999))
        question = registrys.RegistryQuestion(self.registry, lookup, Prefix.parse(prefix), ACCOUNT)
        return await self.asks.look_up(question)

    async def aut_num(self, asn: Asn) -> registrys.RegistryAnswer:
        question = registrys.RegistryQuestion.of_aut_num(self.registry, asn, ACCOUNT)
        return await self.asks.look_up(question)


def keys(answer: registrys.RegistryAnswer) -> list[str]:
    assert isinstance(answer, registrys.Found), answer
    return sorted(
        one.key.lower() + "".join(f" {origin.value}" for origin in one.all("origin"))
        for one in answer.objects
    )


class RouteRegistryContract:
    """The tests; a subclass has a fixture `world` whose registry holds OBJECTS."""

    async def test_every_route_with_exactly_the_prefix_is_found(self, world: World) -> None:
        answer = await world.look_up(registrys.Lookup.EXACT_ROUTES, "192.0.2.0/24")
        assert keys(answer) == ["192.0.2.0/24 AS64500", "192.0.2.0/24 AS64501"]

    async def test_physical_lines_of_a_value_stay_apart(self, world: World) -> None:
        answer = await world.look_up(registrys.Lookup.EXACT_ROUTES, "192.0.2.0/24")
        assert isinstance(answer, registrys.Found)
        lines = {line for one in answer.objects for d in one.all("descr") for line in d.lines}
        assert lines == {
            "Example Networks",
            "byoip-validation: 0123456789abcdef",
            "a second origin",
        }

    async def test_routes_inside_are_found_without_the_exact_ones(self, world: World) -> None:
        answer = await world.look_up(registrys.Lookup.MORE_SPECIFIC_ROUTES, "192.0.2.0/24")
        assert keys(answer) == ["192.0.2.128/25 AS64502"]

    async def test_routes_around_are_found_with_the_exact_ones(self, world: World) -> None:
        answer = await world.look_up(registrys.Lookup.COVERING_ROUTES, "192.0.2.128/25")
        assert keys(answer) == [
            "192.0.2.0/24 AS64500",
            "192.0.2.0/24 AS64501",
            "192.0.2.128/25 AS64502",
        ]
        answer = await world.look_up(registrys.Lookup.COVERING_ROUTES, "192.0.2.0/26")
        assert keys(answer) == ["192.0.2.0/24 AS64500", "192.0.2.0/24 AS64501"]
        answer = await world.look_up(registrys.Lookup.COVERING_ROUTES, "2001:db8::/32")
        assert keys(answer) == ["2001:db8::/32 AS64500"]

    async def test_a_route_around_does_not_count_as_exact(self, world: World) -> None:
        answer = await world.look_up(registrys.Lookup.EXACT_ROUTES, "192.0.2.0/25")
        assert isinstance(answer, registrys.NoEntries)

    async def test_ipv6_routes_are_found(self, world: World) -> None:
        answer = await world.look_up(registrys.Lookup.EXACT_ROUTES, "2001:db8::/32")
        assert keys(answer) == ["2001:db8::/32 AS64500"]

    async def test_text_beyond_ascii_does_no_harm(self, world: World) -> None:
        answer = await world.look_up(registrys.Lookup.EXACT_ROUTES, "198.51.100.0/24")
        assert keys(answer) == ["198.51.100.0/24 AS64500"]

    @pytest.mark.parametrize("lookup", list(registrys.Lookup))
    async def test_nothing_there_is_said_in_so_many_words(
        self, world: World, lookup: registrys.Lookup
    ) -> None:
        assert isinstance(await world.look_up(lookup, "198.18.0.0/24"), registrys.NoEntries)
        assert isinstance(await world.look_up(lookup, "2001:db9::/32"), registrys.NoEntries)

    async def test_objects_of_other_sources_are_not_found(self, world: World) -> None:
        answer = await world.look_up(registrys.Lookup.EXACT_ROUTES, "203.0.113.0/24")
        assert isinstance(answer, registrys.NoEntries)

    async def test_the_smallest_holder_around_is_found(self, world: World) -> None:
        answer = await world.look_up(registrys.Lookup.SMALLEST_HOLDER, "192.0.2.0/24")
        assert "192.0.2.0 - 192.0.3.255" in keys(answer)

    async def test_a_holder_of_exactly_the_prefix_is_found(self, world: World) -> None:
        answer = await world.look_up(registrys.Lookup.SMALLEST_HOLDER, "2001:db8::/32")
        assert keys(answer) == ["2001:db8::/32"]

    async def test_the_aut_num_object_of_a_number_is_found(self, world: World) -> None:
        answer = await world.aut_num(Asn(64501))
        assert keys(answer) == ["as64501"]
        assert isinstance(answer, registrys.Found)
        [remarks] = answer.objects[0].all("remarks")
        assert remarks.lines == ("two lines", "byoip-validation: 0123456789abcdef")
        assert isinstance(await world.aut_num(Asn(6450)), registrys.NoEntries)

    async def test_the_evidence_says_what_was_asked_of_whom(self, world: World) -> None:
        answer = await world.look_up(registrys.Lookup.EXACT_ROUTES, "192.0.2.0/24")
        assert "192.0.2.0/24" in answer.exhibit.asked
        assert answer.exhibit.of
        assert b"AS64501" in answer.exhibit.answer
        assert answer.exhibit.at == NOW


class TestTwin(RouteRegistryContract):
    @pytest.fixture
    def world(self) -> World:
        twin = FakeRouteRegistry(now=NOW)
        for source, text in OBJECTS.items():
            twin.put(source, text)
        return World(twin, Registry("arin", "ARIN", "whois.example.net", Dialect.IRRD))


@pytest.mark.parametrize("dialect", list(Dialect))
class TestWhoisOfTheSandbox(RouteRegistryContract):
    @pytest.fixture
    async def world(self, dialect: Dialect) -> AsyncIterator[World]:
        server = WhoisServer()
        port = await server.start()
        for source, text in OBJECTS.items():
            server.put(source, text.encode("latin-1"))
        asks = WhoisRegistry(StoppedClock(), deadline=30)
        yield World(asks, Registry("arin", "ARIN", "127.0.0.1", dialect, port=port))
        await server.stop()


@pytest.mark.parametrize("dialect", list(Dialect))
class TestWhoisFromAPerspective(RouteRegistryContract):
    @pytest.fixture
    async def world(self, dialect: Dialect) -> AsyncIterator[World]:
        server, clock = WhoisServer(), StoppedClock()
        port = await server.start()
        for source, text in OBJECTS.items():
            server.put(source, text.encode("latin-1"))
        whois = WhoisRegistry(clock, deadline=30)
        registry = Registry("arin", "ARIN", "127.0.0.1", dialect, port=port)
        nothing = DnsLooks(clock, [("127.0.0.1", 9)], NetworkPolicy())
        async with in_process(nothing, whois, registry, clock=clock) as asks:
            yield World(asks, registry)
        await server.stop()


class TestRest(RouteRegistryContract):
    @pytest.fixture
    async def world(self) -> AsyncIterator[World]:
        server = RipeRestServer()
        port = await server.start()
        for source, text in OBJECTS.items():
            server.objects.put(source, text.encode("latin-1"))
        url = f"http://127.0.0.1:{port}/"
        asks = PreferTls(
            over_tls=RipeRest(StoppedClock(), deadline=30), in_plain_text=FakeRouteRegistry()
        )
        registry = Registry("ripencc", "ARIN", "whois.invalid", Dialect.RIPE, rest_url=url)
        yield World(asks, registry)
        await server.stop()
