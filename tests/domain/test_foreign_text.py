from hypothesis import given
from hypothesis import strategies as st

from byoip.domain.foreign_text import LONGEST_SHOWN, enumerated, listed, shown


@given(st.text())
def test_whatever_came_in_what_goes_out_is_short_printable_ascii(text: str) -> None:
    out = shown(text)

    assert len(out) <= LONGEST_SHOWN
    assert out.isascii()
    assert out.isprintable()


def test_plain_text_is_shown_as_it_is() -> None:
    assert shown("MNT-EXAMPLE, it's") == "MNT-EXAMPLE, it's"


def test_escapes_stand_for_what_must_not_be_shown() -> None:
    assert shown("a\0\x1b[2J\u202e") == "a\\x00\\x1b[2J\\u202e"


def test_long_text_is_cut_and_says_so() -> None:
    assert shown("x" * 200) == "x" * (LONGEST_SHOWN - 3) + "..."


def test_a_list_names_each_once_and_counts_what_it_leaves_out() -> None:
    assert listed(["b", "a", "b"]) == "b, a"
    assert listed(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
    assert listed([]) == ""


def test_sentences_of_our_own_are_not_cut() -> None:
    assert enumerated(["x" * 200]) == "x" * 200
