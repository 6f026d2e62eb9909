"""Routes 3.1: which settings of speakers count: after a restore or an upgrade, with others."""

from contextlib import AsyncExitStack, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path as File

import pytest

from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.adapters.speakers.unreachable_speaker import UnreachableSpeaker
from byoip.composition.connecting import SpeakerConnections
from byoip.composition.speaking import proposal_of
from byoip.domain.asn import AS0
from byoip.domain.prefix import Prefix
from byoip.domain.routes.prepending import PrependWouldRemove
from byoip.domain.routes.route import Community, PathAttributes, Route
from byoip.domain.speakers.bgp_peer import BgpPeerKind, InService, SpeakerInService
from byoip.domain.speakers.revision import (
    PrependsWouldBeLost,
    Revision,
    SpeakerEntry,
    changes,
    digest,
)
from byoip.ports.speakers.speaker import Neighbour, SpeakerUnanswered
from byoip.settings.model import Settings
from byoip.store.speakers.leases import LeaseLost
from byoip.store.speakers.records import SpeakerState
from byoip.usecases.routes.prepending import require_prepend
from byoip.usecases.speakers import bgp_peers, revisions
from tests.announcing import MARKING, OURS, OWNER, PEER, Fleet, looks, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.routes.test_1_1_lease import two_leaders
from tests.routes.test_3_1_revision import (
    CHANGED,
    announced,
    apply,
    has,
    in_force,
    over,
    stands,
    states,
    told,
)

ASKING = (Community(64500, 101), Community(64500, 102), Community(64500, 103))


async def test_a_restored_database_rewrites_nothing_by_its_older_settings(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two):
        rewrite(one, two)
        await fleet.do("UPDATE incarnation SET identity = 'the cluster of then'")
        async with reconciling(fleet, one, two, attributes=CHANGED, only_proposes=True):
            await until(lambda: stands(fleet, "settings_in_doubt"))
            await looks(one, two)
            assert not told(one)
            assert not told(two)
            await apply(fleet)
            await until(lambda: in_force(fleet, 2))
            await until(lambda: over(fleet, "settings_in_doubt"))
            assert has(one, CHANGED)
            assert has(two, CHANGED)
            assert not told(one), "they had it so already"
            assert not told(two)


async def test_what_is_not_rewritten_is_known_to_be_ours_and_can_be_withdrawn(
    fleet: Fleet,
) -> None:
    one = speaker("one")
    async with announced(fleet, one) as prefixes:
        rewrite(one)
        await fleet.do("UPDATE incarnation SET identity = 'the cluster of then'")
        async with reconciling(fleet, one, only_proposes=True):
            await until(lambda: stands(fleet, "settings_in_doubt"))
            await fleet.withdraw(prefixes[0])
            await until(lambda: prefixes[0] not in one.paths)
            await until(fleet.settled)
            assert set(one.paths) == {*prefixes[1:]}


async def test_doubt_ends_where_speakers_hold_what_the_settings_say(fleet: Fleet) -> None:
    one = speaker("one")
    async with announced(fleet, one):
        await fleet.do("UPDATE incarnation SET identity = 'the cluster of then'")
        async with reconciling(fleet, one, only_proposes=True):
            await until(lambda: over(fleet, "settings_in_doubt"))
            await until(lambda: certain(fleet))
    assert await states(fleet) == [(1, "in_force")]


@pytest.mark.parametrize("restored", [False, True])
async def test_an_upgrade_with_a_changed_file_rewrites_nothing(
    fleet: Fleet, restored: bool
) -> None:
    """A database of an older version has no revision, and speakers have routes."""
    one = speaker("one")
    async with announced(fleet, one):
        await fleet.do("DELETE FROM speaker_revisions")
        if restored:
            await fleet.do("UPDATE incarnation SET identity = 'the cluster of then'")
        async with reconciling(fleet, one, attributes=CHANGED, only_proposes=True):
            await until(lambda: stands(fleet, "settings_in_doubt"))
            await looks(one)
            assert has(one, MARKING)
            await apply(fleet)
            await until(lambda: has(one, CHANGED))
            await until(lambda: certain(fleet))


async def test_a_speaker_is_removed_and_a_stage_renamed_and_nothing_is_withdrawn(
    fleet: Fleet,
) -> None:
    one, two, three = speaker("one"), speaker("two"), speaker("three")
    async with announced(fleet, one, two, three) as prefixes:
        async with reconciling(fleet, one, three, stages=[7, 9], only_proposes=True):
            await until(lambda: stands(fleet, "settings_differ", "two: removed"))
            await apply(fleet)
            await until(lambda: in_force(fleet, 2))
            (new,) = await fleet.add("31.1.0.0/24")
            await fleet.announce(new)
            await until(lambda: new in one.paths and new in three.paths)
            await until(fleet.settled)
        assert not two.calls("withdraw")
        assert set(two.paths) == set(prefixes), "told nothing more"
    rows = await fleet.ask("SELECT name, stage FROM speakers WHERE name <> 'two' ORDER BY name")
    assert rows == [("one", 7), ("three", 9)]


