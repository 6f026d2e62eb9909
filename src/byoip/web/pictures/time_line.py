"""What has become of a prefix, as lanes of bars and marks; from its events alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from byoip.store.claims.views import NumberedEvent

WIDTH: Final = 600  # in the units of the picture
_DAY_WIDTH: Final = 80
_LETTER: Final = 7.5
_BEFORE_LABEL: Final = 16

# What begins a bar, and what ends it; with the member that names what it is about, if there may be
# several at once.
_BARS: Final[Sequence[tuple[str, str, str, frozenset[str], frozenset[str], str]]] = (
    ("proof", "approved", "good", frozenset({"prefix.approved"}),
     frozenset({"prefix.pending", "prefix.closed"}), ""),
    ("service", "bound", "good", frozenset({"binding.created"}),
     frozenset({"binding.removed"}), "binding_id"),
    ("route", "announced", "good", frozenset({"bgp_prefix.announced"}),
     frozenset({"bgp_prefix.withdrawn"}), "cidr"),
    ("watch", "frozen", "bad", frozenset({"prefix.frozen"}), frozenset({"prefix.unfrozen"}), ""),
    ("watch", "drifted", "wait", frozenset({"rpki.drifted"}), frozenset({"rpki.recovered"}), ""),
)  # fmt: skip
_MARKS: Final[Mapping[str, tuple[str, str, str]]] = {
    "prefix.created": ("proof", "brought", "plain"),
    "prefix.reopened": ("proof", "brought back", "plain"),
    "validation.finished": ("proof", "checked", "plain"),
    "proof.renewed": ("proof", "proven anew", "good"),
    "binding.swapped": ("service", "swapped", "plain"),
    "bgp_prefix.absent": ("route", "not seen", "wait"),
    "bgp_prefix.still_seen": ("route", "still seen", "wait"),
    "bgp_prefix.lost": ("route", "lost", "bad"),
    "bgp_prefix.seen_again": ("route", "seen again", "good"),
    "prefix.offboarding": ("route", "on its way out", "wait"),
    "aspa.excludes_operator": ("watch", "ASPA without us", "bad"),
    "aspa.recovered": ("watch", "ASPA lists us", "good"),
    "watch.raised": ("watch", "level rises", "wait"),
    "watch.recovered": ("watch", "as it was", "good"),
    "proof.expiring": ("watch", "proof ends soon", "wait"),
}
LANES: Final = ("proof", "service", "route", "watch")


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that was so for a time; from x on, in the units of the picture."""

    lane: int
    x: float
    width: float
    said: str
    title: str
    tone: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened; the label is empty where the next step is too near."""

    lane: int
    x: float
    label: str
    title: str
    tone: str


@dataclass(frozen=True, slots=True)
class TimeLine:
    """Steps of one width, one for each event that is drawn: minutes and months stand side by side.

    Attributes:
        lanes: those in which there is something, by name.
        days: where a day begins, and which.
    """

    lanes: Sequence[str]
    bars: Sequence[Bar]
    marks: Sequence[Mark]
    days: Sequence[tuple[float, str]]


def time_line(
    events: Sequence[NumberedEvent], so_now: Mapping[str, bool], *, seen: bool | None = None
) -> TimeLine | None:
    """Of the newest events, the oldest first; None: there is nothing to draw.

    Args:
        events: those that are known; there may have been others before.
        so_now: which bars last still, by what they say. One that began before the events does so
            at the left edge.
        seen: whether what is announced is seen now, which no event says; None: nobody has looked.
    """
    begins_or_ends = {kind for *_, begin, end, _ in _BARS for kind in begin | end}
    drawn = [one for one in events if one.kind in begins_or_ends or one.kind in _MARKS]
    if not drawn:
        return None
    step = WIDTH / (len(drawn) + 1)
    at = {one.number: (place + 0.5) * step for place, one in enumerate(drawn)}
    bars, marks = _bars(drawn, at, so_now), [*_marks(drawn, at, step), *_now(step, seen=seen)]
    used = sorted({one.lane for one in bars} | {one.lane for one in marks})
    return TimeLine(
        [LANES[one] for one in used],
        [replace(one, lane=used.index(one.lane)) for one in bars],
        [replace(one, lane=used.index(one.lane)) for one in marks],
        _days(drawn, at, step),
    )


def _bars(
    drawn: Sequence[NumberedEvent], at: Mapping[int, float], so_now: Mapping[str, bool]
) -> Sequence[Bar]:
    made: list[Bar] = []
    for lane, said, tone, begin, end, which in _BARS:
        place, found = LANES.index(lane), len(made)
        began: tuple[float, datetime | None] = (0.0, None)  # before the events
        lasting: set[str] = set()
        for one in drawn:
            about = str({**one.before, **one.after}.get(which, "")) if which else ""
            if one.kind in begin:
                began = began if lasting else (at[one.number], one.at)
                lasting.add(about)
            elif one.kind in end and (about in lasting or (not lasting and len(made) == found)):
                lasting.discard(about)
                if not lasting:
                    made.append(_bar(place, said, tone, began, at[one.number], one.at))
        if lasting or (so_now.get(said) and len(made) == found):
            made.append(_bar(place, said, tone, began, WIDTH, None))
    return made


def _bar(
    lane: int,
    said: str,
    tone: str,
    began: tuple[float, datetime | None],
    x: float,
    until: datetime | None,
) -> Bar:
    since = "since before" if began[1] is None else f"from {began[1]:%Y-%m-%d %H:%M} UTC"
    to = "until now" if until is None else f"until {until:%Y-%m-%d %H:%M} UTC"
    return Bar(lane, began[0], max(3.0, x - began[0]), said, f"{said}, {since} {to}", tone)


def _marks(drawn: Sequence[NumberedEvent], at: Mapping[int, float], step: float) -> Sequence[Mark]:
    made = []
    for one in drawn:
        if one.kind not in _MARKS:
            continue
        lane, said, tone = _MARKS[one.kind]
        if one.kind == "validation.finished":
            result = str(one.after.get("result", ""))
            tone = {"approved": "good", "passed": "good", "failed": "bad"}.get(result, "wait")
            said = f"{said}: {result}" if result else said
        title = f"{said}, {one.at:%Y-%m-%d %H:%M} UTC"
        fits = len(said) * _LETTER + _BEFORE_LABEL <= step
        place = LANES.index(lane), at[one.number]
        made.append(Mark(*place, said if fits else "", title, tone))
    return made


def _now(step: float, *, seen: bool | None) -> Sequence[Mark]:
    """At the right edge, behind all events."""
    if seen is None:
        return ()
    said, tone = ("seen", "good") if seen else ("not seen", "wait")
    label = said if len(said) * _LETTER + _BEFORE_LABEL <= step else ""
    return (Mark(LANES.index("route"), WIDTH - step, label, f"{said} now", tone),)


def _days(
    drawn: Sequence[NumberedEvent], at: Mapping[int, float], step: float
) -> Sequence[tuple[float, str]]:
    made: list[tuple[float, str]] = []
    before = ""
    for one in drawn:
        day = f"{one.at:%Y-%m-%d}"
        if day != before and (not made or at[one.number] - made[-1][0] > _DAY_WIDTH):
            made.append((at[one.number] - step / 2, day))
        before = day
    return made
