"""Trust, 5.1: a letter says nothing of a holder whom other statistics name by now.

Space may move to another registry, and a national registry names no holders of its own.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.sandbox.whois_server import WhoisServer
from tests.trust.parties import Parties
from tests.trust.test_5_1_letters_and_holders import CIDR, YEAR, RegistryWorld, row
from tests.usecases.letters import claimed, write, written
from tests.usecases.world import roa

BRAZILIAN = "177.6.0.0/23"


def american(holder: str) -> str:
    return f"arin|US|ipv4|31.1.0.0|4096|20261101|allocated|{holder}"


def brazilian(holder: str) -> str:
    return f"lacnic|BR|ipv4|177.6.0.0|512|20260101|allocated|{holder}"


async def proven(parties: Parties, server: WhoisServer, cidr: str, source: str) -> Claim:
    claim = await claimed(parties, cidr)
    await parties.roas(roa(claim.prefix))
    server.put(source, f"route: {cidr}\norigin: AS64500\nmnt-by: A\nsource: {source}".encode())
    parties.txt(claim.prefix, (await parties.token(claim)).value)
    await parties.validate(claim)
    assert (await parties.now(claim)).approved
    return claim


async def test_5_1_a_late_letter_names_no_holder_at_another_registry(
    registry_world: RegistryWorld, caplog: pytest.LogCaptureFixture
) -> None:
    parties, server = registry_world
    await parties.statistics(american("seller"))
    claim = await proven(parties, server, CIDR, "ARIN")

    parties.clock.advance(timedelta(minutes=1))
    await parties.statistics(row("buyer"))
    view = await parties.validate(claim)  # the other registry is the responsible one now
    assert (view.run.result, (await parties.now(claim)).registry) == (RunResult.FAILED, "ripencc")

    assert await write(parties, claim) is None
    assert "ripencc is the registry responsible now, and arin was as it was proven" in caplog.text
    await parties.statistics(american("seller"))
    await parties.validate(claim)
    assert (await written(parties, claim)).facts.holder.holder == "seller"


async def test_5_1_of_a_national_registry_a_letter_is_renewed_for_the_same_holder_only(
    registry_world: RegistryWorld, caplog: pytest.LogCaptureFixture
) -> None:
    parties, server = registry_world
    parties.known["nicbr"] = replace(parties.known["arin"], key="nicbr", source="NICBR")
    await parties.statistics(brazilian("seller"))
    claim = await proven(parties, server, BRAZILIAN, "NICBR")
    first = await written(parties, claim)
    assert (first.facts.holder.registry, first.facts.holder.holder) == ("nicbr", "")

    parties.clock.advance(YEAR)
    await parties.roas(roa(claim.prefix))
    await parties.statistics(brazilian("buyer"))
    assert await write(parties, claim) is None
    assert "(buyer at LACNIC) than the one that proved it (seller at LACNIC)" in caplog.text
    await parties.statistics(brazilian("seller"))
    await written(parties, claim)


@pytest.mark.parametrize("then", [american, brazilian])
async def test_5_1_where_the_operator_names_the_registry_statistics_may_follow_later(
    registry_world: RegistryWorld, then: Callable[[str], str]
) -> None:
    """They still had the former holder, or had none of the space, when the operator knew better."""
    parties, server = registry_world
    parties.overridden.append((Prefix.parse(CIDR), "ripencc"))
    await parties.statistics(then("seller"))
    claim = await proven(parties, server, CIDR, "RIPE")
    await parties.statistics(row("buyer"))
    assert (await written(parties, claim)).facts.holder.holder == "buyer"
