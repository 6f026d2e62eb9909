"""Trust, 4.1: a space of thousands of holders, which anyone may claim, costs what others do."""

from byoip.domain.checks.evidence import Check, Failed, Fault, Finding, Passed, Unanswered
from byoip.domain.checks.registration import MOST_RANGES
from byoip.domain.checks.registry import Basis
from byoip.domain.prefix import Prefix
from byoip.sandbox.whois_server import WhoisServer
from byoip.usecases.checks.targets import CheckTarget
from tests.trust.parties import Parties
from tests.usecases.world import ORIGIN


def held(many: int, holders: int) -> list[str]:
    """So many blocks of 512 addresses from 185.0.0.0 on, of the holders in turn."""
    blocks = [(f"185.{one // 128}.{one % 128 * 2}.0", f"h{one % holders}") for one in range(many)]
    return [f"ripencc|DE|ipv4|{start}|512|20120101|allocated|{who}" for start, who in blocks]


async def registration(world: Parties, cidr: str) -> Finding:
    found = await world.ask(CheckTarget(world.account_id, Prefix.parse(cidr), ORIGIN))
    return next(one for one in found.findings if one.check is Check.REGISTRATION)


async def test_more_than_two_hundred_ranges_are_not_read(
    registry_world: tuple[Parties, WhoisServer],
) -> None:
    world, _ = registry_world
    await world.statistics(*held(4 * MOST_RANGES, 7))
    async with world.store.transaction() as tx:
        wide = await tx.registrations.overlapping(Prefix.parse("185.0.0.0/11"))
        part = await tx.registrations.overlapping(Prefix.parse("185.0.0.0/16"))
    assert (len(wide.allocations), len(part.allocations)) == (MOST_RANGES + 1, 128)
    found = (await registration(world, "185.0.0.0/11")).outcome
    assert isinstance(found, Unanswered)
    assert (found.fault, found.fix) == (
        Fault.TOO_LARGE,
        "Bring parts of it, one for each holder.",
    )
    assert isinstance((await registration(world, "185.0.0.0/16")).outcome, Failed)


async def test_the_operator_may_name_the_registry_all_the_same(
    registry_world: tuple[Parties, WhoisServer],
) -> None:
    world, _ = registry_world
    await world.statistics(*held(2 * MOST_RANGES, 1))
    world.overridden = [(Prefix.parse("185.0.0.0/12"), "ripencc")]
    found = (await registration(world, "185.0.0.0/12")).outcome
    assert isinstance(found, Passed)
    assert Basis.OVERRIDE.value in found.seen
