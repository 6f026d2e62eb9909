"""Trust, 2.3: the operator's override counts at once; what another registry said proves no more."""

from byoip.domain.checks.evidence import CheckState
from tests.trust.parties import Parties
from tests.trust.test_2_3_waivers import ELSEWHERE, RegistryWorld, proven, run, world
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
