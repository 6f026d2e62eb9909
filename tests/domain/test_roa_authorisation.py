from datetime import timedelta

import pytest

from byoip.domain.asn import AS0, Asn
from byoip.domain.checks.evidence import Failed, Fault, Passed, Reason, Unanswered
from byoip.domain.checks.origin_validation import Vrp, judge_roas, roa_origins
from byoip.domain.claims.other_origin import OtherOrigin
from tests.domain.samples import NOW, OTHER, OURS, prefix

ROUTE = prefix("192.0.2.0/24")
MINIMAL = Vrp(ROUTE, 24, OURS, "ripe", NOW + timedelta(hours=6))
EXPIRED = Vrp(ROUTE, 24, OURS, "ripe", NOW)
FOREIGN = Vrp(ROUTE, 24, OTHER, "ripe")
AS0_VRP = Vrp(prefix("192.0.0.0/16"), 32, AS0, "apnic")
SHORT = Vrp(prefix("192.0.0.0/16"), 16, OURS, "ripe")


def test_a_minimal_roa_passes_without_a_warning() -> None:
    outcome = judge_roas(ROUTE, OURS, [MINIMAL, FOREIGN], now=NOW)

    assert outcome == Passed("Valid by ROA 192.0.2.0/24 max /24 AS64500 (ripe).")


def test_a_loose_roa_passes_with_a_warning() -> None:
    loose = Vrp(prefix("192.0.0.0/16"), 24, OURS, "ripe")

    outcome = judge_roas(ROUTE, OURS, [loose], now=NOW)

    assert isinstance(outcome, Passed)
    assert len(outcome.warnings) == 1


@pytest.mark.parametrize(
    ("covering", "reason"),
    [
        pytest.param([], Reason.ROA_MISSING, id="none"),
        pytest.param([FOREIGN], Reason.ROA_OTHER_ORIGIN, id="other-origin"),
        pytest.param([SHORT], Reason.ROA_MAX_LENGTH, id="max-length"),
        pytest.param([AS0_VRP], Reason.ROA_AS0, id="as0"),
    ],
)
def test_each_way_to_fail_has_its_reason_and_the_roa_to_publish(
    covering: list[Vrp], reason: Reason
) -> None:
    outcome = judge_roas(ROUTE, OURS, covering, now=NOW)

    assert isinstance(outcome, Failed)
    assert outcome.reason is reason
    assert "prefix 192.0.2.0/24, origin AS64500, max length 24" in outcome.fix
    assert all(str(vrp.asn) in outcome.seen for vrp in covering)


@pytest.mark.parametrize("others", [[], [FOREIGN], [AS0_VRP]], ids=["alone", "foreign", "as0"])
def test_where_an_expired_roa_would_have_made_it_valid_there_is_no_answer(
    others: list[Vrp],
) -> None:
    outcome = judge_roas(ROUTE, OURS, [EXPIRED, *others], now=NOW)

    assert isinstance(outcome, Unanswered)
    assert outcome.fault is Fault.EXPIRED_ROA


def test_other_origins_are_named_without_ours_as0_and_what_has_expired() -> None:
    stale = Vrp(ROUTE, 24, Asn(64502), "ripe", NOW)

    found = roa_origins([MINIMAL, AS0_VRP, FOREIGN, FOREIGN, stale], OURS, now=NOW)

    assert found == (OtherOrigin(OTHER, ROUTE, "ROA"),)
