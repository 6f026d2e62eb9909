"""How far a signal comes: rows of answers, and the level that they make."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from byoip.domain.watch.effects import Act, Stage, stops, table_of_effects
from byoip.domain.watch.holding import rekeyed, translation
from byoip.domain.watch.levels import LADDERS, Level, Signal, table_of_levels
from byoip.domain.watch.rises import allowed
from byoip.domain.watch.watch import Watch

START = datetime(2026, 11, 1, tzinfo=UTC)
CONCEPTS = Path(__file__).parents[2] / "docs" / "concepts.md"


def heard(signal: Signal, said: str, *, every: float) -> Watch:
    """A row of answers, so many hours apart: + yes, - no, ? none, a blank is no look at all."""
    watch = Watch(signal)
    for place, one in enumerate(said):
        at = START + timedelta(hours=place * every)
        if one == "+":
            watch = watch.good(at)
        elif one == "-":
            watch = watch.bad(at, "no")
        elif one == "?":
            watch = watch.silent(at, "time-out")
    return watch


@pytest.mark.parametrize(
    ("signal", "every", "said", "level"),
    [
        (Signal.ROA, 1, "+" + "-" * 3, Level.NONE),
        (Signal.ROA, 1, "+" + "-" * 7, Level.WARN),
        (Signal.ROA, 1, "+" + "-" * 168, Level.WARN),
        (Signal.ROA, 1, "+" + "-" * 169, Level.FREEZE),
        (Signal.ROA, 1, "-" * 169 + "+", Level.NONE),
        (Signal.ROA_INVALID, 1, "+-", Level.WARN),
        (Signal.ROA_INVALID, 1, "+" + "-" * 24, Level.WARN),
        (Signal.ROA_INVALID, 1, "+" + "-" * 25, Level.FREEZE),
        (Signal.ROUTE_OBJECT, 24, "+-", Level.NONE),
        (Signal.ROUTE_OBJECT, 24, "+--", Level.NOTICE),
        (Signal.ROUTE_OBJECT, 24, "+" + "-" * 8, Level.WARN),
        (Signal.ROUTE_OBJECT, 24, "+" + "-" * 100, Level.WARN),
        (Signal.REVERSE_ZONE, 24, "+" + "-" * 7, Level.NOTICE),
        (Signal.REVERSE_ZONE, 24, "+" + "-" * 8, Level.FREEZE),
        (Signal.ZONE_SERVERS, 24, "+" + "-" * 100, Level.NOTICE),
        (Signal.HOLDER, 24, "+-", Level.NOTICE),
        (Signal.HOLDER, 24, "+--", Level.FREEZE),
        # Silence confirms nothing: neither a week without a look nor questions without answers.
        (Signal.ROA, 1, "+---" + " " * 168 + "---", Level.NONE),
        (Signal.ROA_INVALID, 1, "+-" + "?" * 30 + "-", Level.WARN),
        (Signal.REVERSE_ZONE, 24, "+-      -", Level.NONE),
        (Signal.REVERSE_ZONE, 24, "+-------?-", Level.NOTICE),
        (Signal.HOLDER, 24, "+-     -", Level.NOTICE),
        (Signal.REVERSE_ZONE, 12, "+" + "-" * 14 + "???--", Level.NOTICE),
        # Nor does the silence of one look wipe what was counted: the gap decides.
        (Signal.REVERSE_ZONE, 12, "+" + "-" * 12 + "?-", Level.NOTICE),
        (Signal.REVERSE_ZONE, 12, "+" + "-" * 12 + "?--", Level.FREEZE),
        # Unanswered never moves a level, down neither.
        (Signal.REVERSE_ZONE, 24, "+" + "-" * 8 + "???", Level.FREEZE),
        (Signal.REVERSE_ZONE, 24, "+" + "-" * 8 + "?-", Level.FREEZE),
    ],
)
def test_the_level_of_a_row_of_answers(
    signal: Signal, every: float, said: str, level: Level
) -> None:
    assert heard(signal, said, every=every).level is level


@pytest.mark.parametrize("signal", Signal)
def test_unanswered_alone_raises_nothing(signal: Signal) -> None:
    assert heard(signal, "?" * 400, every=1).level is Level.NONE


def test_another_finding_begins_anew() -> None:
    watch = Watch(Signal.HOLDER).bad(START, "sold to B", found="B")
    other = watch.bad(START + timedelta(days=1), "sold to C", found="C")
    assert (watch.level, other.level) == (Level.NOTICE, Level.NOTICE)
    assert other.bad(START + timedelta(days=2), "C", found="C").level is Level.FREEZE


def test_a_missed_answer_begins_anew() -> None:
    watch = Watch(Signal.ROA_INVALID)
    for hour in range(48):
        at = START + timedelta(hours=hour)
        watch = watch.bad(at, "no", unbroken=hour % 20 != 19)
    assert watch.level is Level.WARN


def test_every_signal_has_a_ladder_that_only_rises() -> None:
    assert set(LADDERS) == set(Signal)
    for one in LADDERS.values():
        steps = [step for step in (one.notice, one.warn, one.freeze) if step is not None]
        assert steps == sorted(steps)
        assert one.longest_gap is None or one.longest_gap > timedelta(0)


def test_the_docs_have_the_table() -> None:
    assert table_of_levels() in CONCEPTS.read_text(encoding="utf-8")


def test_the_docs_draw_what_each_level_stops() -> None:
    assert table_of_effects() in CONCEPTS.read_text(encoding="utf-8")


@pytest.mark.parametrize("act", Act)
def test_a_higher_level_stops_no_less_and_none_takes_anything_down(act: Act) -> None:
    for signal in Signal:
        each = [stops(stage, act, {signal}) for stage in Stage]
        assert each == sorted(each)
        assert not any(each) or act is not Act.KEEP
        assert not stops(Stage.DISPUTE, act, ())


def test_a_day_may_bring_some_of_a_registry() -> None:
    assert [allowed(many) for many in (0, 100, 250, 300, 10_000)] == [5, 5, 5, 6, 200]


def test_a_registry_numbers_anew_where_many_rows_change_nothing_else() -> None:
    assert rekeyed(changed=20, same=0)
    assert rekeyed(changed=101, same=9_900)
    assert not rekeyed(changed=19, same=0)
    assert not rekeyed(changed=50, same=9_950)


@pytest.mark.parametrize(
    ("rows", "ids"),
    [
        ({("A", "a"): 3, ("B", "b"): 1}, {"A": "a", "B": "b"}),
        # One row of A was sold to B on that day: A and B are who they were.
        ({("A", "a"): 2, ("A", "b"): 1, ("B", "b"): 3}, {"A": "a", "B": "b"}),
        ({("A", "a"): 1, ("A", "b"): 1, ("B", "b"): 1}, {"A": "a", "B": "b"}),
        # All that A had was sold to B: A is nobody's id.
        ({("A", "b"): 1, ("B", "b"): 3}, {"B": "b"}),
        # As likely one as the other: neither.
        ({("A", "b"): 1, ("B", "b"): 1}, {}),
    ],
)
def test_old_ids_and_new_ones(rows: dict[tuple[str, str], int], ids: dict[str, str]) -> None:
    assert translation(rows) == ids
