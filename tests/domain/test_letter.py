from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from byoip.domain.asn import AS0
from byoip.domain.checks.evidence import Check, CheckState, Failed, Passed, Reason
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.claims.claim import CheckRecord
from byoip.domain.claims.lifecycle import Approver, Standing, State
from byoip.domain.letters.letter import (
    RENEWAL_AHEAD,
    VALIDITY,
    Letter,
    LetterNotFound,
    LetterReference,
    LetterStatus,
    RevokedBecause,
    letter_due,
)
from byoip.domain.watch.levels import Signal
from tests.domain.letters import CHECKS, NEXT, REFERENCE, letter, letter_facts
from tests.domain.samples import NOW, OTHER, OURS, claim, prefix

ROA = Vrp(prefix("192.0.2.0/24"), 24, OURS, "ripe")
END = NOW + VALIDITY
SECOND = timedelta(seconds=1)
FROZEN = frozenset({Signal.ROA})


def test_a_reference_is_128_bits_of_lowercase_hex() -> None:
    assert str(LetterReference.parse("0f" * 16)) == "0f" * 16


@pytest.mark.parametrize("text", ["", "0" * 31, "0" * 33, "F" * 32, "٣" * 32, "0" * 32 + "\n"])
def test_anything_else_names_no_letter(text: str) -> None:
    with pytest.raises(LetterNotFound):
        LetterReference.parse(text)
    with pytest.raises(ValueError, match="32 lowercase hex"):
        LetterReference(text)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"valid_until": NOW}, "more than nothing", id="over at once"),
        pytest.param({"checks": ()}, "states a pass", id="nothing checked"),
        pytest.param({"checks": CHECKS[:3]}, "states a pass", id="no ownership"),
        pytest.param({"checks": CHECKS[2:]}, "states a pass", id="no irr"),
        pytest.param({"checks": (*CHECKS[:2], CHECKS[3])}, "states a pass", id="no rpki"),
        pytest.param({"roas": ()}, "names ROAs", id="no ROA"),
        pytest.param({"origin": OTHER}, "names ROAs", id="a ROA for another origin"),
        pytest.param({"origin": AS0}, "names ROAs", id="AS0 never originates"),
        pytest.param({"prefix": prefix("198.51.100.0/24")}, "names ROAs", id="a ROA for others"),
        pytest.param({"prefix": prefix("192.0.2.0/25")}, "names ROAs", id="beyond max length"),
    ],
)
def test_a_letter_cannot_state_what_was_not_proven(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        letter_facts(**changes)


@pytest.mark.parametrize(
    ("changes", "at", "status"),
    [
        pytest.param({}, NOW, LetterStatus.VALID, id="new"),
        pytest.param({}, END - SECOND, LetterStatus.VALID, id="to the last second"),
        pytest.param({}, END, LetterStatus.EXPIRED, id="no longer"),
        pytest.param({"superseded_by": NEXT}, NOW, LetterStatus.SUPERSEDED, id="renewed"),
        pytest.param(
            {"superseded_by": NEXT}, END, LetterStatus.SUPERSEDED, id="points on for ever"
        ),
        pytest.param({"revoked_at": NOW}, NOW, LetterStatus.REVOKED, id="revoked"),
        pytest.param({"revoked_at": NOW}, END, LetterStatus.REVOKED, id="revoked, not expired"),
        pytest.param(
            {"revoked_at": NOW, "superseded_by": NEXT}, NOW, LetterStatus.REVOKED, id="both"
        ),
    ],
)
def test_the_page_tells_the_worst_news_first(
    changes: dict[str, Any], at: datetime, status: LetterStatus
) -> None:
    assert letter(**changes).status(at) is status


def test_a_renewal_is_due_30_days_ahead_and_late_rather_than_never() -> None:
    fresh = letter()
    assert not fresh.renewal_due(END - RENEWAL_AHEAD - SECOND)
    assert fresh.renewal_due(END - RENEWAL_AHEAD)
    assert fresh.renewal_due(END + timedelta(days=100))
    assert not fresh.supersede(NEXT).renewal_due(END)
    assert not fresh.revoke(RevokedBecause.OPERATOR, NOW).renewal_due(END)


def test_a_renewed_letter_points_to_the_new_one() -> None:
    assert letter().supersede(NEXT).superseded_by == NEXT


def test_a_letter_is_revoked_once_and_for_good() -> None:
    revoked = letter().revoke(RevokedBecause.RPKI, NOW)
    again = revoked.revoke(RevokedBecause.OPERATOR, END)
    assert again == revoked
    assert (again.revoked_because, again.revoked_at) == (RevokedBecause.RPKI, NOW)
    assert revoked.supersede(NEXT) == revoked


def test_a_superseded_or_expired_letter_can_still_be_revoked() -> None:
    old = letter().supersede(NEXT).revoke(RevokedBecause.REMOVED, END)
    assert old.status(END) is LetterStatus.REVOKED
    assert old.superseded_by == NEXT


def test_a_letter_hears_what_snapshots_say_of_its_route() -> None:
    no = Failed(Reason.ROA_MISSING, "No ROA.", "Publish one.")
    first = letter().hear(1, after=None, built_at=NOW, said=no)
    assert not first.rpki.confirmed
    later = first
    for number in range(2, 14):  # every two hours; silence would confirm nothing
        built_at = NOW + timedelta(hours=2 * (number - 1))
        later = later.hear(number, after=number - 1, built_at=built_at, said=no)
    assert later.rpki.confirmed
    assert later.status(NOW) is LetterStatus.VALID  # who hears decides; the letter only knows
    assert not later.hear(14, after=13, built_at=END, said=Passed("Valid.")).rpki.confirmed


def held(**changes: Any) -> Any:
    valid = CheckRecord(CheckState.VALID, passed_at=NOW)
    return claim(
        **({"state": State.APPROVED, "delegate_loa_creation": True, "rpki": valid} | changes)
    )


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        pytest.param({}, True, id="approved and wanted"),
        pytest.param({"state": State.PENDING}, False, id="pending"),
        pytest.param({"state": State.CLOSED}, False, id="closed"),
        pytest.param({"delegate_loa_creation": False}, False, id="not wanted"),
        pytest.param({"standing": Standing.CONTESTED}, False, id="contested"),
        pytest.param({"standing": Standing.SUSPENDED}, False, id="suspended"),
        pytest.param(
            {"rpki": CheckRecord(CheckState.MISSING, reason=Reason.ROA_MISSING)}, False, id="no ROA"
        ),
    ],
)
def test_a_first_letter_is_written_for_an_approved_prefix(
    changes: dict[str, Any], due: bool
) -> None:
    assert letter_due(held(**changes), None, NOW) is due


