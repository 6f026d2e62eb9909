import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from byoip.domain.claims.lifecycle import (
    STANDING_TRANSITIONS,
    STATE_TRANSITIONS,
    IllegalTransition,
    Standing,
    State,
    Transition,
    next_standing,
    next_state,
    state_diagram,
)

CONCEPTS = Path(__file__).parents[2] / "docs" / "concepts.md"


def test_both_tables_are_total() -> None:
    assert set(STATE_TRANSITIONS) == set(State)
    assert set(STANDING_TRANSITIONS) == set(Standing)


@pytest.mark.parametrize("move", Transition)
@pytest.mark.parametrize("state", State)
def test_a_state_moves_as_the_table_says_or_not_at_all(state: State, move: Transition) -> None:
    if move in STATE_TRANSITIONS[state]:
        assert next_state(state, move) is STATE_TRANSITIONS[state][move]
    else:
        with pytest.raises(IllegalTransition, match=state.value):
            next_state(state, move)


@pytest.mark.parametrize("move", Transition)
@pytest.mark.parametrize("standing", Standing)
def test_a_standing_moves_as_the_table_says_or_not_at_all(
    standing: Standing, move: Transition
) -> None:
    if move in STANDING_TRANSITIONS[standing]:
        assert next_standing(standing, move) is STANDING_TRANSITIONS[standing][move]
    else:
        with pytest.raises(IllegalTransition, match=standing.value):
            next_standing(standing, move)


def test_only_proof_or_the_operators_word_approves() -> None:
    ways = {
        (state, move)
        for state in State
        for move, to in STATE_TRANSITIONS[state].items()
        if to == "approved"
    }

    assert ways == {
        (State.PENDING, Transition.ALL_CHECKS_PASSED),
        (State.PENDING, Transition.APPROVED_BY_OPERATOR),
    }


def test_no_other_accounts_proof_lifts_a_suspension() -> None:
    assert next_standing(Standing.SUSPENDED, Transition.CONTESTED) is Standing.SUSPENDED


def test_an_approval_does_not_expire() -> None:
    assert Transition.UNPROVEN not in STATE_TRANSITIONS[State.APPROVED]


def test_from_closed_only_its_owner_comes_back_and_proves_it_anew() -> None:
    assert STATE_TRANSITIONS[State.CLOSED] == {Transition.REOPENED: State.PENDING}


def test_every_state_is_reached() -> None:
    reached: set[State] = {State.PENDING}
    for _ in State:
        reached |= {after for state in reached for after in STATE_TRANSITIONS[state].values()}

    assert reached == set(State)


def test_a_contest_stays_until_someone_ends_it() -> None:
    assert next_standing(Standing.CONTESTED, Transition.CONTESTED) is Standing.CONTESTED


@pytest.mark.parametrize(
    "table", [STATE_TRANSITIONS, STANDING_TRANSITIONS], ids=["states", "standings"]
)
def test_the_tables_cannot_be_written_to(table: Mapping[State, object]) -> None:
    with pytest.raises(TypeError):
        table[State.CLOSED] = {}  # type: ignore[index] # the point


def test_the_drawing_has_an_arrow_for_every_move() -> None:
    arrows = re.findall(r"(\w+) --> (\w+): (\w+)", state_diagram())

    tabled = [
        (before, after, move)
        for table in (STATE_TRANSITIONS, STANDING_TRANSITIONS)
        for before, moves in table.items()
        for move, after in moves.items()
    ]
    assert sorted(arrows) == sorted((b.value, a.value, m.value) for b, a, m in tabled)


def test_the_drawing_in_the_docs_is_the_one_drawn_from_the_tables() -> None:
    assert f"```mermaid\n{state_diagram()}\n```" in CONCEPTS.read_text(encoding="utf-8")
