"""Trust, 5.1: a letter never says that a holder has authorised what an earlier one has proven."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.watch.validity import LONGEST
from byoip.sandbox.whois_server import WhoisServer
from tests.trust.contests import revoke
from tests.trust.parties import Parties
from tests.usecases.letters import claimed, write, written
from tests.usecases.world import roa

RegistryWorld = tuple[Parties, WhoisServer]
CIDR = "31.1.0.0/20"
YEAR = timedelta(days=340)


def row(holder: str, status: str = "allocated") -> str:
    return f"ripencc|NL|ipv4|31.1.0.0|4096|20261101|{status}|{holder}"


async def prove(world: RegistryWorld, claim: Claim) -> None:
    parties, server = world
    await parties.roas(roa(claim.prefix))
    server.put("RIPE", f"route: {CIDR}\norigin: AS64500\nsource: RIPE".encode())
    parties.txt(claim.prefix, (await parties.token(claim)).value)
    await parties.validate(claim)
    assert (await parties.now(claim)).approved


@pytest.mark.parametrize("now", [row("another"), row("seller", "reserved"), row("seller")])
async def test_5_1_a_renewed_letter_names_the_holder_that_has_proven_it(
    registry_world: RegistryWorld, caplog: pytest.LogCaptureFixture, now: str
) -> None:
    parties, _ = registry_world
    await parties.statistics(row("seller"))
    claim = await claimed(parties, CIDR)
    await prove(registry_world, claim)
    assert str((await written(parties, claim)).facts.holder) == "RIPE NCC holder seller (allocated)"

    parties.clock.advance(YEAR)
    await parties.roas(roa(claim.prefix))
    await parties.statistics(now)
    if now == row("seller"):
        await written(parties, claim)
        return
    assert await write(parties, claim) is None
    assert "Revoke its approval, and have its ownership proven again" in caplog.text

    await parties.statistics(row("another"))
    await revoke(parties, claim)
    await parties.issue(claim, TokenMethod.RDNS)
    parties.clock.advance(LONGEST)  # until then it has lost the space, and a person decides
    await parties.issue(claim, TokenMethod.RDNS)
    await prove(registry_world, claim)
    assert (await written(parties, claim)).facts.holder.holder == "another"


@pytest.mark.parametrize("kept", [True, False])
async def test_5_1_a_first_letter_that_is_late_names_no_holder_that_came_since(
    registry_world: RegistryWorld, caplog: pytest.LogCaptureFixture, *, kept: bool
) -> None:
    parties, _ = registry_world
    await parties.statistics(row("seller"))
    claim = await claimed(parties, CIDR)
    await prove(registry_world, claim)
    if not kept:  # the account's quota was used up
        async with parties.engine.begin() as connection:
            await connection.execute(sa.text("UPDATE exhibits SET kept = NULL"))
    await parties.roas()  # its ROA is gone before the letter is written
    assert await write(parties, claim) is None

    parties.clock.advance(timedelta(days=30))
    await parties.roas(roa(claim.prefix))
    await parties.statistics(row("buyer"))
    assert await write(parties, claim) is None
    assert "Revoke its approval, and have its ownership proven again" in caplog.text
    await parties.statistics(row("seller"))
    assert (await written(parties, claim)).facts.holder.holder == "seller"


@pytest.mark.parametrize("early", [True, False])
async def test_5_1_where_nothing_says_whose_space_it_is_nobody_is_said_to_have_authorised(
    registry_world: RegistryWorld, caplog: pytest.LogCaptureFixture, *, early: bool
) -> None:
    """Approved before statistics were loaded: IANA's table names a registry, and no holder."""
    parties, _ = registry_world
    claim = await claimed(parties, CIDR)
    await prove(registry_world, claim)
    if early:
        assert await write(parties, claim) is None
    await parties.statistics(row("buyer"))
    await parties.validate(claim)
    assert await write(parties, claim) is None
    assert "no statistics said whose space it is as it was proven. Load them, revoke its" in (
        caplog.text
    )

    parties.clock.advance(timedelta(minutes=1))
    await revoke(parties, claim)
    await parties.issue(claim, TokenMethod.RDNS)
    await prove(registry_world, claim)
    assert (await written(parties, claim)).facts.holder.holder == "buyer"
