"""What a snapshot of ROA data says of a watched prefix, whose origin it is judged with. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from byoip.domain.checks.evidence import Failed, Outcome, Passed, Reason
from byoip.domain.watch.levels import NOT_RENEWED, NOT_RENEWED_FOR, Level, Signal
from byoip.domain.watch.watch import Watch

_ENDING: Final = "ending"  # a row of its own: the time of a ROA that is gone begins when it is gone


def hear_roas(
    watch: Watch, said: Outcome, at: datetime, *, until: datetime | None, unbroken: bool
) -> Watch:
    """One more snapshot.

    Args:
        watch: of `roa` or `roa_invalid`.
        said: whether the prefix is valid.
        at: when the snapshot was built.
        until: when the last ROA that makes it valid ends; None: that is not known.
        unbroken: whether the one before it was heard.
    """
    match said:
        case Failed(reason, seen) if watch.signal is Signal.ROA or reason is not Reason.ROA_MISSING:
            return watch.bad(at, seen, unbroken=unbroken)
        case Passed(seen) if watch.signal is Signal.ROA and _ends_soon(until, at):
            told = f"{seen} The last of these ends at {until:%Y-%m-%dT%H:%M:%SZ}, not renewed yet."
            return _ending(watch, watch.bad(at, told, found=_ENDING, unbroken=unbroken))
        case Failed() | Passed():
            return watch.good(at, said.seen)
        case _:
            return watch.silent(at, said.seen)


def ends_only(watch: Watch) -> bool:
    """Whether it fails by that alone: it is valid still."""
    return watch.found == _ENDING


def _ending(before: Watch, watch: Watch) -> Watch:
    """A warning at most, for it is valid still, however often it is renewed late."""
    began, until = watch.failing_since, watch.failing_until
    lasts = began is not None and until is not None and until - began >= NOT_RENEWED_FOR
    level = before.level if before.found == _ENDING else Level.NONE
    return replace(watch, level=Level.WARN if lasts else level)


def _ends_soon(until: datetime | None, at: datetime) -> bool:
    return until is not None and until - at < NOT_RENEWED
