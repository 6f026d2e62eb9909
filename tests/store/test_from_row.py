from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import pytest

from byoip.store import statements
from byoip.store.statements import from_row


@dataclass(frozen=True, slots=True)
class Made:
    number: int
    name: str


class Row(NamedTuple):
    number: int
    name: str
    more: str


def test_what_is_given_wins_and_the_rest_is_the_rows() -> None:
    row = Row(1, "one", "ignored")
    assert from_row(Made, row) == Made(1, "one")
    assert from_row(Made, row, name="other") == Made(1, "other")
    assert from_row(Made, row) == Made(1, "one")


def test_of_a_thousand_rows_the_fields_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    def counted(kind: Any) -> Any:
        nonlocal looked
        looked += 1
        return fields(kind)

    monkeypatch.setattr("byoip.store.statements.fields", counted)
    statements._fields_but.cache_clear()
    made = [from_row(Made, Row(number, "", ""), name="same") for number in range(1000)]
    assert [one.number for one in made] == list(range(1000))
    assert looked == 1
