"""Trust, 2.3: what a waiver of irr let pass counts for no approval once the waiver has ended."""

from uuid import UUID

from byoip.domain.checks.evidence import CheckState
from byoip.domain.checks.reverse_dns.observation import ZoneObservation
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.check_waiver import Waivable
from tests.trust.parties import Parties
from tests.trust.test_2_3_waivers import (
    DAY,
    ELSEWHERE,
    RegistryWorld,
    end,
    grant,
    proven,
    run,
    world,
)
from tests.usecases.manners import PoliteDns
from tests.usecases.world import roa

__all__ = ["RegistryWorld", "world"]  # the fixture
BRAZILIAN = "177.6.0.0/24"  # one reverse zone; the settings know no registry for it


async def test_2_3_a_waiver_that_ends_while_the_run_asks_approves_nothing(world: Parties) -> None:
    claim = await proven(world, BRAZILIAN)
    await world.roas(roa(claim.prefix))
    waiver = await grant(world, claim, Waivable.IRR)

    class SlowDns(PoliteDns):
        async def observe(self, zone: ReverseZone, label: str, account_id: UUID) -> ZoneObservation:
            await end(world, claim, waiver.id)
            return await super().observe(zone, label, account_id)

    world.dns = SlowDns(world.store)
    world.txt(claim.prefix, (await world.token(claim)).value)

    assert (await run(world, claim))[0] is RunResult.UNANSWERED
    after = await world.now(claim)
    assert (after.approved, after.irr.state, after.irr_waived) == (False, CheckState.PENDING, False)
    assert "waiver of irr has ended" in after.irr.doubt


async def test_2_3_what_it_let_pass_an_hour_ago_counts_no_more(world: Parties) -> None:
    claim = await proven(world, BRAZILIAN)
    await world.roas(ELSEWHERE)
    waiver = await grant(world, claim, Waivable.IRR)
    await run(world, claim)
    assert (await world.now(claim)).irr.state is CheckState.VALID  # rpki is missing
    await end(world, claim, waiver.id)
    await world.roas(roa(claim.prefix))

    await run(world, claim)

    assert not (await world.now(claim)).approved


async def test_2_3_nor_where_its_time_came(world: Parties) -> None:
    claim = await proven(world, BRAZILIAN)
    await world.roas(ELSEWHERE)
    await grant(world, claim, Waivable.IRR, days=1)
    world.clock.advance(0.99 * DAY)
    await run(world, claim)
    world.clock.advance(0.02 * DAY)
    await world.roas(roa(claim.prefix))

    await run(world, claim)

    assert not (await world.now(claim)).approved


async def test_2_3_nor_where_a_registry_that_is_known_gives_no_answer_then(
    world: Parties, registry_world: RegistryWorld
) -> None:
    claim = await proven(world, "23.6.1.0/24")  # ARIN has no route object for it
    await world.roas(ELSEWHERE)
    waiver = await grant(world, claim, Waivable.IRR)
    await run(world, claim)
    assert (await world.now(claim)).irr.state is CheckState.VALID  # rpki is missing
    await end(world, claim, waiver.id)
    await world.roas(roa(claim.prefix))
    _, server = registry_world
    await server.stop()

    await run(world, claim)

    after = await world.now(claim)
    assert not after.approved
    assert after.irr.state is CheckState.PENDING
