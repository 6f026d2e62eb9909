"""How many entries of ROA data each trust anchor had over time, a lane for each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from byoip.store.accounts.operator_views import RoaCounts

WIDTH: Final = 600  # in the units of the picture
HEIGHT: Final = 44  # of a lane
MOST: Final = 16  # trust anchors; there are five
_TIMES: Final = 6  # that are named below
_LONG_DAY: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Dot:
    """What was refused, and would have been the count of this anchor."""

    x: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One trust anchor: of its highest count the line is at the top, of none at the bottom.

    Attributes:
        line, area: points of the picture: the count in use, and all below it.
        best: the highest count, refused ones too.
        newest: the last one in use; None: none was.
        fewest: the lowest in use.
    """

    name: str
    line: str
    area: str
    dots: Sequence[Dot]
    best: int
    newest: int | None
    fewest: int


@dataclass(frozen=True, slots=True)
class AnchorCounts:
    """The picture.

    Attributes:
        times: where a time is named below, and which.
    """

    lanes: Sequence[Lane]
    times: Sequence[tuple[float, str]]


def anchor_counts(
    found: Sequence[RoaCounts], since: datetime, until: datetime
) -> AnchorCounts | None:
    """Of steps of time, the oldest first; None: there is nothing to draw.

    Args:
        found: steps in which ROA data was taken, or tried.
        since: the left edge.
        until: the right edge: what was used last counts until then.
    """
    names = sorted({name for one in found for name in (*one.counts, *one.refused)})[:MOST]
    if not names:
        return None
    span = (until - since) / WIDTH
    at = {one.at: max(0.0, min((one.at - since) / span, WIDTH)) for one in found}
    return AnchorCounts(
        [_lane(place, name, found, at) for place, name in enumerate(names)],
        _times(since, until),
    )


def _lane(place: int, name: str, found: Sequence[RoaCounts], at: Mapping[datetime, float]) -> Lane:
    used = [(at[one.at], one.counts.get(name, 0)) for one in found if one.counts]
    refused = [(one.at, one.refused.get(name, 0)) for one in found if one.refused]
    best = max((many for _, many in (*used, *refused)), default=0)
    bottom = (place + 1) * HEIGHT - 6

    def y(many: int) -> float:
        return round(bottom - (many / best if best else 0) * (HEIGHT - 14), 1)

    line, area = _steps([(x, y(many)) for x, many in used], bottom)
    dots = [
        Dot(round(at[when], 1), y(many), f"refused with {many:,}, {when:%Y-%m-%d %H:%M} UTC")
        for when, many in refused
    ]
    newest = used[-1][1] if used else None
    return Lane(name, line, area, dots, best, newest, min((many for _, many in used), default=0))


def _steps(points: Sequence[tuple[float, float]], bottom: float) -> tuple[str, str]:
    """What was used counts until the next one is: so the line goes in steps."""
    if not points:
        return "", ""
    ended = [*points, (float(WIDTH), points[-1][1])]
    corners = [points[0]]
    for (_, before), (x, after) in pairwise(ended):
        corners += [(x, before)] if after == before else [(x, before), (x, after)]
    line = " ".join(f"{x:.1f},{y}" for x, y in corners)
    return line, f"{points[0][0]:.1f},{bottom} {line} {WIDTH}.0,{bottom}"


def _times(since: datetime, until: datetime) -> Sequence[tuple[float, str]]:
    form = "%H:%M" if until - since < _LONG_DAY else "%m-%d"
    each = (until - since) / _TIMES
    return [
        (round(place * WIDTH / _TIMES, 1), f"{since + place * each:{form}}")
        for place in range(_TIMES)
    ]
