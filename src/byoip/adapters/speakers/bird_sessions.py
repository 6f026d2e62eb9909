"""What BIRD 2 or 3 says of its BGP sessions, and how long those have been up."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from byoip.adapters.speakers.bird_answers import EXACT, Line, moment
from byoip.adapters.speakers.bird_paths import OddAnswer
from byoip.ports.speakers.speaker import Feed

# one        BGP        ---        up     14:51:26.252  Established
_ESTABLISHED: Final = re.compile(
    r"\S+\s+BGP\s+\S+\s+up\s+(\S+(?: \d\d:\d\d\S*)?)\s+Established\b.*", re.ASCII
)
#     Routes:         2 imported, 0 exported, 2 preferred
_IMPORTED: Final = re.compile(r"\s+Routes:\s+(\d{1,10}) imported,.*", re.ASCII)
_CLOCK: Final = re.compile(r"Current server time is (.+)", re.ASCII)
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)?[ T]?(?:(\d\d:\d\d:\d\d)(?:\.\d+)?)?", re.ASCII)

_PROTOCOLS: Final = "1002"
_DONE: Final = "0000"
_NONE: Final = "8003"
_RUNNING: Final = "0013"
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time as BIRD writes it, by its own clock; its settings say how much of it is shown."""

    date: str | None
    time: str | None

    @classmethod
    def read(cls, text: str) -> "_Moment | None":
        found = _MOMENT.fullmatch(text.strip())
        return cls(found[1], found[2]) if found and (found[1] or found[2]) else None


def read_established(lines: Sequence[Line]) -> list[str]:
    """Since when each established session has been up, in the words of `show protocols`.

    Raises:
        OddAnswer: that is no list of protocols.
    """
    if lines[-1].code == _NONE:
        return []
    if lines[-1].code != _DONE:
        raise OddAnswer(f"no list of protocols: {lines[-1].code} {lines[-1].text:.80}")
    found = (_ESTABLISHED.fullmatch(one.text) for one in lines if one.code == _PROTOCOLS)
    return [one[1] for one in found if one]


def read_feeds(lines: Sequence[Line]) -> dict[str, Feed]:
    """Each established session: since when, and how many routes it has for all its channels.

    Raises:
        OddAnswer: that is no list of protocols.
    """
    if lines[-1].code == _NONE:
        return {}
    if lines[-1].code != _DONE:
        raise OddAnswer(f"no list of protocols: {lines[-1].code} {lines[-1].text:.80}")
    feeds: dict[str, Feed] = {}
    name = ""
    for one in lines:
        if one.code == _PROTOCOLS:
            name = ""
            if found := _ESTABLISHED.fullmatch(one.text):
                name = one.text.split()[0]
                feeds[name] = Feed(found[1], 0)
        elif name and (counted := _IMPORTED.fullmatch(one.text)):
            feeds[name] = replace(feeds[name], routes=feeds[name].routes + int(counted[1]))
    return feeds


def read_clock(lines: Sequence[Line]) -> str:
    """BIRD's own time, in the words of `show status`.

    Raises:
        OddAnswer: it does not say, or is on its way down.
    """
    if lines[-1].code == _RUNNING:
        for line in lines:
            if found := _CLOCK.fullmatch(line.text.strip()):
                return found[1]
    raise OddAnswer(f"no status of a running BIRD: {lines[-1].code} {lines[-1].text:.80}")


def exact(clock: str) -> datetime | None:
    """The same as a moment; None where its settings show less than thousandths, or no date.

    Raises:
        OddAnswer: there is no such time.
    """
    return moment(clock) if re.fullmatch(EXACT, clock, re.ASCII) else None


def age(since: str, clock: str) -> timedelta | None:
    """How long ago that was, to the second; None where the two cannot be compared.

    Usually BIRD shows a time of day, and after a day a date.
    """
    began, now = _Moment.read(since), _Moment.read(clock)
    if began is None or now is None:
        return None
    if began.time is None:
        return _DAY
    if now.time is None:
        return None
    days = [one.date or "2000-01-01" for one in (began, now)]
    if began.date is None or now.date is None:
        days = ["2000-01-01", "2000-01-01"]
    passed = moment(f"{days[1]} {now.time}") - moment(f"{days[0]} {began.time}")
    if began.date and now.date:
        return passed if passed >= timedelta(0) else None
    return passed % _DAY  # of today, or of yesterday evening
