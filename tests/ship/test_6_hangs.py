"""Ship, 6: a process whose event loop has stopped turning ends, and says where it hangs."""

from byoip.cli import stopping
from tests.processes import python_script
from tests.ship.engine import REPOSITORY

LONG = 600
HANGS = """
import asyncio, time
from contextlib import suppress
from byoip.cli import stopping

async def swallows(cancellations):
    for _ in range(cancellations):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(600)
    await asyncio.sleep(600)

async def main(stop):
    print("up", flush=True)
    await asyncio.sleep(2 * stopping._BEAT_SECONDS)
    left = {then}
    await asyncio.sleep(0)  # it begins
    return 0

stopping._BEAT_SECONDS, stopping._STUCK_SECONDS, stopping._END_SECONDS = 0.1, {stuck}, {end}
raise SystemExit(stopping.run_until_stopped(main))
"""


def ended_with(then: str, *, stuck: int = LONG, end: int = LONG) -> int:
    """The status of a process that has these limits, in seconds."""
    with python_script(HANGS.format(then=then, stuck=stuck, end=end)) as (process, line):
        assert line == "up"
        return process.wait(60)


def test_a_loop_that_hangs_ends_the_process() -> None:
    assert ended_with("time.sleep(600)", stuck=1) == 1


def test_a_loop_that_turns_does_not() -> None:
    assert ended_with("await asyncio.sleep(3)", stuck=1) == 0


def test_a_task_that_swallows_a_cancellation_holds_up_no_end() -> None:
    assert ended_with("asyncio.create_task(swallows(1))") == 0


def test_a_thread_that_never_returns_holds_up_no_end() -> None:
    then = "asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)"
    assert ended_with(then, end=1) == 1


def test_it_has_a_minute_as_operators_read_it() -> None:
    manual = " ".join((REPOSITORY / "docs" / "operating.md").read_text().split())
    seconds, beat = stopping._STUCK_SECONDS, stopping._BEAT_SECONDS
    assert f"event loop has not turned for {seconds} seconds prints where it hangs" in manual
    assert seconds == 60
    assert beat < seconds / 4
    assert f"has ended after {stopping._END_SECONDS} in any case" in manual
