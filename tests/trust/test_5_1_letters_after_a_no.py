"""Trust, 5.1: a letter states no pass that a newer answer, or the operator's word, denies."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from byoip.domain.checks.evidence import Check, CheckState, Fault
from byoip.domain.checks.registry_override import RegistryOverride
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.sandbox.whois_server import WhoisServer
from byoip.usecases.checks import registry_overrides
from tests.trust.contests import OPERATOR, WHY, go_on, offboard, restore
from tests.trust.parties import Parties
from tests.trust.test_5_1_letters_after_moves import american, proven
from tests.trust.test_5_1_letters_and_holders import CIDR, YEAR, row
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import approved, write, written
from tests.usecases.verbs import Verb
from tests.usecases.world import World, roa

__all__ = ["world", "world_engine"]  # fixtures

RegistryWorld = tuple[Parties, WhoisServer]


async def test_5_1_a_route_object_that_is_gone_is_not_signed_for_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """By letting the prefix go and bringing it back its owner gets a new letter, for a year."""
    claim = await approved(world)
    await written(world, claim)
    world.registry.objects.clear()
    world.clock.advance(timedelta(days=2))
    await world.roas(roa(claim.prefix))
    await world.validate(claim)
    assert (await world.now(claim)).irr.state is CheckState.MISSING
    await offboard(world, claim)
    await go_on(world)
    await restore(world, claim)

    assert await write(world, claim) is None
    assert "irr: RIPE has no route object for 31.0.0.0/23." in caplog.text
    world.route(claim.prefix)
    again = (await world.validate(claim)).run.finished_at
    assert [one.at for one in (await written(world, claim)).facts.checks][1] == again


async def test_5_1_a_registry_that_does_not_answer_takes_no_letter_away(world: World) -> None:
    claim = await approved(world)
    world.registry.fault = Fault.UNREACHABLE
    world.clock.advance(timedelta(minutes=1))
    await world.validate(claim)
    assert Check.IRR in {one.check for one in (await written(world, claim)).facts.checks}


async def put(parties: Parties, registry: str) -> RegistryOverride:
    known = partial(registry_overrides.put, registries=set(parties.known))
    putting = Verb(parties.store, known)
    return await putting(cidr=CIDR, registry=registry, reason=WHY, by=OPERATOR)


async def validate_elsewhere(parties: Parties, claim: Claim) -> None:
    """The registry that is responsible now gives no answer: what passed before stays."""
    parties.known["arin"] = replace(parties.known["arin"], port=1)
    parties.clock.advance(timedelta(minutes=1))
    assert (await parties.validate(claim)).run.result is RunResult.UNANSWERED
    now = await parties.now(claim)
    assert (now.registry, now.irr.state) == ("ripencc", CheckState.VALID)


async def take_back(parties: Parties, override: RegistryOverride) -> None:
    removing = Verb(parties.store, registry_overrides.remove)
    await removing(override.id, reason=WHY, by=OPERATOR)


@pytest.mark.parametrize("validated", [False, True])
async def test_5_1_an_override_that_the_operator_took_back_is_signed_for_no_more(
    registry_world: RegistryWorld, caplog: pytest.LogCaptureFixture, *, validated: bool
) -> None:
    parties, server = registry_world
    await parties.statistics(american("theirs"))
    override = await put(parties, "ripencc")
    claim = await proven(parties, server, CIDR, "RIPE")
    await written(parties, claim)
    await take_back(parties, override)

    parties.clock.advance(YEAR)
    if validated:
        await validate_elsewhere(parties, claim)
    await parties.roas(roa(claim.prefix))
    assert await write(parties, claim) is None
    assert "arin is the registry responsible now, and ripencc was as it was proven" in caplog.text
    await parties.statistics()
    assert await write(parties, claim) is None
    assert "none that is known is the registry responsible now" in caplog.text
    await parties.statistics(row("ours"))  # they follow the operator's word
    await written(parties, claim)


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("meanwhile", [False, True])
async def test_5_1_nor_is_what_another_registry_said_before_the_override(
    registry_world: RegistryWorld,
    caplog: pytest.LogCaptureFixture,
    *,
    meanwhile: bool,
    validated: bool,
) -> None:
    parties, server = registry_world
    await parties.statistics(row("ours"))
    claim = await proven(parties, server, CIDR, "RIPE")

    async def name_another() -> None:
        await put(parties, "arin")
        if validated:
            await validate_elsewhere(parties, claim)

    if meanwhile:
        assert await write(parties, claim, meanwhile=name_another) is None
        return
    await name_another()
    assert await write(parties, claim) is None
    assert "arin is the registry responsible now" in caplog.text
