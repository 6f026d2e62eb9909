"""Daily looks are spread by a hash: each prefix has a time of day of its own, and keeps it."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from byoip.usecases.watch.look import _next_slot
from tests.watching import DAY, HOUR

NOW = datetime(2026, 11, 30, 13, 7, tzinfo=UTC)
IDS = [UUID(bytes=sha256(str(one).encode()).digest()[:16]) for one in range(2400)]


def test_thousands_that_are_approved_at_once_are_looked_at_all_day_long() -> None:
    hours = Counter(_next_slot(one, NOW).hour for one in IDS)
    assert len(hours) == 24
    assert min(hours.values()) > 60
    assert max(hours.values()) < 140


def test_each_has_its_time_of_day_and_no_two_looks_within_six_hours() -> None:
    for one in IDS[:200]:
        slot = _next_slot(one, NOW)
        assert NOW + 6 * HOUR < slot <= NOW + DAY + 6 * HOUR
        late = slot + timedelta(minutes=3)
        assert abs(_next_slot(one, late) - slot - DAY) < timedelta(milliseconds=1)
