"""Trust, 2.3: the operator may waive irr or rpki for one prefix, and invalid never passes."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Check, CheckState, Failed, Finding, Passed, Unanswered
from byoip.domain.checks.reverse_dns.observation import ZoneObservation
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.check_waiver import (
    CheckWaiver,
    RoaCovers,
    Waivable,
    WaiverEndRefused,
    WaiverNotFound,
)
from byoip.domain.claims.claim import Claim
from byoip.domain.customer_text import InvalidText
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route_validity import OriginNotValid
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.bindings.services import seed_services
from byoip.usecases.checks import waivers
from byoip.usecases.claims import prefixes
from byoip.usecases.letters.watch_letters import WatchLetters
from tests.store.samples import BY
from tests.trust.parties import Parties
from tests.usecases.letters import written
from tests.usecases.manners import PoliteDns
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import WORKER, roa

RegistryWorld = tuple[Parties, WhoisServer]
LEGACY = "arin|US|ipv4|23.6.0.0|512|19900101|assigned|h1"
BRAZILIAN = "lacnic|BR|ipv4|177.6.0.0|512|20260101|allocated|h1"
RESERVED = "arin|ZZ|ipv4|23.7.0.0|512||reserved|"
CIDR = "23.6.0.0/23"
WHY = "Legacy space at ARIN without a contract."
DAY = timedelta(days=1)
ELSEWHERE = roa(Prefix.parse("20.0.0.0/8"))
OTHERS = roa(Prefix.parse(CIDR), origin=Asn(64511))


@pytest.fixture
async def world(registry_world: RegistryWorld) -> Parties:
    world, server = registry_world
    await seed_services(world.engine, [("CDN", False)])
    await world.statistics(LEGACY, BRAZILIAN, RESERVED)
    await world.roas(ELSEWHERE)
    server.put("ARIN", f"route: {CIDR}\norigin: AS64500\nmnt-by: A\nsource: ARIN".encode())
    return world


async def grant(
    world: Parties, claim: Claim, check: Waivable = Waivable.RPKI, days: float = 30, why: str = WHY
) -> CheckWaiver:
    until = world.clock.now() + days * DAY
    granting = Verb(world.store, partial(waivers.grant, check=check, expires_at=until))
    return await granting(claim.id, reason=why, by=BY)


async def end(world: Parties, claim: Claim, waiver_id: UUID) -> CheckWaiver:
    return await Verb(world.store, waivers.end)(claim.id, waiver_id, reason=WHY, by=BY)


async def proven(world: Parties, cidr: str = CIDR) -> Claim:
    """A claim whose token stands in reverse DNS."""
    submitted = Verb(world.store, partial(prefixes.submit, terms=world.terms))
    view = await submitted(
        world.account_id, cidr=cidr, asn=64500, description="", delegate_loa_creation=True, by=BY
    )
    world.txt(view.claim.prefix, (await world.token(view.claim)).value)
    return view.claim


async def run(world: Parties, claim: Claim) -> tuple[RunResult | None, dict[Check, Finding]]:
    view = await world.validate(claim)
    return view.run.result, {one.check: one for one in view.findings}


async def approved(world: Parties) -> Routes:
    claim = await proven(world)
    await grant(world, claim)
    assert (await run(world, claim))[0] is RunResult.APPROVED
    services = {one.name: one.id for one in await world.reader.services()}
    binding = await world.bind(claim, CIDR, services["CDN"])
    return Routes(world, await world.now(claim), binding)


async def ended(world: Parties, claim: Claim) -> Sequence[object]:
    events = await world.events(claim)
    return [one.after["because"] for one in events if one.kind == "waiver.ended"]


async def test_2_3_not_found_passes_with_a_waiver_and_not_without(world: Parties) -> None:
    claim = await proven(world)
    assert (await run(world, claim))[0] is RunResult.FAILED

    await grant(world, claim)
    result, found = await run(world, claim)

    assert result is RunResult.APPROVED
    outcome = found[Check.RPKI].outcome
    assert isinstance(outcome, Passed)
    assert "No ROA covers" in outcome.seen
    assert WHY in outcome.seen
    (noted,) = [one for one in await world.events(claim) if one.kind == "waiver.granted"]
    assert (noted.after["check"], noted.after["reason"]) == ("rpki", WHY)
    assert noted.after["expires_at"]


async def test_2_3_invalid_never_passes(world: Parties) -> None:
    claim = await proven(world)
    await grant(world, claim)
    await world.roas(OTHERS)

    result, found = await run(world, claim)

    assert result is RunResult.FAILED
    assert isinstance(found[Check.RPKI].outcome, Failed)


async def test_2_3_a_roa_that_appears_before_the_approval_is_seen(world: Parties) -> None:
    claim = await proven(world)
    await grant(world, claim)

    class SlowDns(PoliteDns):
        async def observe(self, zone: ReverseZone, label: str, account_id: UUID) -> ZoneObservation:
            await world.roas(OTHERS)
            return await super().observe(zone, label, account_id)

    world.dns = SlowDns(world.store)
    world.txt(claim.prefix, (await world.token(claim)).value)
    assert (await run(world, claim))[0] is RunResult.FAILED


async def test_2_3_at_each_announcement_not_found_passes_and_invalid_does_not(
    world: Parties,
) -> None:
    routes = await approved(world)
    await routes.patch(advertised=True)
    assert (await routes.view()).bgp_prefix.desired.advertised
    assert (await routes.view()).bgp_prefix.last_valid_at is None  # no ROA said so
    await routes.patch(advertised=False)
    await world.roas(OTHERS)

    with pytest.raises(OriginNotValid):
        await routes.patch(advertised=True)


async def announceable(world: Parties, routes: Routes) -> bool:
    """As the customer is shown it: by the same rule that answers the PATCH."""
    view = await world.reader.claim(*routes.ids)
    return isinstance(view.announceable(world.clock.now()).origin, Passed)


async def test_2_3_it_ends_when_a_covering_roa_appears_and_does_not_come_back(
    world: Parties,
) -> None:
    routes = await approved(world)
    await routes.reevaluate()
    assert await announceable(world, routes)
    await world.roas(roa(Prefix.parse("23.0.0.0/8")))

    await routes.reevaluate()

    assert await ended(world, routes.claim) == ["roa"]
    await world.roas(ELSEWHERE)
    with pytest.raises(OriginNotValid):
        await routes.patch(advertised=True)
    await routes.reevaluate()
    assert not await announceable(world, routes)


async def test_2_3_it_ends_at_its_end_and_an_approval_stays(world: Parties) -> None:
    routes = await approved(world)
    world.clock.advance(30 * DAY)
    await world.roas(ELSEWHERE)

    with pytest.raises(OriginNotValid):
        await routes.patch(advertised=True)
    await routes.reevaluate()

    assert await ended(world, routes.claim) == ["expired"]
    assert (await world.now(routes.claim)).approved


async def test_2_3_the_operator_may_end_or_replace_it(world: Parties) -> None:
    claim = await proven(world)
    first = await grant(world, claim)
    second = await grant(world, claim, days=60)

    assert await ended(world, claim) == ["operator"]
    with pytest.raises(WaiverNotFound):
        await end(world, claim, first.id)
    await end(world, claim, second.id)
    assert (await run(world, claim))[0] is RunResult.FAILED


@pytest.mark.parametrize("days", [0, -1, 366.1])
async def test_2_3_it_has_an_end_within_a_year(world: Parties, days: float) -> None:
    with pytest.raises(WaiverEndRefused):
        await grant(world, await proven(world), days=days)


async def test_2_3_it_has_a_reason(world: Parties) -> None:
    with pytest.raises(InvalidText):
        await grant(world, await proven(world), why=" ")


async def test_2_3_where_a_roa_covers_there_is_nothing_to_waive(world: Parties) -> None:
    claim = await proven(world)
    await world.roas(OTHERS)
    with pytest.raises(RoaCovers):
        await grant(world, claim)


async def test_2_3_irr_is_waived_where_the_operator_does_not_know_the_registry(
    world: Parties,
) -> None:
    claim = await proven(world, "177.6.0.0/23")
    await world.roas(roa(claim.prefix))
    result, found = await run(world, claim)
    assert result is RunResult.UNANSWERED
    assert isinstance(found[Check.IRR].outcome, Unanswered)

    await grant(world, claim, Waivable.IRR, why="NIC.BR has no routing registry of its own.")

    assert (await run(world, claim))[0] is RunResult.APPROVED
    after = await world.now(claim)
    assert (after.irr.state, after.irr_waived, after.registry) == (CheckState.VALID, True, "lacnic")


@pytest.mark.parametrize("cidr", ["23.7.0.0/23", "23.8.0.0/23"], ids=["reserved", "nowhere"])
async def test_2_3_space_that_no_party_holds_is_never_waived(world: Parties, cidr: str) -> None:
    claim = await proven(world, cidr)
    await world.roas(roa(claim.prefix))
    await grant(world, claim, Waivable.IRR)

    assert (await run(world, claim))[0] is RunResult.FAILED


async def test_2_3_a_waiver_is_for_one_prefix_and_never_for_ownership(world: Parties) -> None:
    claim = await proven(world, "23.6.0.0/24")
    other = await world.claim("23.6.1.0/24")
    for check in Waivable:
        await grant(world, claim, check)
        assert (await run(world, other))[0] is RunResult.FAILED

    for check in Waivable:  # now the other has both, and still no token
        await grant(world, other, check)
    result, found = await run(world, other)
    assert result is RunResult.FAILED
    assert isinstance(found[Check.OWNERSHIP_RDNS].outcome, Failed)


async def test_2_3_the_letter_states_it_and_holds_as_long_as_it_does(world: Parties) -> None:
    routes = await approved(world)
    letter = await written(world, routes.claim)

    (stated,) = letter.facts.waivers
    assert stated.startswith("The operator waives rpki for this prefix until ")
    assert stated.endswith(WHY)
    assert letter.facts.roas == ()

    async def days_of_snapshots() -> int:
        revoked = 0
        for _ in range(9):
            world.clock.advance(timedelta(hours=4))
            await world.roas(ELSEWHERE)
            revoked += await WatchLetters(world.store, world.clock)(by=WORKER)
        return revoked

    assert await days_of_snapshots() == 0
    world.clock.advance(30 * DAY)
    assert await days_of_snapshots() == 1
