"""Issue "Time", 3: three real agents; one lies, one stands still, a path is hijacked, all silent.

The worker looks at the twins of a registry and of reverse DNS; each agent is a process in a small
Internet of its own, and what it says is judged by the worker.
"""

import time
from dataclasses import dataclass, replace

import pytest

from byoip.domain.checks.evidence import Check, Failed, Passed, Reason, Unanswered
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.domain.perspectives.quorum import End
from byoip.store.checks.place_sightings import PlaceSightings
from byoip.store.claims.views import RunView
from byoip.store.speakers.routes import Routes
from byoip.usecases.checks.perspectives.corroborate import Corroborate
from byoip.usecases.checks.perspectives.notice import DISAGREE, SILENT, NoticePerspectives
from byoip.usecases.checks.run_validation import RunValidation
from tests.perspectives.agents import LABEL, Agent
from tests.usecases.world import WORKER, World


@dataclass
class Places:
    """One account's world, and three agents that look at it as well."""

    world: World
    agents: list[Agent]

    async def proven(self) -> Claim:
        """A claim whose proof stands here, and in no other place yet."""
        claim = await self.world.claim()
        await self.world.prove(claim)
        return claim

    async def published(self, claim: Claim, *agents: Agent) -> None:
        """Let these see what is there."""
        value = (await self.world.token(claim)).value
        route = f"route: {claim.prefix}\norigin: AS64500\nmnt-by: A-MNT\nsource: RIPE\n"
        for one in agents:
            one.internet.whois.put("RIPE", route.encode())
            for zone in reverse_zones(claim.prefix):
                one.internet.names.put_txt(zone.owner(LABEL), [value])

    async def run(
        self, claim: Claim, *, decide: bool, agents: list[Agent] | None = None
    ) -> RunView:
        asked = self.agents if agents is None else agents
        elsewhere = Corroborate(
            [one.client for one in asked],
            decide=decide,
            notice=NoticePerspectives(
                Routes(self.world.engine), PlaceSightings(self.world.engine), self.world.clock
            ),
        )
        run_id = await self.world.request(claim)
        await RunValidation(self.world.store, replace(self.world.ask, elsewhere=elsewhere))(
            run_id, by=WORKER
        )
        return await self.world.reader.run(claim.account_id, claim.id, run_id)

    async def alarms(self) -> dict[str, list[str]]:
        routes = Routes(self.world.engine)
        return {kind: sorted(await routes.standing_alarms(kind)) for kind in (DISAGREE, SILENT)}


@pytest.fixture
def places(world: World, agents: list[Agent]) -> Places:
    return Places(world, agents)


def rdns(run: RunView) -> Passed | Failed | Unanswered:
    (found,) = [one for one in run.findings if one.check is Check.OWNERSHIP_RDNS]
    return found.outcome


async def test_all_agree(places: Places) -> None:
    claim = await places.proven()
    await places.published(claim, *places.agents)
    run = await places.run(claim, decide=True)
    assert run.run.result is RunResult.APPROVED
    outcome = rdns(run)
    assert isinstance(outcome, Passed)
    assert outcome.seen.startswith("From here and 3 of 3 other places: The token stands in")
    (found,) = [one for one in run.findings if one.check is Check.OWNERSHIP_RDNS]
    of = {exhibit.of.partition(", from perspective ")[2] for exhibit in found.exhibits}
    assert of == {"", "ams", "nyc", "tyo"}
    assert await places.alarms() == {DISAGREE: [], SILENT: []}


async def test_one_that_lies_is_allowed_for(places: Places) -> None:
    claim = await places.proven()
    ams, nyc, _ = places.agents
    await places.published(claim, ams, nyc)  # tyo says that there is nothing
    run = await places.run(claim, decide=True)
    assert run.run.result is RunResult.APPROVED, "one may"
    assert await places.alarms() == {DISAGREE: ["tyo"], SILENT: []}


async def test_one_lies_and_another_stands_still(places: Places) -> None:
    claim = await places.proven()
    ams, nyc, _ = places.agents
    await places.published(claim, ams, nyc)
    nyc.stop()
    run = await places.run(claim, decide=True)
    assert run.run.result is RunResult.UNANSWERED
    outcome = rdns(run)
    assert isinstance(outcome, Unanswered)
    assert "1 of 3 other places agree" in outcome.seen
    assert await places.alarms() == {DISAGREE: ["tyo"], SILENT: ["nyc"]}
    assert not (await places.world.now(claim)).approved


