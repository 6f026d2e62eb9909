"""Trust, 2.3: a waiver of irr does without a route object, never without a registration."""

import pytest

from byoip.domain.checks.evidence import Check, Failed, Unanswered
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.check_waiver import Waivable
from tests.trust.parties import Parties
from tests.trust.test_2_3_waivers import grant, proven, run, world
from tests.usecases.world import roa

__all__ = ["world"]  # fixture

ROW = "arin|US|ipv4|23.9.{0}.0|256|20260101|allocated|holder-{0}"
OF_MANY = [ROW.format(part) for part in range(256)]
WHOLE = "ipv4|23.9.0.0|65536|20260101"
DOUBTS = {
    "more ranges than are judged": OF_MANY,
    "several holders": OF_MANY[:100],
    "two registries": [
        "arin|US|ipv4|23.9.0.0|32768|20260101|allocated|one",
        "ripencc|NL|ipv4|23.9.128.0|32768|20260101|allocated|two",
    ],
    "a part is free": [
        "arin|US|ipv4|23.9.0.0|32768|20260101|allocated|one",
        "arin|ZZ|ipv4|23.9.128.0|32768||available|",
    ],
    "two that disagree": [f"arin|US|{WHOLE}|allocated|one", f"ripencc|NL|{WHOLE}|allocated|two"],
}


@pytest.mark.parametrize("rows", DOUBTS.values(), ids=DOUBTS)
async def test_2_3_space_in_doubt_is_never_waived(world: Parties, rows: list[str]) -> None:
    await world.statistics(*rows)
    claim = await proven(world, "23.9.0.0/16")
    await world.roas(roa(claim.prefix))
    await grant(world, claim, Waivable.IRR)

    result, found = await run(world, claim)

    assert result in {RunResult.FAILED, RunResult.UNANSWERED}
    assert isinstance(found[Check.IRR].outcome, Failed | Unanswered)
