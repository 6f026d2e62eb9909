from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from byoip.domain.bindings.edge import (
    ChangeNotMadeYet,
    Edge,
    InvalidEdgeName,
    agreed,
    edge_name,
    lacking,
    no_edge_counts,
)
from tests.domain.samples import NOW


def edge(name: str, acknowledged: int, *, drained: bool = False, joining: bool = False) -> Edge:
    joins_at = acknowledged + 1 if joining else 0
    return Edge(uuid4(), name, NOW, acknowledged, joins_at, not joining, drained, NOW)


@pytest.mark.parametrize("text", ["fra1", "a", "pop-7.fra.example", "x" * 63, "a_b"])
def test_a_name_of_an_edge_is_read(text: str) -> None:
    assert edge_name(text) == text


@pytest.mark.parametrize("text", ["", "Fra1", "-a", "a-", "a b", "x" * 64, "fra\n", "é", "a/b"])
def test_what_is_no_name_of_an_edge_is_refused(text: str) -> None:
    with pytest.raises(InvalidEdgeName):
        edge_name(text)


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        pytest.param([], 9, id="none-at-all"),
        pytest.param([edge("a", 5)], 5, id="the-only-one"),
        pytest.param([edge("a", 5), edge("b", 7)], 5, id="of-two-both"),
        pytest.param([edge("a", 5), edge("b", 7), edge("c", 0)], 5, id="of-three-two"),
        pytest.param(
            [edge(n, k) for n, k in zip("abcd", (1, 2, 3, 4), strict=True)], 2, id="of-4-three"
        ),
        pytest.param([edge("a", 5), edge("b", 1, drained=True)], 1, id="drained-are-registered"),
        pytest.param([edge("a", 5), edge("b", 1, joining=True)], 5, id="joining-do-not-count"),
        pytest.param([edge("b", 1, joining=True)], 9, id="joining-does-not-count"),
        pytest.param([edge("b", 1, drained=True)], 1, id="all-drained"),
    ],
)
def test_what_a_majority_has_acknowledged(edges: list[Edge], expected: int) -> None:
    assert agreed(edges, 9) == expected


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        pytest.param([], [], id="none-at-all"),
        pytest.param([edge("a", 5), edge("b", 4), edge("c", 6)], ["b"], id="every-one-not-most"),
        pytest.param([edge("a", 5), edge("b", 4, drained=True)], [], id="but-not-drained-ones"),
        pytest.param([edge("a", 5), edge("b", 4, joining=True)], [], id="nor-joining-ones"),
        pytest.param([edge("b", 5, drained=True)], ["b"], id="all-drained-no-edge-would-answer"),
    ],
)
def test_announcing_waits_for_every_edge_that_traffic_reaches(
    edges: list[Edge], expected: list[str]
) -> None:
    assert lacking(edges, 5) == expected


def test_an_edge_that_comes_back_while_behind_is_waited_for_again() -> None:
    behind = edge("b", 4, drained=True)
    assert lacking([edge("a", 5), behind], 5) == []
    assert lacking([edge("a", 5), replace(behind, drained=False)], 5) == ["b"]


def test_a_drained_edge_is_an_edge_nothing_takes_effect_at_once() -> None:
    assert no_edge_counts([])
    assert no_edge_counts([edge("a", 1, joining=True)])
    assert not no_edge_counts([edge("a", 1, drained=True)])


def test_an_older_number_is_no_step_back_and_one_that_is_not_made_yet_is_refused() -> None:
    later = NOW + timedelta(minutes=1)
    seven = edge("a", 7)
    again = seven.heard(3, newest=9, now=later)
    assert (again.acknowledged, again.heard_at) == (7, later)
    assert seven.heard(9, newest=9, now=later).acknowledged == 9
    with pytest.raises(ChangeNotMadeYet, match="9"):
        seven.heard(10, newest=9, now=later)


def test_a_new_edge_counts_when_it_has_all_that_was_there_when_it_was_first_heard() -> None:
    new = Edge(uuid4(), "a", NOW)
    half = new.heard(3, newest=5, now=NOW)
    assert not half.counts
    assert not half.heard(4, newest=9, now=NOW).counts
    assert half.heard(5, newest=9, now=NOW).counts  # not the 9 of today, or it might never
    assert new.heard(5, newest=5, now=NOW).counts
    assert new.heard(0, newest=0, now=NOW).counts