async def test_one_that_stands_still_holds_up_no_run(places: Places) -> None:
    claim = await places.proven()
    ams, nyc, tyo = places.agents
    await places.published(claim, ams, tyo)
    nyc.stop(deadline=200)
    places.world.deadline = 200
    began = time.monotonic()
    run = await places.run(claim, decide=True)
    assert run.run.result is RunResult.APPROVED
    assert time.monotonic() - began < 100, "the last is not waited for once enough agree"


async def test_two_that_contradict_are_a_no_with_what_each_saw(places: Places) -> None:
    claim = await places.proven()
    await places.published(claim, places.agents[0])
    run = await places.run(claim, decide=True)
    assert run.run.result is RunResult.FAILED
    outcome = rdns(run)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.PERSPECTIVES_DISAGREE
    assert "nyc (arin): " in outcome.seen
    assert "tyo (apnic): " in outcome.seen
    assert not (await places.world.now(claim)).approved
    assert await places.alarms() == {DISAGREE: ["nyc", "tyo"], SILENT: []}
    kept = PlaceSightings(places.world.engine)
    saw = {
        one.place: one
        for one in await kept.apart(100, places.world.clock.now())
        if one.what == Check.OWNERSHIP_RDNS
    }
    assert {name: one.ended for name, one in saw.items()} == {
        "ams": End.AGREES,
        "nyc": End.CONTRADICTS,
        "tyo": End.CONTRADICTS,
    }
    assert saw["ams"].subject == str(claim.prefix)
    await places.published(claim, *places.agents[1:])
    run = await places.run(claim, decide=True)
    assert run.run.result is RunResult.APPROVED
    assert await kept.apart(100, places.world.clock.now()) == [], (
        "they agree, and nothing is listed any more"
    )
    assert all(one.silent_since is None for one in await kept.places())


async def test_all_silent_is_no_answer(places: Places) -> None:
    claim = await places.proven()
    await places.published(claim, *places.agents)
    for one in places.agents:
        one.stop()
    run = await places.run(claim, decide=True)
    assert run.run.result is RunResult.UNANSWERED
    assert isinstance(rdns(run), Unanswered)
    assert await places.alarms() == {DISAGREE: [], SILENT: ["ams", "nyc", "tyo"]}


async def test_the_workers_own_path_is_hijacked(places: Places) -> None:
    """Here the token stands, and nowhere else: for that there are other places."""
    claim = await places.proven()
    assert (await places.run(claim, decide=True)).run.result is RunResult.FAILED


async def test_no_place_makes_a_yes_of_a_no(places: Places) -> None:
    claim = await places.world.claim()
    await places.world.roas()
    await places.published(claim, *places.agents)
    run = await places.run(claim, decide=True)
    assert run.run.result is RunResult.FAILED
    outcome = rdns(run)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.TOKEN_MISSING


@pytest.mark.parametrize("stopped", [False, True])
async def test_what_is_only_observed_stops_nothing(places: Places, stopped: bool) -> None:
    claim = await places.proven()
    if stopped:
        for one in places.agents:
            one.stop()
    run = await places.run(claim, decide=False)
    assert run.run.result is RunResult.APPROVED
    outcome = rdns(run)
    assert isinstance(outcome, Passed)
    assert "0 of 3 other places, which are only observed, agree" in outcome.seen
    assert len(outcome.warnings) == 3
    expected = {DISAGREE: [], SILENT: ["ams", "nyc", "tyo"]}
    alarms = await places.alarms()
    assert alarms == (expected if stopped else {DISAGREE: expected[SILENT], SILENT: []})


async def test_one_in_a_network_that_carries_the_prefix_is_not_asked(places: Places) -> None:
    claim = await places.proven()
    ams = places.agents[0]
    await places.published(claim, *places.agents)
    ams.client.place = replace(ams.place, asn=claim.asn.number)
    run = await places.run(claim, decide=True, agents=[ams])
    outcome = rdns(run)
    assert isinstance(outcome, Unanswered)
    assert "which carries the prefix" in outcome.seen
    assert run.run.result is RunResult.UNANSWERED


async def test_with_none_it_is_as_before_and_says_so(places: Places) -> None:
    claim = await places.proven()
    run = await places.run(claim, decide=True, agents=[])
    assert run.run.result is RunResult.APPROVED
    outcome = rdns(run)
    assert isinstance(outcome, Passed)
    assert outcome.seen.startswith("From one place: The token stands in")
    assert outcome.warnings == ()
