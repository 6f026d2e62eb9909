"""Trust, 2.1: a registry that ties no route object to the holder proves nothing by the holder rule.

A national registry may keep route objects and no address blocks: a stranger with a maintainer there
may write a route for any space. The settings say `holder_rule = true` for such a one.
"""

from dataclasses import replace

from byoip.domain.checks.evidence import Check, Failed, Passed, Unanswered
from byoip.domain.checks.validation_run import RunResult
from byoip.sandbox.whois_server import WhoisServer
from tests.trust.parties import Parties, whois_at
from tests.trust.test_2_3_no_dead_ends import JAPANESE, JPIRR, block, brought, route

RegistryWorld = tuple[Parties, WhoisServer]


async def test_2_1_a_stranger_s_object_there_gives_the_route_and_not_the_space(
    registry_world: RegistryWorld,
) -> None:
    world, apnic = registry_world
    async with whois_at(replace(JPIRR, holder_rule=True)) as (national, known):
        world.known |= known
        claim = await brought(world, JAPANESE)
        apnic.put("APNIC", block(claim.prefix, "MAINT-JPNIC"))
        token = (await world.token(claim)).value
        national.put("JPIRR", route(claim.prefix, "JPIRR", token, "MAINT-STRANGER"))
        run = await world.validate(claim)
    found = {one.check: one.outcome for one in run.findings}
    assert run.run.result is RunResult.FAILED
    assert isinstance(found[Check.IRR], Passed)
    ownership = found[Check.OWNERSHIP_IRR]
    assert isinstance(ownership, Failed)
    assert "JPIRR has no inetnum around" in ownership.seen
    assert "Prove ownership in reverse DNS" in ownership.fix


async def test_2_1_it_is_not_asked_about_space_with_a_holder_of_its_own(
    registry_world: RegistryWorld,
) -> None:
    world, apnic = registry_world
    async with whois_at(JPIRR) as (national, known):
        world.known |= known
        claim = await brought(world, JAPANESE)
        apnic.put("APNIC", block(claim.prefix, "MAINT-HOLDER-AP"))
        token = (await world.token(claim)).value
        national.put("JPIRR", route(claim.prefix, "JPIRR", token, "MAINT-STRANGER"))
        run = await world.validate(claim)
    assert run.run.result is RunResult.FAILED
    (irr,) = [one for one in run.findings if one.check is Check.IRR]
    assert len({one.of for one in irr.exhibits}) == 1, "APNIC alone"


async def test_2_1_nor_where_a_block_cannot_be_read_and_that_is_no_no(
    registry_world: RegistryWorld,
) -> None:
    world, apnic = registry_world
    async with whois_at(JPIRR) as (national, known):
        world.known |= known
        claim = await brought(world, JAPANESE)
        apnic.put("APNIC", block(claim.prefix, "MAINT-HOLDER-AP") + b"\nsource: APNIC")  # twice
        token = (await world.token(claim)).value
        national.put("JPIRR", route(claim.prefix, "JPIRR", token, "MAINT-STRANGER"))
        run = await world.validate(claim)
    (irr,) = [one for one in run.findings if one.check is Check.IRR]
    assert isinstance(irr.outcome, Unanswered), irr.outcome
    assert "An address block cannot be read" in irr.outcome.seen
    assert run.run.result is RunResult.UNANSWERED