@pytest.mark.parametrize(
    ("changes", "newest", "at", "due"),
    [
        pytest.param({}, letter(), NOW, False, id="it has one"),
        pytest.param({}, letter(), END - RENEWAL_AHEAD, True, id="it ends in 30 days"),
        pytest.param({"standing": Standing.CONTESTED}, letter(), END, True, id="though contested"),
        pytest.param({}, replace(letter(), of_another=True), NOW, True, id="its prefix has moved"),
        pytest.param({"standing": Standing.SUSPENDED}, letter(), END, True, id="though suspended"),
        pytest.param({"standing": Standing.OFFBOARDING}, letter(), END, False, id="on its way out"),
        pytest.param({"frozen_for": FROZEN}, letter(), END, False, id="frozen"),
        pytest.param({"approved_by": Approver.OPERATOR}, letter(), END, False, id="no checks"),
        pytest.param(
            {}, letter().revoke(RevokedBecause.RPKI, NOW), END, False, id="rpki: no newer pass"
        ),
        pytest.param(
            {},
            letter().revoke(RevokedBecause.RPKI, NOW - SECOND),
            END,
            True,
            id="rpki: valid again",
        ),
    ],
)
def test_the_next_letter_is_written_when_the_last_one_ends(
    changes: dict[str, Any], newest: Letter, at: datetime, due: bool
) -> None:
    assert letter_due(held(**changes), newest, at) is due


@pytest.mark.parametrize("barred", [False, True])
@pytest.mark.parametrize("because", [RevokedBecause.OPERATOR, RevokedBecause.OFFBOARDED])
def test_none_follows_the_operators_word(because: RevokedBecause, *, barred: bool) -> None:
    assert letter_due(held(), letter().revoke(because, NOW), NOW, barred=barred) is not barred


def test_the_letter_is_found_by_its_reference() -> None:
    assert letter().reference == REFERENCE
    assert {one.check for one in letter().facts.checks} >= {Check.IRR, Check.RPKI}
