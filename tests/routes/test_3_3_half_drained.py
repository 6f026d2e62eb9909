"""Routes 3.3: while one neighbour of a speaker is drained, what owners announce stays announced."""

from dataclasses import replace

import pytest

from byoip.domain.asn import Asn
from byoip.domain.speakers.drain import DrainTarget
from byoip.domain.speakers.staging import Visibility, announcement_visibility
from byoip.ports.speakers.speaker import Neighbour
from tests.announcing import OURS, PEER, Fleet, listener, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.routes.drains import drain
from tests.routes.test_3_3_drains import announced

OTHER = "127.0.0.3"
SEEN, ABSENT, UNANSWERED = Visibility.SEEN, Visibility.ABSENT, Visibility.UNANSWERED


@pytest.mark.parametrize("by_hand", [False, True], ids=["drained", "by hand"])
async def test_a_listener_that_was_cut_off_takes_no_new_announcement_back(
    fleet: Fleet, *, by_hand: bool
) -> None:
    """It hears the second stage still, and so does not see what the first one announces."""
    down = Neighbour(PEER, Asn(64501), enabled=False, established=False)
    one = FakeSpeaker("one", OURS, [down, replace(down, address=OTHER)])
    two = speaker("two")
    async with announced(fleet, one, two, ears=[listener(one, two)]):
        if by_hand:
            one.disable_by_hand(PEER)
        else:
            await drain(fleet, DrainTarget("one", PEER))
        await until(lambda: kept_down(fleet))
        await until(lambda: not one.feeds(PEER))
        (new,) = await fleet.add("31.1.0.0/24")
        await fleet.announce(new)
        await until(fleet.settled)
        assert (await fleet.desired(new)).desired.advertised
        assert new in one.paths
        assert new in two.paths


async def kept_down(fleet: Fleet) -> bool:
    return [one.state.value for one in await fleet.routes.drains.standing()] == ["down"]


@pytest.mark.parametrize(
    ("heard", "own", "found"),
    [
        (ABSENT, SEEN, SEEN),
        (ABSENT, ABSENT, ABSENT),
        (ABSENT, UNANSWERED, UNANSWERED),
        (SEEN, SEEN, SEEN),
        (SEEN, ABSENT, ABSENT),
    ],
)
def test_there_a_speakers_own_word_counts(
    heard: Visibility, own: Visibility, found: Visibility
) -> None:
    assert announcement_visibility(heard, own, first=True, cut_off=True) is found
