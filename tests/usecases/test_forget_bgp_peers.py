from datetime import timedelta
from functools import partial

import pytest

from byoip.domain.customer_text import InvalidText
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.speakers import bgp_peer
from byoip.domain.speakers.sightings import Observation
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.route_history import RouteReader
from byoip.usecases.speakers import bgp_peers
from tests.announcing import MARKING, Fleet, listener, path, reconciling, speaker, until
from tests.revising import enforce, proposal
from tests.usecases.verbs import Verb

BY = Actor("operator:1", "request-1")
SETTINGS = bgp_peer.InService(frozenset({"ours"}), frozenset({"ear"}))
MINUTE = timedelta(minutes=1)


async def forget(fleet: Fleet, kind: bgp_peer.BgpPeerKind, name: str) -> bgp_peer.Forgotten:
    use = Verb(fleet.store, partial(bgp_peers.forget, kind=kind, in_service=SETTINGS))
    return await use(name, reason="it burnt", by=BY)


async def noted(fleet: Fleet, name: str, *, ago: timedelta, fault: str = "") -> None:
    at = fleet.clock.now() - ago
    await fleet.routes.note_speaker(SpeakerState(name, 1, fault, 2, at, loaded=True))


async def given(fleet: Fleet, *names: str) -> None:
    """All that is advertised was given to them, and is sent to a peer and heard."""
    now = fleet.clock.now()
    for name in names:
        desired_routes = [one.desired for one in await fleet.routes.states(name)]
        await fleet.routes.mark_announced(name, desired_routes, now)
        words = [
            Observation(one.bgp_prefix_id, seen_by, advertised=True, own_word=own)
            for one in desired_routes
            for seen_by, own in ((f"{name} to 127.0.0.2", True), ("ear-1", False))
        ]
        await fleet.routes.record_observations(words, now)


async def lingering(fleet: Fleet, prefix: Prefix) -> bool:
    async with fleet.store.transaction() as tx:
        return bool(await tx.bgp_prefixes.lingering(fleet.ids[prefix][0]))


async def test_what_was_withdrawn_no_longer_waits_for_a_speaker_that_is_gone(fleet: Fleet) -> None:
    kept, owners = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    await given(fleet, "one", "one-b")
    await fleet.routes.note_orphans("one", {kept: path(kept)}, fleet.clock.now())
    await noted(fleet, "one", ago=6 * MINUTE, fault="connection refused")
    await fleet.withdraw(owners)
    assert await lingering(fleet, owners)

    made = await forget(fleet, bgp_peer.BgpPeerKind.SPEAKER, "one")
    assert made == bgp_peer.Forgotten(
        bgp_peer.BgpPeerKind.SPEAKER, "one", applied=2, observed=2, orphans=1, abandoned=(owners,)
    )
    await forget(fleet, bgp_peer.BgpPeerKind.SPEAKER, "one-b")
    assert await lingering(fleet, owners), "a listener is not forgotten with the speaker"
    heard = await forget(fleet, bgp_peer.BgpPeerKind.LISTENER, "ear-1")

    assert heard == bgp_peer.Forgotten(
        bgp_peer.BgpPeerKind.LISTENER, "ear-1", observed=2, abandoned=(owners,)
    )
    assert not await lingering(fleet, owners)
    assert await fleet.wanted() == {kept}
    left = await RouteReader(fleet.engine).report()
    assert (left.desired, left.applied, left.observed, left.orphans) == (1, 0, 0, 0)
    assert (left.speakers, left.listeners) == ([], [])
    history = await fleet.ask(
        "SELECT kind, reason, before ->> 'name', before -> 'let_go' FROM operator_events"
        " ORDER BY number LIMIT 1"
    )
    assert history == [("speaker.forgotten", "it burnt", "one", [str(owners)])]


async def test_others_are_not_forgotten_with_it(fleet: Fleet) -> None:
    await fleet.add("31.0.0.0/24", advertised=True)
    await given(fleet, "one", "one-b")
    await forget(fleet, bgp_peer.BgpPeerKind.SPEAKER, "one")
    marks = await fleet.ask("SELECT DISTINCT speaker FROM applied_routes")
    assert marks == [("one-b",)]
    words = await fleet.ask("SELECT seen_by FROM observed_routes ORDER BY 1")
    assert words == [("ear-1",), ("one-b to 127.0.0.2",)]


