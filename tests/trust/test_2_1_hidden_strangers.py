"""Trust, 2.1: strangers that the registry's answers hide, or that call themselves a registry.

Anyone may register a maintainer whose name begins as the registry's own do. And RIPE's database
leaves routes of RIPE-NONAUTH out of answers about RIPE, though their maintainers may write routes
in RIPE of what lies inside: NonAuthSourceDecorator filters answers only.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from byoip.domain.checks.evidence import Failed, Reason
from byoip.domain.checks.validation_run import RunResult
from byoip.sandbox.whois_server import WhoisServer
from tests.fakes.ripe_rest_server import RipeRestServer
from tests.trust.leaving import CIDR, World, around, block, brought, carrying, proof, put
from tests.trust.parties import Parties

NAMES = [
    "RIPE-NCC-TRANSIT-MNT",
    "RIPE-NCC-RPSL-MNT",  # its password is public
    "APNIC-TRANSIT",
    "AFRINIC-TRANSIT",
    "APNIC-HM",  # a registry's, but not at RIPE
    "MAINT-JPNIC",
    "MNT-KRNIC",
]
HIDDEN = around().replace("source: RIPE", "source: RIPE-NONAUTH")


@pytest.fixture(params=["whois", "rest"])
async def asked_world(
    registry_world: World, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Parties, WhoisServer | RipeRestServer]]:
    """RIPE's database, asked in both ways that it offers."""
    parties, server = registry_world
    rest = RipeRestServer()
    port = await rest.start()
    if request.param == "rest":
        ripe = replace(parties.known["ripencc"], rest_url=f"http://127.0.0.1:{port}/")
        parties.known["ripencc"] = ripe
    yield parties, rest.objects if request.param == "rest" else server  # type: ignore[misc]
    await rest.stop()


@pytest.mark.parametrize("name", NAMES)
async def test_2_1_a_stranger_that_calls_itself_a_registry(
    registry_world: World, name: str
) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, block(), around(name))
    token = await parties.token(claim)
    assert token.absence is None
    put(server, carrying(token, "LIR-MNT"))

    run = await parties.validate(claim)

    assert run.run.result is RunResult.FAILED
    outcome = proof(run)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER
    assert f" {name} may write routes of this space as well" in outcome.seen


@pytest.mark.parametrize("attribute", ["mnt-routes", "mnt-lower"])
async def test_2_1_the_block_lets_it_write(registry_world: World, attribute: str) -> None:
    wider = block().replace("31.0.1.0 - 31.0.1.255", "31.0.0.0 - 31.0.3.255")
    wider = wider.replace("source", f"{attribute}: RIPE-NCC-TRANSIT-MNT\nsource")
    parties, server = registry_world
    claim = await brought(registry_world, wider)
    token = await parties.token(claim)
    assert token.absence is None
    put(server, carrying(token, "LIR-MNT"))

    outcome = proof(await parties.validate(claim))

    assert isinstance(outcome, Failed)
    assert outcome.seen.startswith(f"By {attribute} of 31.0.0.0 - 31.0.3.255 RIPE-NCC-TRANSIT-MNT")


async def test_2_1_it_wrote_as_maintainer_of_the_block_before(registry_world: World) -> None:
    """It is among those who might write at the look, though its name speaks for no holder."""
    parties, server = registry_world
    claim = await brought(registry_world, block("RIPE-NCC-FORMER-MNT\nmnt-by: LIR-MNT"))
    token = await parties.token(claim)
    assert token.absence is not None
    assert token.absence.writers == {"RIPE-NCC-FORMER-MNT", "LIR-MNT"}
    put(server, carrying(token, "LIR-MNT"), block())

    outcome = proof(await parties.validate(claim))

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.TOKEN_TOO_EARLY


async def test_2_1_routes_that_answers_leave_out(asked_world: World) -> None:
    parties, server = asked_world
    server.put("RIPE-NONAUTH", HIDDEN.encode())
    claim = await brought(asked_world, block())
    token = await parties.token(claim)
    assert token.absence is None
    put(server, carrying(token, "LIR-MNT"))

    for _ in range(2):  # and nothing more is made while it may write
        outcome = proof(await parties.validate(claim))
        assert isinstance(outcome, Failed)
        assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER
        assert "By the route object 31.0.0.0/16 AS64511 TRANSIT-MNT may write" in outcome.seen
        assert await parties.token(claim) == token


async def test_2_1_a_holders_route_of_before_a_transfer_refuses_nothing(asked_world: World) -> None:
    parties, server = asked_world
    server.put("RIPE-NONAUTH", HIDDEN.replace("TRANSIT", "LIR").encode())
    claim = await brought(asked_world, block())
    token = await parties.token(claim)
    put(server, carrying(token, "LIR-MNT"))

    run = await parties.validate(claim)

    assert run.run.result is RunResult.APPROVED, proof(run)
    assert CIDR in str(claim.prefix)


@pytest.mark.parametrize("source", ["RIPE\n+ OTHER", "RIPE\n+source: RIPE"])
async def test_2_1_a_route_whose_source_goes_on_is_not_left_out(
    registry_world: World, source: str
) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, block())
    token = await parties.token(claim)
    put(server, carrying(token, "LIR-MNT"), around().replace("source: RIPE", f"source: {source}"))

    run = await parties.validate(claim)

    assert run.run.result is not RunResult.APPROVED, proof(run)
