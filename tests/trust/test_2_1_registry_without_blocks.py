"""Trust, 2.1: a registry that ties no route object to the holder proves nothing by the holder rule.

A national registry may keep route objects and no address blocks: a stranger with a maintainer there
may write a route for any space. The settings say `holder_rule = true` for such a one.
"""

from dataclasses import replace

from byoip.domain.checks.address_holder import in_doubt, national_holders
from byoip.domain.checks.evidence import Check, Failed, Fault, Passed, Unanswered
from byoip.domain.checks.rpsl import parse_objects
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.prefix import Prefix
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


HOLDERS = ("MAINT-HOLDER-AP",)


async def test_2_1_it_is_not_asked_while_the_block_of_the_first_cannot_be_read(
    registry_world: RegistryWorld,
) -> None:
    world, apnic = registry_world
    async with whois_at(JPIRR) as (national, known):
        world.known |= known
        claim = await brought(world, JAPANESE)
        apnic.put("APNIC", block(claim.prefix, *HOLDERS) + b"\nsource: APNIC")
        token = (await world.token(claim)).value
        national.put("JPIRR", route(claim.prefix, "JPIRR", token, "MAINT-STRANGER"))
        run = await world.validate(claim)
    assert run.run.result is RunResult.UNANSWERED
    outcome = {one.check: one.outcome for one in run.findings}[Check.IRR]
    assert isinstance(outcome, Unanswered)
    assert outcome.fault is Fault.GARBAGE


def test_2_1_nor_by_one_of_two_blocks_for_the_same_addresses() -> None:
    prefix = Prefix.parse("103.5.0.0/24")
    blocks = parse_objects(b"\n\n".join(block(prefix, one) for one in ("MAINT-JPNIC", *HOLDERS)))
    assert national_holders(prefix, "APNIC", blocks[:1]) == {"jpnic"}
    assert not national_holders(prefix, "APNIC", blocks)
    assert in_doubt(prefix, "APNIC", blocks)
