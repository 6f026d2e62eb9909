"""Who holds a prefix by statistics: what says it, and what says nothing."""

import pytest

from byoip.domain.checks.registry import Allocation
from byoip.domain.prefix import Prefix
from byoip.domain.watch.holding import holding_of, in_words, translated

PREFIX = Prefix.parse("31.0.0.0/23")
WHOLE = ("31.0.0.0/23", "ripencc", "allocated", "A")
HALVES = [("31.0.0.0/24", "ripencc", "assigned", "A"), ("31.0.1.0/24", "ripencc", "allocated", "A")]


def rows(*listed: tuple[str, str, str, str]) -> list[Allocation]:
    return [
        Allocation(Prefix.parse(cidr), registry, status, holder)
        for cidr, registry, status, holder in listed
    ]


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ([WHOLE], "A at ripencc"),
        ([("31.0.0.0/8", "ripencc", "allocated", "A")], "A at ripencc"),
        (HALVES, "A at ripencc"),
        ([("31.0.0.0/23", "ripencc", "available", "")], "available at ripencc"),
        ([("31.0.0.0/23", "ripencc", "reserved", "A")], "reserved at ripencc"),
        ([("31.0.0.0/23", "lacnic", "allocated", "")], "a holder without an id at lacnic"),
        (
            [HALVES[0], ("31.0.1.0/24", "apnic", "allocated", "B")],
            "B at apnic, A at ripencc",
        ),
    ],
)
def test_it_is_held(listed: list[tuple[str, str, str, str]], words: str) -> None:
    held = holding_of(PREFIX, rows(*listed, ("31.0.2.0/24", "ripencc", "allocated", "other")))
    assert not isinstance(held, str)
    assert in_words(held) == words


@pytest.mark.parametrize(
    "listed",
    [
        [],
        HALVES[:1],
        HALVES[1:],
        [WHOLE, ("31.0.0.0/23", "apnic", "allocated", "B")],  # while it moves
        [WHOLE, ("31.0.1.0/24", "apnic", "allocated", "B")],
        [WHOLE, ("31.0.1.0/24", "ripencc", "available", "")],
    ],
)
def test_what_is_left_out_or_listed_twice_says_nothing(
    listed: list[tuple[str, str, str, str]],
) -> None:
    assert isinstance(holding_of(PREFIX, rows(*listed)), str)


def test_without_statistics_nothing_is_said() -> None:
    assert isinstance(holding_of(PREFIX, None), str)


def test_new_ids_are_those_of_their_registry() -> None:
    held = holding_of(PREFIX, rows(HALVES[0], ("31.0.1.0/24", "apnic", "allocated", "A")))
    assert not isinstance(held, str)
    anew = translated(held, "apnic", {"A": "a"})
    assert in_words(anew) == "a at apnic, A at ripencc"
