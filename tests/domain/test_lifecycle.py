import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from byoip.domain.claims.lifecycle import (
    MOVES,
    STANDINGS,
    Move,
    NotInThisState,
    Standing,
    State,
    next_standing,
    next_state,
    state_diagram,
)

CONCEPTS = Path(__file__).parents[2] / "docs" / "concepts.md"


def test_both_tables_are_total() -> None:
    assert set(MOVES) == set(State)
    assert set(STANDINGS) == set(Standing)


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", State)
def test_a_state_moves_as_the_table_says_or_not_at_all(state: State, move: Move) -> None:
    if move in MOVES[state]:
        assert next_state(state, move) is MOVES[state][move]
    else:
        with pytest.raises(NotInThisState, match=state.value):
            next_state(state, move)


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("standing", Standing)
def test_a_standing_moves_as_the_table_says_or_not_at_all(standing: Standing, move: Move) -> None:
    if move in STANDINGS[standing]:
        assert next_standing(standing, move) is STANDINGS[standing][move]
    else:
        with pytest.raises(NotInThisState, match=standing.value):
            next_standing(standing, move)


def test_only_proof_or_the_operators_word_approves() -> None:
    ways = {
        (state, move) for state in State for move, to in MOVES[state].items() if to == "approved"
    }

    assert ways == {
        (State.PENDING, Move.ALL_CHECKS_PASSED),
        (State.PENDING, Move.APPROVED_BY_OPERATOR),
    }


def test_nobody_elses_proof_lifts_a_suspension() -> None:
    assert next_standing(Standing.SUSPENDED, Move.CONTESTED) is Standing.SUSPENDED


def test_an_approval_does_not_expire() -> None:
    assert Move.UNPROVEN not in MOVES[State.APPROVED]


def test_closed_is_the_end() -> None:
    assert not MOVES[State.CLOSED]


def test_every_state_is_reached() -> None:
    reached: set[State] = {State.PENDING}
    for _ in State:
        reached |= {after for state in reached for after in MOVES[state].values()}

    assert reached == set(State)


def test_a_contest_stays_until_someone_ends_it() -> None:
    assert next_standing(Standing.CONTESTED, Move.CONTESTED) is Standing.CONTESTED


@pytest.mark.parametrize("table", [MOVES, STANDINGS], ids=["states", "standings"])
def test_the_tables_cannot_be_written_to(table: Mapping[State, object]) -> None:
    with pytest.raises(TypeError):
        table[State.CLOSED] = {}  # type: ignore[index] # the point


def test_the_drawing_has_an_arrow_for_every_move() -> None:
    arrows = re.findall(r"(\w+) --> (\w+): (\w+)", state_diagram())

    tabled = [
        (before, after, move)
        for table in (MOVES, STANDINGS)
        for before, moves in table.items()
        for move, after in moves.items()
    ]
    assert sorted(arrows) == sorted((b.value, a.value, m.value) for b, a, m in tabled)


def test_the_drawing_in_the_docs_is_the_one_drawn_from_the_tables() -> None:
    assert f"```mermaid\n{state_diagram()}\n```" in CONCEPTS.read_text(encoding="utf-8")
