import pytest

from byoip.domain.asn import Asn, OriginNotOffered
from byoip.domain.checks.evidence import Check, Fault, Passed
from byoip.domain.prefix import InvalidPrefix, Prefix, SpecialPurposePrefix
from byoip.ports.checks.registry import Lookup
from byoip.usecases.checks.preflight import Preflight, PreflightReport
from tests.usecases.world import CIDR, World, roa

SPACE = Prefix.parse(CIDR)


async def preflight(world: World, cidr: str = CIDR, asn: int = 64500) -> PreflightReport:
    return await Preflight(world.ask, world.terms)(world.account_id, cidr=cidr, asn=asn)


async def test_it_tells_what_would_pass_and_keeps_nothing(world: World) -> None:
    world.route(SPACE)
    await world.roas(roa(SPACE))
    before = await world.everything()
    report = await preflight(world)
    assert report.would_pass
    assert {one.check for one in report.findings} == {Check.REGISTRATION, Check.IRR, Check.RPKI}
    assert report.other_origins == ()
    assert await world.everything() == before
    assert world.dns.asked == []


async def test_it_names_the_origins_that_our_advice_would_break(world: World) -> None:
    world.route(SPACE, origin="AS65010")
    world.route(Prefix.parse("31.0.1.0/24"), origin="AS65011")
    await world.roas(roa(SPACE, origin=Asn(65012)))
    report = await preflight(world)
    assert not report.would_pass
    assert {(one.asn.number, str(one.prefix)) for one in report.other_origins} == {
        (65010, CIDR),
        (65011, "31.0.1.0/24"),
        (65012, CIDR),
    }


async def test_silence_does_not_pass(world: World) -> None:
    await world.roas(roa(SPACE))
    world.registry.fault = Fault.TIMEOUT
    assert not (await preflight(world)).would_pass


async def test_where_more_specific_routes_are_not_told_a_warning_is(world: World) -> None:
    world.route(SPACE)
    await world.roas(roa(SPACE))
    world.registry.silent_about.add((Lookup.MORE_SPECIFIC_ROUTES, SPACE))
    report = await preflight(world)
    assert report.would_pass
    (irr,) = [one.outcome for one in report.findings if one.check is Check.IRR]
    assert isinstance(irr, Passed)
    assert any("More specific" in warning for warning in irr.warnings)


async def test_what_could_not_be_submitted_is_refused_here_as_well(world: World) -> None:
    with pytest.raises(InvalidPrefix):
        await preflight(world, "31.0.0.1/23")
    with pytest.raises(SpecialPurposePrefix):
        await preflight(world, "192.0.2.0/24")
    with pytest.raises(OriginNotOffered):
        await preflight(world, asn=64501)
    assert world.registry.asked == []
