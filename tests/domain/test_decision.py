from datetime import timedelta

import pytest

from byoip.domain.checks import decision, evidence
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import CheckRecord
from byoip.domain.claims.lifecycle import State
from byoip.domain.claims.ownership_token import TokenMethod
from tests.domain.samples import NOW, claim

LATER = NOW + timedelta(minutes=5)
YES = evidence.Passed("Seen.")
SILENT = evidence.Unanswered(evidence.Fault.TIMEOUT, "Nothing came.")
NO_TOKEN = evidence.Failed(evidence.Reason.TOKEN_MISSING, "None in the object.", "Add it.")
NO_TXT = evidence.Failed(evidence.Reason.TOKEN_MISSING, "None in the zone.", "Publish it.")
WRONG = evidence.Failed(evidence.Reason.TOKEN_OTHER, "Another one.", "Replace it.")
NO_ROUTE = evidence.Failed(evidence.Reason.ROUTE_OBJECT_MISSING, "None.", "Create it.")
KNOWN = CheckRecord(evidence.CheckState.VALID, passed_at=NOW)


def answered(outcome: evidence.Outcome) -> evidence.Finding:
    return evidence.Finding(evidence.Check.RPKI, outcome, LATER)


def found(**outcomes: evidence.Outcome) -> list[evidence.Finding]:
    return [
        evidence.Finding(evidence.Check(name), outcome, LATER) for name, outcome in outcomes.items()
    ]


def test_a_passed_answer_counts_from_when_it_was_given() -> None:
    assert decision.learn(
        CheckRecord(evidence.CheckState.MISSING, reason=evidence.Reason.ROA_MISSING), answered(YES)
    ) == (CheckRecord(evidence.CheckState.VALID, passed_at=LATER))


def test_a_failed_answer_says_why_and_takes_the_time_away() -> None:
    record = decision.learn(KNOWN, answered(WRONG))

    assert record == CheckRecord(
        evidence.CheckState.INVALID,
        None,
        evidence.Reason.TOKEN_OTHER,
        "Another one.",
        "Replace it.",
    )


def test_no_answer_leaves_everything_but_the_doubt() -> None:
    assert decision.learn(KNOWN, answered(SILENT)) == CheckRecord(
        evidence.CheckState.VALID, passed_at=NOW, doubt=f"Nothing came. {SILENT.fix}"
    )
    assert decision.learn(KNOWN, None) is KNOWN


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param([], None, id="not-asked"),
        pytest.param([YES], YES, id="one-way"),
        pytest.param([NO_TOKEN, YES], YES, id="the-other-way"),
        pytest.param([SILENT, YES], YES, id="passed-beats-silence"),
        pytest.param([NO_TOKEN, SILENT], SILENT, id="silence-is-not-no"),
        pytest.param([WRONG, SILENT], SILENT, id="wrong-but-the-other-way-open"),
        pytest.param([NO_TOKEN], NO_TOKEN, id="no"),
        pytest.param([NO_TOKEN, WRONG], WRONG, id="wrong-tells-more-than-missing"),
    ],
)
def test_one_way_to_prove_ownership_is_enough(
    outcomes: list[evidence.Outcome], expected: evidence.Outcome | None
) -> None:
    assert decision.ownership_outcome(outcomes) == expected


def test_when_every_way_lacks_the_token_both_fixes_are_named() -> None:
    outcome = decision.ownership_outcome([NO_TOKEN, NO_TXT])

    assert isinstance(outcome, evidence.Failed)
    assert outcome.reason is evidence.Reason.TOKEN_MISSING
    assert "Add it." in outcome.fix
    assert "Publish it." in outcome.fix


def test_a_run_writes_what_it_learnt_of_each_check() -> None:
    decided = decision.decide(
        claim(), found(irr=YES, rpki=NO_ROUTE, ownership_irr=NO_TOKEN, ownership_rdns=YES), LATER
    )

    assert [one.state for one in (decided.irr, decided.rpki, decided.ownership)] == [
        evidence.CheckState.VALID,
        evidence.CheckState.MISSING,
        evidence.CheckState.VALID,
    ]
    assert decided.modified_at == LATER
    assert decided.state is State.PENDING


def test_a_run_that_learnt_nothing_changes_nothing() -> None:
    before = claim()

    assert decision.decide(before, found(registration=YES), LATER) == before


def test_an_approved_claim_keeps_approval_and_ownership_whatever_is_found() -> None:
    approved = claim(irr=KNOWN, rpki=KNOWN, ownership=KNOWN).approve(NOW)

    decided = decision.decide(
        approved, found(irr=NO_ROUTE, rpki=SILENT, ownership_rdns=WRONG), LATER
    )

    assert decided.approved
    assert decided.ownership == KNOWN
    assert decided.irr.state is evidence.CheckState.MISSING
    assert decided.rpki.passed_at == NOW


@pytest.mark.parametrize(
    ("findings", "again", "result"),
    [
        pytest.param(
            found(irr=YES, rpki=YES, ownership_rdns=YES), False, RunResult.PASSED, id="all"
        ),
        pytest.param(found(irr=SILENT, rpki=NO_ROUTE), True, RunResult.UNANSWERED, id="silence"),
        pytest.param(
            found(irr=YES, ownership_irr=SILENT, ownership_rdns=YES),
            False,
            RunResult.PASSED,
            id="silence-that-did-not-matter",
        ),
        pytest.param(
            found(ownership_irr=SILENT, ownership_rdns=NO_TXT),
            True,
            RunResult.UNANSWERED,
            id="silence-that-did",
        ),
        pytest.param(
            found(irr=YES, ownership_irr=NO_TOKEN, ownership_rdns=YES),
            False,
            RunResult.PASSED,
            id="a-no-that-did-not-matter",
        ),
        pytest.param(
            found(irr=YES, ownership_irr=NO_TOKEN, ownership_rdns=NO_TXT),
            False,
            RunResult.FAILED,
            id="no-ownership",
        ),
        pytest.param(found(registration=NO_ROUTE, irr=YES), False, RunResult.FAILED, id="no"),
    ],
)
def test_a_run_is_tried_again_only_for_silence_that_mattered(
    findings: list[evidence.Finding], again: bool, result: RunResult
) -> None:
    assert decision.unanswered(findings) is again
    assert decision.result_of(findings) is result


@pytest.mark.parametrize(
    ("method", "checks"),
    [
        (TokenMethod.ANY, [evidence.Check.OWNERSHIP_IRR, evidence.Check.OWNERSHIP_RDNS]),
        (TokenMethod.IRR, [evidence.Check.OWNERSHIP_IRR]),
        (TokenMethod.RDNS, [evidence.Check.OWNERSHIP_RDNS]),
    ],
)
@pytest.mark.parametrize("reason", [evidence.Reason.TOKEN_EXPIRED, evidence.Reason.TOKEN_REVOKED])
def test_a_useless_token_fails_wherever_it_may_stand(
    method: TokenMethod, checks: list[evidence.Check], reason: evidence.Reason
) -> None:
    found = decision.useless_token(method, reason, NOW)
    assert [one.check for one in found] == checks
    for one in found:
        assert isinstance(one.outcome, evidence.Failed)
        assert one.outcome.reason is reason
        expired = reason is evidence.Reason.TOKEN_EXPIRED
        assert ("Ask for validation" if expired else "validation_tokens") in one.outcome.fix
    assert decision.result_of(found) is RunResult.FAILED
