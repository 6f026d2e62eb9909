"""Trust, 2.3: the operator's override counts at once; what another registry said proves no more."""

import asyncio
from uuid import UUID

from byoip.domain.checks.evidence import Check, CheckState
from byoip.domain.checks.reverse_dns.observation import ZoneObservation
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.checks.validation_run import RunResult
from byoip.usecases.checks import registry_overrides
from tests.store.samples import BY
from tests.trust.parties import Parties
from tests.trust.test_2_3_waivers import (
    CIDR,
    ELSEWHERE,
    LEGACY,
    WHY,
    RegistryWorld,
    proven,
    run,
    world,
)
from tests.usecases.manners import PoliteDns
from tests.usecases.world import roa

__all__ = ["RegistryWorld", "world"]  # the fixture


async def test_2_3_a_pass_at_the_registry_of_before_counts_no_more(
    world: Parties, registry_world: RegistryWorld
) -> None:
    claim = await proven(world)
    await world.roas(ELSEWHERE)
    await run(world, claim)
    assert (await world.now(claim)).irr.state is CheckState.VALID  # rpki is missing
    world.overridden.append((claim.prefix, "ripencc"))
    await world.roas(roa(claim.prefix))
    _, server = registry_world
    await server.stop()

    await run(world, claim)

    after = await world.now(claim)
    assert (after.approved, after.registry, after.irr.state) == (
        False,
        "ripencc",
        CheckState.PENDING,
    )


async def test_2_3_an_override_while_the_run_is_out_counts_before_it_approves(
    world: Parties,
) -> None:
    claim = await proven(world)
    await world.roas(roa(claim.prefix))

    class SlowDns(PoliteDns):
        put = False
        turn = asyncio.Lock()

        async def observe(self, zone: ReverseZone, label: str, account_id: UUID) -> ZoneObservation:
            async with self.turn:  # the prefix has two reverse zones
                if not self.put:
                    async with world.store.transaction(actor=BY) as tx:
                        about = {"cidr": CIDR, "registry": "ripencc", "reason": WHY}
                        await registry_overrides.put(tx, registries={"ripencc"}, **about)
                self.put = True
            return await super().observe(zone, label, account_id)

    world.dns = SlowDns(world.store)
    world.txt(claim.prefix, (await world.token(claim)).value)
    result, found = await run(world, claim)
    assert not (await world.now(claim)).approved
    assert result is RunResult.UNANSWERED
    assert "Another registry is responsible" in found[Check.REGISTRATION].outcome.seen


async def test_2_3_a_pass_of_before_approves_nothing_while_registries_disagree(
    world: Parties,
) -> None:
    claim = await proven(world)
    await world.roas(ELSEWHERE)
    await run(world, claim)
    assert (await world.now(claim)).irr.state is CheckState.VALID  # rpki is missing
    await world.roas(roa(claim.prefix))
    await world.statistics(LEGACY, LEGACY.replace("arin|US", "ripencc|NL"))
    result, _ = await run(world, claim)
    assert not (await world.now(claim)).approved
    assert result is RunResult.UNANSWERED
