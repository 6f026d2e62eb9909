from datetime import timedelta

import pytest

from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.rpki_watch import RpkiWatch
from tests.domain.samples import NOW

YES = Passed("Valid.")
NO = Failed(Reason.ROA_OTHER_ORIGIN, "Invalid.", "Publish a ROA.")
SILENCE = Unanswered(Fault.EXPIRED_ROA, "Only expired ROAs.")


def watched(*said: tuple[float, Outcome]) -> RpkiWatch:
    """After snapshots 1, 2, 3, ... that were built so many hours from now."""
    watch = RpkiWatch()
    for number, (hours, one) in enumerate(said, start=1):
        before = number - 1 or None
        built = NOW + timedelta(hours=hours)
        watch = watch.hear(number, after=before, built_at=built, said=one)
    return watch


A_DAY = [(hour, NO) for hour in (0, 6, 12, 18)]


@pytest.mark.parametrize(
    ("said", "confirmed"),
    [
        pytest.param([], False, id="nothing heard"),
        pytest.param([(0, NO)], False, id="one no"),
        pytest.param([*A_DAY, (23.9, NO)], False, id="not yet a day"),
        pytest.param([*A_DAY, (24, NO)], True, id="a day of no"),
        pytest.param([(-1, YES), *A_DAY, (23, NO)], False, id="since an hour later"),
        pytest.param([(0, NO), (6, NO), (12, YES), (18, NO), (24, NO)], False, id="once yes"),
        pytest.param(
            [(0, NO), (6, NO), (12, SILENCE), (18, NO), (24, NO)], False, id="once unanswered"
        ),
        pytest.param([*A_DAY, (24, SILENCE)], False, id="unanswered at the end"),
        pytest.param([(0, SILENCE), (6, SILENCE), (48, SILENCE)], False, id="never answered"),
        pytest.param([*A_DAY, (24, NO), (25, YES)], False, id="valid again in time"),
        pytest.param([(0, NO), (30, NO)], False, id="we did not look in between"),
        pytest.param([*A_DAY, (25, NO)], False, id="we did not look for seven hours"),
        pytest.param([*A_DAY, (48, NO), (54, NO)], False, id="again after silence"),
    ],
)
def test_a_failure_is_confirmed_by_every_snapshot_of_24_hours(
    said: list[tuple[float, Outcome]], confirmed: bool
) -> None:
    assert watched(*said).confirmed is confirmed


def test_a_missed_snapshot_may_have_said_yes() -> None:
    watch = watched(*A_DAY)
    late = NOW + timedelta(hours=24)
    assert watch.hear(5, after=4, built_at=late, said=NO).confirmed
    assert not watch.hear(6, after=5, built_at=late, said=NO).confirmed


def test_a_snapshot_heard_twice_counts_once() -> None:
    watch = watched((0, NO), (6, NO))
    assert watch.hear(2, after=1, built_at=NOW, said=YES) == watch
    assert watch.hear(1, after=None, built_at=NOW, said=YES) == watch
