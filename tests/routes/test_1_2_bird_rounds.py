"""Routes 1.2: a loss is not a thousandth more or less in how a router writes the same time."""

import pytest

from byoip.domain.asn import Asn
from byoip.domain.speakers.sightings import Seen, SeenPath, was_gone


@pytest.mark.parametrize(
    ("later", "gone"), [("26.195", False), ("26.198", False), ("26.500", True), ("27.196", True)]
)
def test_a_time_that_bird_rounds_in_another_way_is_no_loss(later: str, *, gone: bool) -> None:
    before, now = (
        Seen.by([Asn(64500)], [SeenPath("one", f"2026-11-29 03:25:{one}")])
        for one in ("26.196", later)
    )
    assert was_gone(before, now) is gone
