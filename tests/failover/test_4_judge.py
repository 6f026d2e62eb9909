"""Failover 4: the judge over a router's log, also where a speaker was removed."""

from datetime import datetime, timedelta

import pytest

from byoip.domain.prefix import Prefix
from tests.failover.wishes import Wish, Wishes
from tests.real.bird_router import Change

_START = datetime(2026, 11, 28, 12)  # noqa: DTZ001 - as the router writes it down
_ROUTE = Prefix.parse("20.0.0.0/24")


def at(second: float) -> datetime:
    return _START + timedelta(seconds=second)


def wanted(*wishes: tuple[float, float | None, bool]) -> Wishes:
    """From when on it is asked for, when that is acknowledged, and whether up."""
    made = Wishes()
    for began, ended, up in wishes:
        made.of[_ROUTE].append(Wish(up, at(began), None if ended is None else at(ended)))
    return made


def logged(*seen: tuple[float, str, str]) -> list[Change]:
    return [Change(at(second), speaker, what, _ROUTE) for second, speaker, what in seen]


UP, GONE = (0, 1, True), (10, 11, False)


@pytest.mark.parametrize(
    ("wishes", "seen", "odd"),
    [
        ([UP, GONE], [(1, "one", "added"), (12, "one", "removed")], 0),
        ([UP, GONE], [(1, "one", "added"), (1, "two", "added"), (12, "one", "removed")], 0),
        ([UP], [(1, "one", "added"), (5, "one", "removed")], 1),
        ([UP], [(1, "one", "added"), (1, "two", "added"), (5, "two", "removed")], 1),
        ([UP, GONE], [(1, "one", "added"), (12, "one", "removed"), (13, "one", "added")], 1),
        ([UP, GONE], [(1, "one", "added"), (2, "one", "added"), (3, "one", "ignored")], 0),
        ([], [(1, "one", "added")], 1),
        ([GONE], [(12, "one", "added")], 1),
        ([UP, (2, 3, False)], [(4, "one", "added"), (5, "one", "removed")], 0),
        ([UP, (2, 3, False)], [(60, "one", "added")], 1),
        ([UP, (2, None, False)], [(60, "one", "added")], 0),
        ([UP, GONE], [(1, "one", "added"), (10.2, "one", "removed"), (10.5, "one", "added")], 0),
    ],
    ids=[
        "as asked for",
        "one speaker is later than the other",
        "lost while wanted",
        "lost at one of two speakers",
        "announced again by itself",
        "another path is no coming",
        "no owner asked",
        "not wanted yet",
        "overtaken, and carried out late",
        "carried out much too late",
        "a withdrawal that is not acknowledged",
        "both are lawful until it is acknowledged",
    ],
)
def test_what_no_owner_asked_for(
    wishes: list[tuple[float, float | None, bool]], seen: list[tuple[float, str, str]], odd: int
) -> None:
    assert len(wanted(*wishes).unasked(logged(*seen))) == odd


@pytest.mark.parametrize(
    ("second", "odd"), [(20, 0), (40, 1), (60, 0)], ids=["before", "removed", "stopped"]
)
def test_what_a_removed_speaker_holds_has_to_stay_until_it_is_stopped(
    second: float, odd: int
) -> None:
    wishes = wanted(UP, GONE)
    wishes.removed["two"] = (at(30), at(50))
    assert len(wishes.unasked(logged((1, "two", "added"), (second, "two", "removed")))) == odd