async def test_a_worker_without_a_way_to_one_speaker_leaves_just_that_one(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    async with announced(fleet, one, two) as prefixes:
        async with reconciling(fleet, one, only_proposes=True):
            await until(lambda: stands(fleet, "speaker_down", "no way to it"))
            one.kill()
            one.start()
            await until(lambda: set(one.paths) == set(prefixes))
            (new,) = await fleet.add("31.1.0.0/24")
            await fleet.announce(new)
            await until(lambda: new in one.paths)
            await until(fleet.settled)
        assert set(two.paths) == set(prefixes)


async def test_prepends_that_would_be_lost_are_refused_at_the_revision(fleet: Fleet) -> None:
    one = FakeSpeaker("one", OURS, [Neighbour(PEER, OURS, False, False)])  # noqa: FBT003
    asking = replace(MARKING, prepends=ASKING)
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, attributes=asking):
        await fleet.announce(prefix, prepend=2)
        await until(fleet.settled)
    async with reconciling(fleet, one, only_proposes=True):
        await until(lambda: stands(fleet, "settings_differ", "prepend_communities"))
        with pytest.raises(PrependsWouldBeLost, match=r"31\.0\.0\.0/24"):
            await apply(fleet)
        assert await states(fleet) == [(1, "in_force")]
        await fleet.announce(prefix, prepend=0)
        await until(fleet.settled)
        async with fleet.store.transaction(actor=OWNER) as tx:
            await require_prepend(tx, OURS, 1)
            (found,) = await fleet.routes.revisions.differing()
            await revisions.apply(tx, found.digest, planned_for=1, name="A", reason="why")
            with pytest.raises(PrependWouldRemove):  # already while it travels
                await require_prepend(tx, OURS, 1)


async def test_a_leader_that_lost_the_turn_changes_no_settings(fleet: Fleet) -> None:
    entries = (entry("one", 1),)
    await fleet.routes.revisions.adopt("worker", entries)
    async with AsyncExitStack() as stack:
        first, second = await two_leaders(fleet, stack)
        in_use = await fleet.routes.revisions.in_use()
        assert in_use
        async with fleet.store.transaction() as tx:
            number = await tx.revisions.put(entries, by="A", reason="why", now=tx.now)
        for leader, opened in ((first, None), (second, 1)):
            store = leader.store(fleet.store)
            with pytest.raises(LeaseLost) if leader is first else nullcontext():
                async with store.transaction() as tx:
                    await tx.revisions.open(number, 1, {})
            found = await fleet.routes.revisions.in_use()
            assert found
            assert found.opened == opened
        with pytest.raises(LeaseLost):
            await fleet.routes.on(first.pool).revisions.adopt("worker", entries)


async def test_what_all_workers_use_is_not_forgotten(fleet: Fleet) -> None:
    one = speaker("one")
    async with announced(fleet, one):
        old = datetime(2020, 1, 1, tzinfo=UTC)
        await fleet.routes.note_speaker(SpeakerState("one", 1, "", 0, old, loaded=True))
        async with fleet.store.transaction(actor=OWNER) as tx:
            with pytest.raises(SpeakerInService, match="all workers"):
                await bgp_peers.forget(
                    tx, "one", kind=BgpPeerKind.SPEAKER, reason="why", in_service=InService()
                )


def test_what_a_plan_says_of_each_stage() -> None:
    kinds = [
        (Route(Prefix.parse("31.0.0.0/24"), OURS), 900),
        (Route(Prefix.parse("31.0.1.0/24"), OURS, 1), 100),
        (Route(Prefix.parse("2001:db8::/48"), OURS), 7),
    ]
    known = Revision(3, (entry("ams1", 1), entry("ams2", 2), entry("fra1", 3), entry("old", 2)))
    asking = replace(MARKING, prepends=ASKING)
    after = (entry("fra1", 3), entry("new", 4), entry("ams2", 2, asking), entry("ams1", 1, CHANGED))
    found = [(one.stage, one.name, one.what, one.rewrites) for one in changes(known, after, kinds)]
    assert found == [
        (1, "ams1", "changed", 1007),
        (2, "ams2", "changed", 100),
        (3, "fra1", "same", 0),
        (4, "new", "added", 1007),
        (2, "old", "removed", 0),
    ]
    doubted = changes(replace(known, in_doubt=True), after, kinds)
    assert [one.rewrites for one in doubted] == [1007, 1007, 1007, 1007, 0]


def test_only_what_shapes_routes_is_shared_and_each_file_says_how_to_get_there(
    tmp_path: File,
) -> None:
    far = {"name": "far", "address": "192.0.2.7:50051", "next_hop4": "192.0.2.1"}
    plain = Settings.model_validate({"speakers": [{**far, "plaintext": True}]})
    (shared,) = proposal_of(plain)
    assert digest([SpeakerEntry.of_json(shared.as_json())]) == digest([shared])
    assert "plaintext" not in shared.as_json()
    other = Settings.model_validate({"speakers": [{"name": "one", "address": "127.0.0.1:50051"}]})
    assert isinstance(SpeakerConnections(plain, loopback_only=False)(shared), GobgpSpeaker)
    for settings, loopback_only in ((other, False), (plain, True)):
        way = SpeakerConnections(settings, loopback_only=loopback_only)
        assert isinstance(way(shared), UnreachableSpeaker)
        assert way(shared) is way(shared)
        here = replace(shared, address=f"unix://{tmp_path}/api.sock")
        assert isinstance(way(here), GobgpSpeaker)


async def test_an_unreachable_speaker_says_why() -> None:
    with pytest.raises(SpeakerUnanswered, match="far: no way"):
        await UnreachableSpeaker("far", "no way").neighbours()


def entry(name: str, stage: int, attributes: PathAttributes = MARKING) -> SpeakerEntry:
    return SpeakerEntry(name, f"{name}:50051", stage, replace(attributes, local_as=AS0))


def rewrite(*speakers: FakeSpeaker) -> None:
    """They were told by newer settings, which the backup does not know."""
    hop = CHANGED.next_hop4
    assert hop
    for one in speakers:
        paths = one.paths.values()
        one.put(*(replace(each, next_hop=hop, communities=CHANGED.communities) for each in paths))


async def certain(fleet: Fleet) -> bool:
    return not await fleet.ask("SELECT FROM speaker_revisions WHERE in_doubt")
