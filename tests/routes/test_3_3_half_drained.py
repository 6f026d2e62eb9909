"""Routes 3.3: while one neighbour of a speaker is drained, what owners announce stays announced."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.speakers.drain import DrainTarget
from byoip.domain.speakers.staging import Visibility, announcement_visibility
from byoip.ports.speakers.speaker import Neighbour
from tests.announcing import OURS, PEER, Fleet, listener, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.real.bird_router import Feed, bird_router
from tests.real.edge import ROUTER, Edge
from tests.real.gobgpd import Peering, gobgpd
from tests.real.parts import Part, require
from tests.routes.drains import drain
from tests.routes.dying_worker import PACE
from tests.routes.judging import FLAWLESS, Judge
from tests.routes.test_3_3_drains import CIDRS, announced, noticed

OTHER, ELSEWHERE = "127.0.0.3", "127.0.0.89"
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


@pytest.mark.real
async def test_nor_does_a_real_one_that_was_cut_off(fleet: Fleet) -> None:
    (new,) = await fleet.add("31.1.0.0/24")
    up = await fleet.add(*CIDRS, advertised=True)
    peers = [Peering(ROUTER, 64501, admin_down=True), Peering(ELSEWHERE, 64502, admin_down=True)]
    require(Part.GOBGP, Part.BIRD)
    with ExitStack() as running:
        one, two = (
            running.enter_context(gobgpd(address=f"127.0.0.{at}", asn=64500, neighbours=those))
            for at, those in ((91, peers), (92, peers[:1]))
        )
        feeds = [Feed(n, d.address, d.port, d.asn) for n, d in (("one", one), ("two", two))]
        router = running.enter_context(bird_router(address=ROUTER, asn=64501, speakers=feeds))
        other = running.enter_context(bird_router(address=ELSEWHERE, asn=64502, speakers=feeds[:1]))
        speakers = [GobgpSpeaker("one", one.target), GobgpSpeaker("two", two.target)]
        ears = [BirdListener("bird", router.control, settling=timedelta(0))]
        daemons, named = {"one": one, "two": two}, {one.name: one for one in speakers}
        judge = Judge(fleet, Edge(daemons, named, router, ears[0]))
        judge.have_announced(*up)
        of_other = Judge(fleet, replace(judge.edge, router=other), judge.ledger)
        async with reconciling(fleet, *speakers, listeners=ears, pace=PACE):
            await until(fleet.settled)
            await until(lambda: router.is_up("one") and router.is_up("two") and other.is_up("one"))
            await until(lambda: noticed(fleet, ROUTER, 2 * len(CIDRS)))
            await drain(fleet, DrainTarget("one", ROUTER))
            await until(lambda: kept_down(fleet))
            await until(lambda: not router.is_up("one"))
            await judge.announce(new)
            await until(fleet.settled)
            assert (await fleet.desired(new)).desired.advertised
            await until(lambda: bool(router.shows(new) and other.shows(new)))
            assert await judge.lists() == await of_other.lists() == FLAWLESS
        for each in speakers:
            await each.close()


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
