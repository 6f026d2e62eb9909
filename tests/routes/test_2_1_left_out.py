"""Routes 2.1: what a speaker never announces is not missing there: it comes up without it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from byoip.domain.asn import Asn
from tests.announcing import MARKING, Fleet, listener, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.revising import enforce, proposal
from tests.routes.test_2_3_nothing_that_is_not_up import restore, waiting
from tests.routes.test_5_4_another_as import behind_ours


@pytest.mark.parametrize("stages", [[1, 1], [1, 2]], ids=["siblings", "stages"])
async def test_a_speaker_in_another_as_restarts_and_comes_up(
    fleet: Fleet, stages: Sequence[int]
) -> None:
    """Its sibling holds what stands behind the other AS, and the listener sees it."""
    one, other = speaker("one"), speaker("other")
    other.asn = Asn(64501)
    ours, theirs = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    await behind_ours(fleet, theirs)
    async with reconciling(fleet, one, other, listeners=[listener(one, other)], stages=stages):
        await fleet.announce(ours, theirs)
        await until(fleet.settled)
        await until(lambda: up(other))
        other.kill()
        await until(lambda: down(fleet))
        other.start()
        await until(lambda: up(other), seconds=20)
        assert [one.paths.keys(), other.paths.keys()] == [{ours, theirs}, {ours}]
        await until(lambda: quiet(fleet))


async def test_a_speaker_without_a_next_hop_for_a_family_restarts_and_comes_up(
    fleet: Fleet,
) -> None:
    one, four_only = speaker("one"), speaker("other")
    entries = proposal([one, four_only], [1, 1], MARKING)
    shaped = replace(entries[1], attributes=replace(MARKING, next_hop6=None))
    await enforce(fleet.store, fleet.routes, (entries[0], shaped))
    four, six = await fleet.add("31.0.0.0/24", "2a00::/32", advertised=True)
    async with reconciling(fleet, one, four_only, stages=[1, 1], only_proposes=True):
        await until(lambda: up(one))
        await until(lambda: up(four_only))
        four_only.kill()
        await until(lambda: down(fleet))
        four_only.start()
        await until(lambda: up(four_only), seconds=20)
        assert [one.paths.keys(), four_only.paths.keys()] == [{four, six}, {four}]
        await until(lambda: quiet(fleet))


async def test_after_a_restore_it_holds_back_no_route_of_others(fleet: Fleet) -> None:
    one, other = speaker("one"), speaker("other")
    other.asn = Asn(64501)
    ours, theirs = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    await behind_ours(fleet, theirs)
    async with reconciling(fleet, one, other, stages=[1, 1]):
        await fleet.announce(ours, theirs)
        await until(fleet.settled)
        await until(lambda: up(other))
    await restore(fleet)
    assert await waiting(fleet) == {str(ours), str(theirs)}
    async with reconciling(fleet, one, other, stages=[1, 1]):
        await until(lambda: none_waits(fleet))


async def none_waits(fleet: Fleet) -> bool:
    return not await waiting(fleet)


async def up(one: FakeSpeaker) -> bool:
    return all(session.established for session in await one.neighbours())


async def down(fleet: Fleet) -> bool:
    return await fleet.alarms("speaker_down") == {"other"}


async def quiet(fleet: Fleet) -> bool:
    return not any([await fleet.alarms(kind) for kind in ("sessions_shut", "no_longer_held")])
