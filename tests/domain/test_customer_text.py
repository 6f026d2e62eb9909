import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byoip.domain.customer_text import LONGEST, CustomerText, InvalidText


@given(st.text(max_size=40))
def test_what_is_accepted_is_normal_encodable_and_stays_as_it_is(text: str) -> None:
    try:
        kept = CustomerText.parse(text)
    except InvalidText:
        return
    assert str(kept) == unicodedata.normalize("NFC", text)
    assert CustomerText.parse(str(kept)) == kept
    assert "\0" not in str(kept)
    str(kept).encode()


@pytest.mark.parametrize("text", ["", "Frankfurt, rack 7", "東京", "naïve", "🦔"])
def test_ordinary_text_of_any_script_is_kept(text: str) -> None:
    assert str(CustomerText.parse(text)) == text


def test_it_is_composed() -> None:
    assert str(CustomerText.parse("e\u0301")) == "é"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a\0b", id="nul"),
        pytest.param("a\nb", id="newline"),
        pytest.param("\x1b[2J", id="escape-sequence"),
        pytest.param("\x9b2J", id="c1-control"),
        pytest.param("\ud800", id="lone-surrogate"),
        pytest.param("\u202egnp.exe", id="right-to-left-override"),
        pytest.param("\u2066x", id="isolate"),
        pytest.param("\ue000", id="private-use"),
        pytest.param("\uffff", id="not-a-character"),
    ],
)
def test_what_cannot_be_shown_safely_is_refused_and_not_echoed(text: str) -> None:
    with pytest.raises(InvalidText) as refused:
        CustomerText.parse(text)

    assert refused.value.message.isascii()


def test_it_is_bounded_before_and_after_composing() -> None:
    assert len(str(CustomerText.parse("x" * LONGEST))) == LONGEST
    with pytest.raises(InvalidText, match="longer"):
        CustomerText.parse("x" * (LONGEST + 1))
    with pytest.raises(InvalidText, match="longer"):
        CustomerText.parse("\ufb2c" * LONGEST)  # composes to three characters each
