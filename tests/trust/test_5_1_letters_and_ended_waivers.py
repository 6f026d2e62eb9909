"""Trust, 5.1: a letter says nothing of a waiver that has ended, or was taken back or replaced."""

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.check_waiver import Waivable
from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.sandbox.whois_server import WhoisServer
from tests.trust.parties import Parties
from tests.trust.test_2_3_waivers import DAY, ELSEWHERE, end, grant, proven, run, world
from tests.usecases.letters import write, written
from tests.usecases.world import roa

__all__ = ["world"]  # fixture

CIDR = "177.6.0.0/23"  # of NIC.BR, which no settings name


async def waived(world: Parties) -> Claim:
    claim = await proven(world, CIDR)
    await current(world)
    await grant(world, claim, Waivable.IRR, days=30)
    assert (await run(world, claim))[0] is RunResult.APPROVED
    return claim


async def current(world: Parties) -> None:
    await world.roas(roa(Prefix.parse(CIDR)), ELSEWHERE)


async def test_one_that_was_taken_back_is_not_stated(world: Parties) -> None:
    claim = await proven(world, CIDR)
    await current(world)
    waiver = await grant(world, claim, Waivable.IRR)
    assert (await run(world, claim))[0] is RunResult.APPROVED
    await end(world, claim, waiver.id)
    assert await write(world, claim) is None
    later = await grant(world, claim, Waivable.IRR, why="The operator has thought again.")
    assert await write(world, claim) is None, "what passed has the words of the first one"
    world.clock.advance(DAY / 24)
    await run(world, claim)
    assert (await written(world, claim)).facts.waivers == (str(later),)


async def test_one_that_has_ended_is_not_renewed(world: Parties) -> None:
    claim = await waived(world)
    letter = await written(world, claim)
    assert letter.facts.waivers
    world.clock.advance(350 * DAY)
    await current(world)
    assert await write(world, claim) is None


async def test_a_pass_without_a_waiver_is_stated_though_one_let_pass_before(
    registry_world: tuple[Parties, WhoisServer], world: Parties
) -> None:
    claim = await waived(world)
    _, server = registry_world
    world.clock.advance(31 * DAY)
    await current(world)
    assert await write(world, claim) is None
    world.overridden.append((Prefix.parse(CIDR), "arin"))
    server.put("ARIN", f"route: {CIDR}\norigin: AS64500\nmnt-by: A\nsource: ARIN".encode())
    await run(world, claim)
    assert (await written(world, claim)).facts.waivers == ()
