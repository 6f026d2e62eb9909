"""Trust, 5.1: what another registry said while the operator named it stands in no letter."""

from datetime import timedelta

import pytest

from byoip.domain.checks.evidence import Check
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.sandbox.whois_server import IrrFault, WhoisServer
from tests.trust.parties import Parties
from tests.trust.test_5_1_letters_after_a_no import put, take_back
from tests.trust.test_5_1_letters_after_moves import proven
from tests.trust.test_5_1_letters_and_holders import CIDR, row
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import write, written

__all__ = ["world", "world_engine"]  # fixtures

RegistryWorld = tuple[Parties, WhoisServer]


async def asked_elsewhere(parties: Parties, server: WhoisServer) -> Claim:
    """Approved at RIPE; then the operator names ARIN for an hour, where anyone may write this."""
    await parties.statistics(row("ours"))
    claim = await proven(parties, server, CIDR, "RIPE")
    server.put("ARIN", f"route: {CIDR}\norigin: AS64500\nmnt-by: STRANGER\nsource: ARIN".encode())
    override = await put(parties, "arin")
    parties.clock.advance(timedelta(minutes=1))
    assert (await parties.validate(claim)).run.result is RunResult.PASSED
    await take_back(parties, override)
    return claim


@pytest.mark.parametrize("silent", [False, True])
async def test_5_1_it_is_signed_for_again_once_the_registry_has_said_so_itself(
    registry_world: RegistryWorld, caplog: pytest.LogCaptureFixture, *, silent: bool
) -> None:
    parties, server = registry_world
    claim = await asked_elsewhere(parties, server)
    if silent:  # the one that is responsible again gives no answer to the next question
        server.fault = IrrFault.EMPTY
        parties.clock.advance(timedelta(minutes=1))
        assert (await parties.validate(claim)).run.result is RunResult.UNANSWERED
        server.fault = None

    assert await write(parties, claim) is None
    assert "STRANGER" not in caplog.text
    parties.clock.advance(timedelta(hours=1))
    await parties.validate(claim)
    letter = await written(parties, claim)
    [irr] = [one.seen for one in letter.facts.checks if one.check is Check.IRR]
    assert irr == f"{CIDR} AS64500 in RIPE, maintained by A."
