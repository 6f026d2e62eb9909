"""When a new set of validated ROA payloads may replace the last good one.

A relying party can end well and still know almost nothing: with a wrong trust anchor key, or none
reachable, it writes an empty list and exits with 0. Believing that would call every route unknown.
So the content is judged, and a set that looks wrong never replaces one that looked right.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

# Older data is not judged by; the age at which RTR caches give up as well (StayRTR's default).
STALE_AFTER = timedelta(hours=24)

# How far back the best count of an anchor is looked for: a loss in small steps is a loss, too.
MEASURED_FOR = timedelta(days=7)

# Clocks differ; a build time further ahead would also hide for how long nothing new has come.
FURTHEST_AHEAD = timedelta(minutes=5)


# One holder may publish a hundred thousand ROAs for an hour. As it takes them back, that is no loss
# of the anchor, and must not have all that comes after it refused for a week.
MOST_OF_A_BLOCK = 256


class Gate(StrEnum):
    """What a snapshot must pass before it counts."""

    EXPORT = "export"  # the relying party ran to its end and wrote something new
    FORMAT = "format"  # every entry can be read
    BUILD_TIME = "build_time"  # newer than the last accepted, not from the future
    ANCHOR = "anchor"  # every configured trust anchor is there, and has not collapsed
    FLOOR = "floor"  # enough entries in all


@dataclass(frozen=True, slots=True)
class Objection:
    """One gate that a snapshot did not pass, with the facts; of an anchor, which one."""

    gate: Gate
    detail: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """How strict the gates are.

    Attributes:
        floor: fewest entries of all configured trust anchors together.
        share: part of its best count (`best_counts`) that every configured anchor must reach,
            0 to 1.
        least_per_anchor: fewest entries of every configured anchor.
        newer: whether the build time must be later than that of the last accepted snapshot.
    """

    floor: int = 500_000
    share: float = 0.5
    least_per_anchor: int = 1
    newer: bool = True


@dataclass(frozen=True, slots=True)
class Tally:
    """A snapshot in numbers.

    Attributes:
        built_at: when the relying party made it; aware.
        counts: entries by trust anchor that had not expired when it was made.
        unreadable: entries that made no sense, and were dropped.
        other_anchors: names in the export that are not configured.
        spread: as `counts`, with `MOST_OF_A_BLOCK` entries at most in each IPv4 /16 and IPv6 /32;
            None: not counted.
    """

    built_at: datetime
    counts: Mapping[str, int]
    unreadable: int = 0
    other_anchors: frozenset[str] = frozenset()
    spread: Mapping[str, int] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Measure:
    """What a new snapshot is measured by.

    Attributes:
        built_at: of the last good one.
        best: by trust anchor, see `best_counts`.
        spread: the same of `Tally.spread`; None: not counted.
    """

    built_at: datetime
    best: Mapping[str, int]
    spread: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class GoodSnapshot:
    """An accepted snapshot.

    Attributes:
        counts: entries by trust anchor.
        settled: anchors whose count was objected to, and accepted by an operator.
    """

    counts: Mapping[str, int]
    settled: Collection[str] = ()


def best_counts(accepted: Iterable[GoodSnapshot]) -> Mapping[str, int]:
    """The highest count of each anchor, or since an operator last accepted that anchor.

    Compared with the last one only, an anchor could lose half again and again.

    Args:
        accepted: of the last seven days and the one in use, oldest first.
    """
    best: dict[str, int] = {}
    for one in accepted:
        for anchor, count in one.counts.items():
            best[anchor] = max(count, best.get(anchor, 0))
        best.update({anchor: one.counts.get(anchor, 0) for anchor in one.settled})
    return best


def judge(
    candidate: Tally,
    measure: Measure | None,
    *,
    anchors: Collection[str],
    policy: GatePolicy,
    now: datetime,
) -> tuple[Objection, ...]:
    """Every reason to refuse the candidate; none means that it may be used.

    Trust anchors that are not configured count for nothing, here and in `measure`.
    """
    return (
        *_about_time(candidate, measure, policy, now),
        *_about_anchors(candidate, measure, anchors, policy),
        *_about_size(candidate, anchors, policy),
    )


def stale(built_at: datetime, now: datetime) -> bool:
    """Whether a snapshot is too old to judge by."""
    return now - built_at > STALE_AFTER


def ahead(built_at: datetime, now: datetime) -> bool:
    """Whether a build time lies further in the future than clocks may differ."""
    return built_at - now > FURTHEST_AHEAD


def _about_time(
    candidate: Tally, measure: Measure | None, policy: GatePolicy, now: datetime
) -> list[Objection]:
    built = candidate.built_at
    objections = []
    if ahead(built, now):
        objections.append(f"built at {built:%Y-%m-%dT%H:%M:%SZ}, which is in the future")
    if policy.newer and measure is not None and built <= measure.built_at:
        objections.append(
            f"built at {built:%Y-%m-%dT%H:%M:%SZ}, not after the last accepted one "
            f"({measure.built_at:%Y-%m-%dT%H:%M:%SZ})"
        )
    return [Objection(Gate.BUILD_TIME, detail) for detail in objections]


def _about_anchors(
    candidate: Tally, measure: Measure | None, anchors: Collection[str], policy: GatePolicy
) -> list[Objection]:
    best = {} if measure is None else measure.best
    spread = candidate.counts if candidate.spread is None else candidate.spread
    best_spread = best if measure is None or measure.spread is None else measure.spread
    found = ", ".join(sorted({*candidate.counts, *candidate.other_anchors})) or "none"
    objections = []
    for anchor in sorted(anchors):
        count, before = candidate.counts.get(anchor, 0), best.get(anchor, 0)
        lost = count < policy.share * before
        of_many = spread.get(anchor, 0) < policy.share * best_spread.get(anchor, 0)
        if count < policy.least_per_anchor or (lost and of_many):
            facts = f"{anchor} has {count} entries, {before} at best in the last seven days"
            detail = f"{facts}; anchors in the export: {found}"
            objections.append(Objection(Gate.ANCHOR, detail, anchor))
    return objections


def _about_size(candidate: Tally, anchors: Collection[str], policy: GatePolicy) -> list[Objection]:
    total = sum(candidate.counts.get(anchor, 0) for anchor in frozenset(anchors))
    if total >= policy.floor:
        return []
    return [Objection(Gate.FLOOR, f"{total} entries, at least {policy.floor} are expected")]
