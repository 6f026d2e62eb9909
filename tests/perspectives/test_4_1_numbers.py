"""Issue "Time", 4.1: a token of an AS number counts by the same quorum as that of a prefix.

The registry is whois over sockets here, and at three real agents, each in an Internet of its own.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.adapters.network_policy import NetworkPolicy
from byoip.adapters.perspectives import answering, wire
from byoip.domain.asns.own_asn import OwnAsn, ProvenBy
from byoip.domain.checks.evidence import CheckState, Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.ports.checks.registry import NoAnswer, RegistryQuestion
from byoip.store.checks.place_sightings import PlaceSightings
from byoip.store.speakers.routes import Routes
from byoip.usecases.checks.perspectives.elsewhere import Elsewhere
from byoip.usecases.checks.perspectives.notice import DISAGREE, SILENT, NoticePerspectives
from tests.asns.numbers import CUSTOMER, Numbers
from tests.perspectives.agents import ACCOUNT, Agent, SystemTime
from tests.perspectives.in_process import in_process
from tests.usecases.world import LABEL


@dataclass
class Seen:
    """A number whose token stands here, and at the agents that are told so."""

    numbers: Numbers
    agents: list[Agent]

    async def proven(self, *honest: Agent, decide: bool = True, many: int = 3) -> OwnAsn:
        """How it ends where these agents see the token, and the others another one."""
        own = await self.numbers.bring()
        for one in self.agents:
            token = own.token if one in honest else "k3s7x5q2n8b4h6w9m1c0"
            text = f"aut-num: {CUSTOMER}\nas-name: A\nremarks: {LABEL}: {token}\nsource: RIPE\n"
            one.internet.whois.put("RIPE", text.encode())
        elsewhere = Elsewhere(
            [one.client for one in self.agents[:many]],
            decide=decide,
            patience=6,
            notice=NoticePerspectives(
                Routes(self.numbers.engine), PlaceSightings(self.numbers.engine), self.numbers.clock
            ),
        )
        async with self.numbers.registry_up():
            self.numbers.aut_num(f"remarks: {LABEL}: {own.token}")
            proving = replace(self.numbers.proving, elsewhere=elsewhere)
            return await self.numbers.record(await proving(own.account_id, own.id))


@pytest.fixture
def seen(numbers: Numbers, agents: list[Agent]) -> Seen:
    return Seen(numbers, agents)


async def alarms(engine: AsyncEngine) -> dict[str, list[str]]:
    routes = Routes(engine)
    return {kind: sorted(await routes.standing_alarms(kind)) for kind in (DISAGREE, SILENT)}


async def test_one_that_lies_is_allowed_for(seen: Seen) -> None:
    own = await seen.proven(*seen.agents[:2])
    assert (own.state, own.proven_by) == (CheckState.VALID, ProvenBy.TOKEN)
    assert own.evidence.startswith("From here and 2 of 3 other places: The aut-num object of AS")
    assert "tyo (apnic): Another token stands after" in own.evidence
    assert await alarms(seen.numbers.engine) == {DISAGREE: ["tyo"], SILENT: []}


async def test_two_that_contradict_are_a_no_with_what_each_saw(seen: Seen) -> None:
    own = await seen.proven(seen.agents[0])
    assert (own.state, own.proven_by) == (CheckState.INVALID, None)
    assert own.seen.startswith("perspectives_disagree: It was seen from here, and 1 of 3")
    assert "nyc (arin): Another token stands after" in own.seen
    assert "tyo (apnic): Another token stands after" in own.seen


async def test_one_lies_and_another_stands_still(seen: Seen) -> None:
    seen.agents[1].stop()
    own = await seen.proven(*seen.agents[:2])
    assert (own.state, own.proven_by) == (CheckState.PENDING, None)
    assert "1 of 3 other places agree" in own.doubt
    assert await alarms(seen.numbers.engine) == {DISAGREE: ["tyo"], SILENT: ["nyc"]}


async def test_what_is_only_observed_stops_nothing(seen: Seen) -> None:
    own = await seen.proven(decide=False)
    assert own.proven_by is ProvenBy.TOKEN
    assert "0 of 3 other places, which are only observed, agree" in own.evidence
    assert "nyc (arin): Another token stands after" in own.evidence


async def test_one_in_the_customers_own_network_is_not_asked(seen: Seen) -> None:
    ams = seen.agents[0]
    ams.client.place = replace(ams.client.place, asn=CUSTOMER.number)
    own = await seen.proven(*seen.agents, many=1)
    assert own.state is CheckState.PENDING
    assert "is to be proven, and is not asked" in own.doubt


async def test_with_none_it_is_as_before_and_says_so(seen: Seen) -> None:
    own = await seen.proven(many=0)
    assert own.proven_by is ProvenBy.TOKEN
    assert own.evidence.startswith("From one place: The aut-num object of AS3320")


_Known: TypeAlias = wire.Look | wire.LookUp | wire.Hello


class _OldRequest(msgspec.Struct):
    """As version 1.0 reads it."""

    version: str
    to: str
    nonce: str
    at: float
    question: _Known
    party: ClassVar[str] = ""  # not read: what is around it here is of today


async def test_an_older_agent_is_silent_about_it_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answering, "Request", _OldRequest)
    monkeypatch.setattr(answering, "VERSION", "1.0")
    clock = SystemTime()
    nothing = DnsLooks(clock, [("127.0.0.1", 9)], NetworkPolicy())
    registry = Registry("ripencc", "RIPE", "127.0.0.1", Dialect.RIPE, port=9)
    whois = WhoisRegistry(clock, deadline=30)
    async with in_process(nothing, whois, registry) as asks:
        assert await asks.greet() is None
        answer = await asks.look_up(RegistryQuestion.of_aut_num(registry, CUSTOMER, ACCOUNT))
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.REFUSED
    assert answer.detail == (
        "perspective ams: it speaks version 1.0, which has no question about AS numbers: bring it "
        "up to date"
    )
