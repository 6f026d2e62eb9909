"""Trust, 4.1: showing four megabytes of evidence takes no step for each character of it."""

import cProfile
import pstats
from datetime import UTC, datetime

import pytest

from byoip.adapters.checks.ripe_rest import MAX_BYTES
from byoip.api.checks.validation_schemas import evidence_of
from byoip.domain.checks.evidence import RawAnswer


@pytest.mark.parametrize("first", ["a", "\N{LATIN SMALL LETTER E WITH ACUTE}", "\N{GRINNING FACE}"])
def test_each_step_goes_through_the_text_as_a_whole(first: str) -> None:
    """`str.translate` did not: half a second for a text with one character that is not ASCII."""
    answer = first.encode() + b'{"name":\t"descr",\r\n"value": ""}' * (MAX_BYTES // 30)
    exhibit = RawAnswer("GET", "rest.sandbox.test", answer, datetime.now(UTC))
    with cProfile.Profile() as profile:
        shown = evidence_of(exhibit)
    assert (shown.encoding, shown.answer.encode()) == ("text", answer)
    called = [name for _, _, name in vars(pstats.Stats(profile))["stats"]]
    assert [name for name in called if "translate" in name] == []


@pytest.mark.parametrize("odd", [b"\0", b"\x1b", b"\x85", b"\xff"])
def test_what_is_no_plain_text_comes_in_base64(odd: bytes) -> None:
    exhibit = RawAnswer("asked", "of", b"a\r\n\tb" + odd, datetime.now(UTC))
    assert evidence_of(exhibit).encoding == "base64"
