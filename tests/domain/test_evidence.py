from datetime import timedelta
from hashlib import sha256

import pytest

from byoip.domain.checks.evidence import (
    WINDOW,
    Check,
    CheckState,
    Fault,
    Finding,
    Passed,
    RawAnswer,
    Reason,
    Unanswered,
    recent,
)
from tests.domain.samples import NOW


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (Reason.NOT_ALLOCATED, CheckState.INVALID),
        (Reason.SPANS_REGISTRIES, CheckState.INVALID),
        (Reason.ROUTE_OBJECT_MISSING, CheckState.MISSING),
        (Reason.ROUTE_OBJECT_OTHER_ORIGIN, CheckState.MISMATCH_ASN),
        (Reason.ROUTE_OBJECT_NOT_AUTHORITATIVE, CheckState.INVALID),
        (Reason.ROUTE_OBJECT_MALFORMED, CheckState.INVALID),
        (Reason.ROUTE_OBJECTS_NOT_OFFERED, CheckState.MISSING),
        (Reason.TOKEN_MISSING, CheckState.MISSING),
        (Reason.TOKEN_OTHER, CheckState.INVALID),
        (Reason.TOKEN_NOT_IN_EVERY_ZONE, CheckState.INVALID),
        (Reason.TOKEN_EXPIRED, CheckState.EXPIRED),
        (Reason.TOKEN_REVOKED, CheckState.INVALID),
        (Reason.MAINTAINER_NOT_HOLDER, CheckState.INVALID),
        (Reason.ALIAS_IN_ANSWER, CheckState.INVALID),
        (Reason.DNSSEC_BOGUS, CheckState.INVALID),
        (Reason.SERVERS_CONTRADICT, CheckState.INVALID),
        (Reason.SERVER_REFUSED_BY_POLICY, CheckState.INVALID),
        (Reason.PERSPECTIVES_DISAGREE, CheckState.INVALID),
        (Reason.ROA_MISSING, CheckState.MISSING),
        (Reason.ROA_OTHER_ORIGIN, CheckState.MISMATCH_ASN),
        (Reason.ROA_MAX_LENGTH, CheckState.INVALID),
        (Reason.ROA_AS0, CheckState.INVALID),
    ],
)
def test_each_reason_leads_to_the_state_the_wire_contract_names(
    reason: Reason, state: CheckState
) -> None:
    assert reason.state is state


def test_no_reason_leads_to_pending_or_valid() -> None:
    assert not {reason.state for reason in Reason} & {CheckState.PENDING, CheckState.VALID}


@pytest.mark.parametrize(
    ("age", "counts"),
    [
        (timedelta(0), True),
        (WINDOW, True),
        (WINDOW + timedelta(microseconds=1), False),
        (timedelta(days=1), False),
        (-WINDOW, True),  # clocks differ
        (-timedelta(days=1), False),  # and one was moved back
    ],
)
def test_an_answer_counts_for_an_hour(age: timedelta, counts: bool) -> None:
    assert recent(NOW - age, NOW) is counts


def test_what_never_passed_does_not_count() -> None:
    assert not recent(None, NOW)


def test_an_exhibit_carries_the_digest_of_the_raw_answer() -> None:
    raw = b"route: 192.0.2.0/24\r\n\xff"

    assert RawAnswer("-x 192.0.2.0/24", "whois:43", raw, NOW).sha256 == sha256(raw).hexdigest()


def test_a_finding_does_not_print_raw_answers() -> None:
    exhibit = RawAnswer("question", "whom", b"raw", NOW)

    assert "raw" not in repr(Finding(Check.IRR, Passed("yes"), NOW, (exhibit,)))


@pytest.mark.parametrize("fault", Fault)
def test_whatever_the_fault_there_is_something_to_do(fault: Fault) -> None:
    assert Unanswered(fault, "seen").fix
