"""Routes, 1.1: a leader whose observers are slow is no leader that hangs: it keeps its lease."""

from dataclasses import replace

import pytest

from tests.announcing import QUICK, Fleet, listener, reconciling, speaker, until

SLOW = 1.6  # seconds; an observer is waited for up to two
HANGS = 0.2  # seconds without progress after which the work counts as hung
LEASE = 0.5


async def test_a_slow_round_of_stages_does_not_cost_the_lease(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = speaker("one"), speaker("two")
    slow = listener(one, two)
    (first,) = await fleet.add("31.0.0.0/24")
    pace = replace(QUICK, stalled_after=HANGS)
    working = reconciling(
        *(fleet, one, two), listeners=[slow], stages=[1, 2], pace=pace, lease=LEASE
    )
    async with working:
        await until(lambda: bool(one.sessions))
        slow.delay = SLOW
        await fleet.announce(first)
        await until(lambda: first in two.paths)
    assert "this process hangs" not in caplog.text
