"""Trust, 2.2: registries that contradict each other about a prefix are not a "no".

The statistics are files, as the registries publish them during a transfer.
"""

import pytest

from byoip.domain.checks.evidence import Check, CheckState, Fault, Passed, Reason, Unanswered
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.prefix import Prefix
from byoip.sandbox.whois_server import WhoisServer
from tests.trust.parties import Parties
from tests.usecases.world import roa

RegistryWorld = tuple[Parties, WhoisServer]
CIDR = "31.1.0.0/20"


def row(registry: str, status: str, start: str = "31.1.0.0", size: int = 4096) -> str:
    return f"{registry}|NL|ipv4|{start}|{size}|20261101|{status}|holder"


@pytest.mark.parametrize(
    ("giver", "receiver"),
    [
        pytest.param("allocated", "allocated", id="allocated twice"),
        pytest.param("allocated", "assigned", id="allocated and assigned"),
        pytest.param("reserved", "allocated", id="reserved and allocated"),
        pytest.param("allocated", "available", id="allocated and available"),
    ],
)
async def test_2_2_it_is_unanswered_shows_both_rows_and_the_operator_can_override(
    registry_world: RegistryWorld, giver: str, receiver: str
) -> None:
    world, server = registry_world
    await world.statistics(row("arin", giver), row("ripencc", receiver))
    claim = await world.claim(CIDR)
    await world.roas(roa(claim.prefix))
    world.txt(claim.prefix, (await world.token(claim)).value)
    server.put("RIPE", f"route: {CIDR}\norigin: AS64500\nsource: RIPE".encode())

    run = await world.validate(claim)

    assert run.run.result is RunResult.UNANSWERED
    found = {one.check: one for one in run.findings}
    for check in (Check.REGISTRATION, Check.IRR):
        outcome = found[check].outcome
        assert isinstance(outcome, Unanswered)
        assert outcome.fault is Fault.SOURCES_DISAGREE
        assert f"{CIDR} is {giver} at arin but {CIDR} is {receiver} at ripencc" in outcome.seen
        assert "The operator can override it" in outcome.fix
    answer = found[Check.REGISTRATION].exhibits[0].answer
    assert f'"registry": "arin", "status": "{giver}"'.encode() in answer
    assert f'"registry": "ripencc", "status": "{receiver}"'.encode() in answer
    left = await world.now(claim)
    assert (left.irr.state, left.irr.reason) == (CheckState.PENDING, None)

    world.overridden = [(Prefix.parse(CIDR), "ripencc")]
    again = await world.validate(claim)

    assert again.run.result is RunResult.APPROVED
    assert isinstance({one.check: one for one in again.findings}[Check.IRR].outcome, Passed)


async def test_2_2_holders_of_one_registry_whose_ranges_lie_in_each_other_disagree_too(
    registry_world: RegistryWorld,
) -> None:
    """No prefix could be brought for each of them."""
    world, _ = registry_world
    inner = row("ripencc", "assigned", "31.1.8.0", 2048).replace("holder", "another")
    await world.statistics(row("ripencc", "allocated"), inner)
    for cidr in (CIDR, "31.1.8.0/21"):
        claim = await world.claim(cidr, account_id=await world.new_account())
        run = await world.validate(claim)
        outcome = {one.check: one for one in run.findings}[Check.REGISTRATION].outcome
        assert isinstance(outcome, Unanswered), outcome
        said = f"{CIDR} is allocated at ripencc to holder but 31.1.8.0/21 is assigned at ripencc to"
        assert said in outcome.seen
        assert "The operator can override it" in outcome.fix


async def test_2_2_registries_side_by_side_still_want_a_prefix_for_each(
    registry_world: RegistryWorld,
) -> None:
    world, _ = registry_world
    half = row("arin", "allocated", size=2048)
    await world.statistics(half, row("ripencc", "allocated", "31.1.8.0", 2048))
    claim = await world.claim(CIDR)
    await world.validate(claim)

    assert (await world.now(claim)).irr.reason is Reason.SPANS_REGISTRIES
