"""Trust, 5.1: a worker that was stopped while it set a letter states nothing that holds no more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.asn import Asn
from byoip.domain.letters.letter import RevokedBecause
from byoip.sandbox.whois_server import WhoisServer
from tests.trust.contests import go_on, offboard, restore
from tests.trust.parties import Parties
from tests.trust.test_2_3_waivers import ELSEWHERE, OTHERS
from tests.trust.test_2_3_waivers import approved as waived
from tests.trust.test_2_3_waivers import world as waiving
from tests.trust.test_5_1_letters_after_moves import brazilian
from tests.trust.test_5_1_letters_after_moves import proven as proven_at
from tests.trust.test_5_1_letters_and_holders import CIDR, RegistryWorld, prove, row
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import approved, claimed, read, write, written
from tests.usecases.world import ORIGIN, World, roa

__all__ = ["waiving", "world", "world_engine"]  # fixtures

BRAZILIAN = "177.6.0.0/23"


async def test_5_1_space_that_changed_hands_meanwhile_gets_no_letter(
    registry_world: RegistryWorld,
) -> None:
    parties, _ = registry_world
    await parties.statistics(row("seller"))
    claim = await claimed(parties, CIDR)
    await prove(registry_world, claim)

    async def sold() -> None:
        await parties.statistics(row("buyer"))

    assert await write(parties, claim, meanwhile=sold) is None
    await parties.statistics(row("seller"))
    assert (await written(parties, claim)).facts.holder.holder == "seller"


async def test_5_1_nor_where_the_letter_would_name_no_holder(
    registry_world: tuple[Parties, WhoisServer],
) -> None:
    parties, server = registry_world
    parties.known["nicbr"] = replace(parties.known["arin"], key="nicbr", source="NICBR")
    await parties.statistics(brazilian("seller"))
    claim = await proven_at(parties, server, BRAZILIAN, "NICBR")

    async def sold() -> None:
        await parties.statistics(brazilian("buyer"))

    assert await write(parties, claim, meanwhile=sold) is None
    assert "letter.issued" not in await parties.kinds(claim)


async def test_5_1_nor_where_a_roa_came_that_the_waiver_does_not_excuse(waiving: Parties) -> None:
    routes = await waived(waiving)

    async def denied() -> None:
        await waiving.roas(OTHERS)

    assert await write(waiving, routes.claim, meanwhile=denied) is None
    await waiving.roas(ELSEWHERE)
    assert (await written(waiving, routes.claim)).facts.roas == ()


async def test_5_1_an_origin_that_is_not_the_operators_any_more_is_not_signed_for(
    registry_world: RegistryWorld, caplog: pytest.LogCaptureFixture
) -> None:
    parties, _ = registry_world
    await parties.statistics(row("seller"))
    claim = await claimed(parties, CIDR)
    await prove(registry_world, claim)
    rules = parties.store._rules
    parties.store._rules = replace(rules, origins={Asn(64501)})
    assert await write(parties, claim) is None
    assert "AS64500 is not among origin_asns" in caplog.text
    parties.store._rules = replace(rules, origins={ORIGIN})
    await written(parties, claim)


async def test_5_1_a_letter_that_another_one_overtook_is_not_kept(world: World) -> None:
    """Issued before the other, it would stand, and the other be taken for the newest for ever."""
    claim = await approved(world)

    async def left_and_came_back() -> None:
        world.clock.advance(timedelta(minutes=5))
        overtaking = await written(world, claim)
        await offboard(world, claim)
        await go_on(world)
        await restore(world, claim)
        assert (await read(world, overtaking)).revoked_because is RevokedBecause.OFFBOARDED

    assert await write(world, claim, meanwhile=left_and_came_back) is None
    await written(world, claim)
    assert await write(world, claim) is None, "it is not due"


async def test_5_1_a_letter_issued_before_a_clock_was_set_back_is_not_the_newest(
    world: World,
) -> None:
    claim = await approved(world)
    world.clock.advance(timedelta(days=1))
    await world.roas(roa(claim.prefix))
    await written(world, claim)
    await offboard(world, claim)
    await go_on(world)
    await restore(world, claim)
    world.clock.advance(-timedelta(hours=12))
    await world.roas(roa(claim.prefix))
    standing = await written(world, claim)

    assert await write(world, claim) is None, "another would be refused by the database"
    async with world.store.transaction() as tx:
        assert (await tx.letters.of(claim.id))[0].reference == standing.reference
        assert await tx.letters.due(world.clock.now(), 10) == []


async def test_5_1_nor_where_the_registry_lost_the_route_object_meanwhile(world: World) -> None:
    claim = await approved(world)

    async def lost() -> None:
        world.registry.objects.clear()
        await world.validate(claim)

    assert await write(world, claim, meanwhile=lost) is None
    world.route(claim.prefix)
    world.clock.advance(timedelta(minutes=1))
    await world.validate(claim)
    await written(world, claim)