@pytest.mark.parametrize("fault", ["", "connection refused"], ids=["answers", "is silent"])
async def test_one_that_is_asked_is_in_service_whether_it_answers_or_not(
    fleet: Fleet, fault: str
) -> None:
    await noted(fleet, "one", ago=4 * MINUTE, fault=fault)
    with pytest.raises(bgp_peer.SpeakerInService, match="5 minutes"):
        await forget(fleet, bgp_peer.BgpPeerKind.SPEAKER, "one")
    await noted(fleet, "one", ago=6 * MINUTE, fault=fault)
    await forget(fleet, bgp_peer.BgpPeerKind.SPEAKER, "one")
    with pytest.raises(bgp_peer.SpeakerNotFound):
        await forget(fleet, bgp_peer.BgpPeerKind.SPEAKER, "one")


async def test_a_listener_that_is_asked_is_in_service(fleet: Fleet) -> None:
    for ago, answered in ((4, True), (4, False)):
        now = fleet.clock.now() - ago * MINUTE
        await fleet.routes.note_listeners({"ear-1": answered}, now)
        with pytest.raises(bgp_peer.ListenerInService):
            await forget(fleet, bgp_peer.BgpPeerKind.LISTENER, "ear-1")
    await fleet.routes.note_listeners({"ear-1": False}, fleet.clock.now() - 6 * MINUTE)
    await forget(fleet, bgp_peer.BgpPeerKind.LISTENER, "ear-1")


async def test_the_settings_of_this_process_count_whatever_the_database_says(fleet: Fleet) -> None:
    await noted(fleet, "ours", ago=60 * MINUTE)
    with pytest.raises(bgp_peer.SpeakerInService, match="settings"):
        await forget(fleet, bgp_peer.BgpPeerKind.SPEAKER, "ours")
    with pytest.raises(bgp_peer.ListenerInService, match="settings"):
        await forget(fleet, bgp_peer.BgpPeerKind.LISTENER, "ear")
    with pytest.raises(bgp_peer.ListenerNotFound):
        await forget(fleet, bgp_peer.BgpPeerKind.LISTENER, "ours")


@pytest.mark.parametrize("name", ["", "one\0", "ünö", "n" * 61])
async def test_what_no_setting_can_name_is_not_there(fleet: Fleet, name: str) -> None:
    with pytest.raises(bgp_peer.SpeakerNotFound):
        await forget(fleet, bgp_peer.BgpPeerKind.SPEAKER, name)


async def test_it_needs_a_reason(fleet: Fleet) -> None:
    use = Verb(
        fleet.store,
        partial(bgp_peers.forget, kind=bgp_peer.BgpPeerKind.SPEAKER, in_service=SETTINGS),
    )
    with pytest.raises(InvalidText):
        await use("one", reason=" ", by=BY)


async def test_one_that_comes_back_after_all_keeps_its_paths_as_orphans(fleet: Fleet) -> None:
    one = speaker("one")
    kept, owners = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with reconciling(fleet, one):
        await fleet.announce(kept, owners)
        await until(lambda: {kept, owners} <= one.paths.keys())
        await until(fleet.settled)
    await fleet.withdraw(owners)
    await fleet.do("UPDATE speakers SET asked_at = asked_at - interval '6 minutes'")
    await enforce(fleet.store, fleet.routes, proposal([speaker("two")], [1], MARKING))
    await forget(fleet, bgp_peer.BgpPeerKind.SPEAKER, "one")
    async with reconciling(fleet, one):
        await until(lambda: _is(fleet, {owners}))
        await until(lambda: _held(fleet, kept))
    assert one.paths.keys() == {kept, owners}, "nothing is withdrawn that is not on record"
    assert await lingering(fleet, owners), "it is seen again"


async def _is(fleet: Fleet, orphans: set[Prefix]) -> bool:
    return await fleet.orphans("one") == orphans


async def _held(fleet: Fleet, prefix: Prefix) -> bool:
    marks = await fleet.ask("SELECT bgp_prefix_id, may_hold FROM applied_routes")
    return marks == [(fleet.ids[prefix][2], True)]


async def test_the_reconciler_notes_which_listeners_it_asks(fleet: Fleet) -> None:
    one = speaker("one")
    ear = listener(one)
    await fleet.add("31.0.7.0/24", advertised=True)  # without a route no session comes up
    async with reconciling(fleet, one, listeners=[ear]):
        await until(lambda: _asked(fleet, ear.name))
    with pytest.raises(bgp_peer.ListenerInService):
        await forget(fleet, bgp_peer.BgpPeerKind.LISTENER, ear.name)


async def _asked(fleet: Fleet, name: str) -> bool:
    found = await RouteReader(fleet.engine).report()
    return [one.name for one in found.listeners if one.answered_at] == [name]
