"""Issue "Time", 1.7: a proof is renewed without a token only where other places see the same.

Three real agents, each in an Internet of its own, look at the route object. The
sandbox has no zones that others delegate, so twins of places look at those.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.reverse_dns.observation import ZoneObservation, ZoneSecurity
from byoip.domain.checks.reverse_zone import ReverseZone, reverse_zones
from byoip.domain.perspectives.place import Place
from byoip.domain.watch.levels import Level, Signal
from byoip.ports.checks.perspective import Perspective
from byoip.ports.checks.registry import RegistryAnswer, RegistryQuestion
from byoip.store.checks.place_sightings import PlaceSightings
from byoip.store.speakers.routes import Routes as Speakers
from byoip.usecases.checks.perspectives.elsewhere import Elsewhere
from byoip.usecases.checks.perspectives.notice import DISAGREE, SILENT, NoticePerspectives
from tests.fakes.dns import SERVERS, FakeReverseDns
from tests.fakes.registry import FakeRouteRegistry
from tests.perspectives.agents import PLACES, Agent
from tests.usecases.routes import Routes
from tests.usecases.world import CIDR, LABEL
from tests.watch.test_5_holders import still_up
from tests.watch.test_7_renewal import BLOCK, Ending, answering, named
from tests.watching import Days


@dataclass
class Seen:
    """A proof that ends soon, while all is as it was here; and three agents."""

    ending: Ending
    agents: list[Agent]

    def ask_elsewhere(self, *places: Perspective, decide: bool = True) -> None:
        world = self.ending.days.world
        self.ending.days.elsewhere = Elsewhere(
            places,
            decide=decide,
            patience=6,
            notice=NoticePerspectives(
                Speakers(world.engine), PlaceSightings(world.engine), world.clock
            ),
        )

    def route_at(self, *agents: Agent, by: str = "A-MNT") -> None:
        text = f"route: {CIDR}\norigin: AS64500\nmnt-by: {by}\nsource: RIPE\n"
        for one in agents:
            one.internet.whois.put("RIPE", text.encode())

    async def alarms(self) -> dict[str, list[str]]:
        routes = Speakers(self.ending.days.world.engine)
        return {kind: sorted(await routes.standing_alarms(kind)) for kind in (DISAGREE, SILENT)}

    async def renewed_by(self) -> str:
        """What the renewal says it was seen by; empty: there was none."""
        events = await self.ending.days.world.events(self.ending.routes.claim)
        return next((one.after["seen"] for one in events if one.kind == "proof.renewed"), "")


@pytest.fixture
async def ending(days: Days, routes: Routes) -> AsyncIterator[Ending]:
    async with answering(days, routes, named()) as made:
        await made.pass_days(2)
        await made.near_the_end()
        yield made


@pytest.fixture
def seen(ending: Ending, agents: list[Agent]) -> Seen:
    ending.move(SERVERS[0][0])  # the zones are not all as they were, so they say nothing
    made = Seen(ending, agents)
    made.ask_elsewhere(*(one.client for one in agents))
    return made


async def test_one_that_lies_is_allowed_for(seen: Seen) -> None:
    ams, nyc, tyo = seen.agents
    seen.route_at(ams, nyc)
    seen.route_at(tyo, by="B-MNT")
    await seen.ending.pass_days(2)
    said = await seen.renewed_by()
    assert said.startswith("From here and 2 of 3 other places: The route object has")
    assert "tyo (apnic): The route object has other maintainers than before" in said
    assert await seen.alarms() == {DISAGREE: ["tyo"], SILENT: []}


@dataclass
class Twin:
    """A place that sees what it is told."""

    place: Place
    dns: FakeReverseDns = field(default_factory=FakeReverseDns)
    registry: FakeRouteRegistry = field(default_factory=FakeRouteRegistry)

    async def observe(self, zone: ReverseZone, label: str, account_id: UUID) -> ZoneObservation:
        return await self.dns.observe(zone, label, account_id)

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        return await self.registry.look_up(question)


@pytest.mark.parametrize(
    ("others", "silent", "said"),
    [
        (0, 0, "From here and 3 of 3 other places: delegated as before: "),
        (1, 0, "From here and 2 of 3 other places: delegated as before: "),
        (2, 0, "perspectives_disagree: It was seen from here, and 1 of 3 other places agree"),
        (1, 1, "It was seen from here, and 1 of 3 other places agree"),
    ],
)
async def test_zones_renew_it_where_others_see_them_delegated_as_before(
    ending: Ending, others: int, silent: int, said: str
) -> None:
    seen = Seen(ending, [])
    twins = [Twin(one) for one in PLACES]
    servers = [name for name, _ in SERVERS]
    for at, one in enumerate(twins):
        for zone in reverse_zones(ending.routes.claim.prefix):
            one.dns.delegate(zone.name, *(servers[:1] if at < others else servers))
    for one in twins[len(twins) - silent :]:
        one.dns.fail(Fault.TIMEOUT)
    seen.ask_elsewhere(*twins)
    await seen.ending.pass_days(2)
    told = await seen.renewed_by() or await seen.ending.why_not()
    assert said in told
    assert await seen.ending.renewed() is said.startswith("From here")


@pytest.mark.parametrize("decide", [True, False])
async def test_signed_zones_renew_nothing_where_others_decide(
    ending: Ending, *, decide: bool
) -> None:
    """They look as for a proof, and learn no delegation of a signed zone; docs/concepts.md."""
    seen, twins = Seen(ending, []), [Twin(one) for one in PLACES]
    zones = reverse_zones(ending.routes.claim.prefix)
    for dns in (ending.days.world.dns, *(one.dns for one in twins)):
        for zone in zones:
            dns.delegate(zone.name, *(name for name, _ in SERVERS))
            dns.secure(zone.owner(LABEL), ZoneSecurity.SECURE)
    seen.ask_elsewhere(*twins, decide=decide)
    await seen.ending.pass_days(2)
    assert await seen.ending.renewed() is not decide
    if decide:
        assert "Its delegation was not learnt: 0.0.31" in await seen.ending.why_not()


async def test_two_that_contradict_leave_it_to_a_token_and_say_what_each_saw(seen: Seen) -> None:
    ams, nyc, tyo = seen.agents
    seen.route_at(ams)
    seen.route_at(nyc, tyo, by="B-MNT")
    await seen.ending.pass_days(2)
    why = await seen.ending.why_not()
    assert why.startswith("perspectives_disagree: It was seen from here, and 1 of 3 other places")
    assert "nyc (arin): The route object has other maintainers" in why
    assert "tyo (apnic): The route object has other maintainers" in why
    assert await seen.alarms() == {DISAGREE: ["nyc", "tyo"], SILENT: []}
    await seen.ending.pass_days(15)
    claim = seen.ending.routes.claim
    assert await seen.ending.days.level(claim, Signal.PROOF) is Level.NOTICE
    assert await still_up(seen.ending.routes)
    seen.route_at(nyc)
    await seen.ending.pass_days(2)
    assert await seen.ending.renewed()


async def test_one_lies_and_another_stands_still(seen: Seen) -> None:
    ams, nyc, _ = seen.agents
    seen.route_at(ams, nyc)
    nyc.stop()
    await seen.ending.pass_days(2)
    why = await seen.ending.why_not()
    assert why.startswith("It was seen from here, and 1 of 3 other places agree")
    assert await seen.alarms() == {DISAGREE: ["tyo"], SILENT: ["nyc"]}
    assert not await seen.ending.renewed()


async def test_what_is_only_observed_stops_nothing(seen: Seen) -> None:
    seen.ask_elsewhere(*(one.client for one in seen.agents), decide=False)
    await seen.ending.pass_days(2)
    said = await seen.renewed_by()
    assert said.startswith("From one place (0 of 3 other places, which are only observed, agree)")
    assert "nyc (arin): " in said


@pytest.mark.parametrize("by", ["A-MNT", "HOLDER-MNT"])
async def test_who_holds_the_smallest_block_is_asked_for_there_too(seen: Seen, by: str) -> None:
    world = seen.ending.days.world
    world.responsible = replace(world.responsible, holder_rule=True)
    seen.ending.route()
    world.registry.put("RIPE", BLOCK.format(by="A-MNT"))
    seen.route_at(*seen.agents)
    for one in seen.agents:
        one.internet.whois.put("RIPE", f"{BLOCK.format(by=by)}\n".encode())
    await seen.ending.pass_days(2)
    assert await seen.ending.renewed() is (by == "A-MNT")
