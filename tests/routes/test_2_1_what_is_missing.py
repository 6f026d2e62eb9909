"""Routes 2.1: the alarm of a speaker that is held shut names what is missing, as a form sees it."""

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.opening import lacking
from tests.routes.test_2_1_opening import STRANGERS

OTHER = Prefix.parse("31.10.0.0/24")


def test_what_is_missing_is_named_and_what_is_not_named_counts_too() -> None:
    assert lacking(()) == ""
    few = lacking(STRANGERS[:5])
    assert few.endswith(", ".join(map(str, STRANGERS[:5])))
    assert lacking(STRANGERS[:6]) != lacking([*STRANGERS[:5], OTHER])
