"""What every speaker must do: the twin, and GoBGP with a real router as its neighbour."""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import ip_address

import pytest

from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Community, Path
from byoip.ports.speakers.speaker import Neighbour, Speaker, SpeakerUnanswered
from tests.fakes.speaker import FakeSpeaker, Trouble
from tests.real.bird_router import Feed, bird_router
from tests.real.edge import eventually
from tests.real.gobgpd import Peering, gobgpd
from tests.real.parts import Part, require

OWN_AS, PEER_AS, ORIGIN = Asn(64500), Asn(64501), Asn(4200000001)
PEER = "127.0.0.82"


def path(prefix: str, *as_path: Asn, communities: str = "") -> Path:
    parsed = Prefix.parse(prefix)
    next_hop = ip_address("192.0.2.1" if parsed.family == 4 else "2001:db8::1")
    return Path(parsed, as_path, next_hop, frozenset(map(Community.parse, communities.split())))


V4, V6 = path("198.51.100.0/24", ORIGIN), path("2001:db8:1::/48", ORIGIN)
PARTS = [path("198.51.100.0/25", ORIGIN), path("198.51.0.0/16", ORIGIN)]


@dataclass
class World:
    """A speaker of OWN_AS with one neighbour, PEER, administratively down at each start."""

    speaker: Speaker
    kill: Callable[[], None]
    start: Callable[[], None]
    silence: Callable[[], None]

    async def answers(self) -> bool:
        try:
            await self.speaker.local_as()
        except SpeakerUnanswered:
            return False
        return True

    async def established(self) -> bool:
        return any(one.established for one in await self.speaker.neighbours())

    async def looks_as(self, neighbour: Neighbour) -> bool:
        return list(await self.speaker.neighbours()) == [neighbour]

    async def peer_up(self) -> None:
        await self.speaker.enable(PEER)
        await eventually(self.established)


class SpeakerContract:
    """The tests; a subclass has a fixture `world`, new for each."""

    async def test_it_names_its_own_as(self, world: World) -> None:
        assert await world.speaker.local_as() == OWN_AS

    async def test_nothing_is_held_before_something_is_announced(self, world: World) -> None:
        assert list(await world.speaker.held()) == []

    async def test_what_is_announced_is_held_as_it_was_given(self, world: World) -> None:
        paths = [
            V4,
            V6,
            *PARTS,
            path("203.0.113.0/24"),
            path("198.18.0.0/24", ORIGIN, ORIGIN, ORIGIN, ORIGIN),
            path("198.18.1.0/24", ORIGIN, communities="64500:101 65535:65535 0:1"),
        ]
        await world.speaker.announce(paths)
        held = await world.speaker.held()
        assert len(held) == len(paths)
        assert set(held) == set(paths)

    async def test_what_it_holds_is_told_for_the_prefixes_asked(self, world: World) -> None:
        await world.speaker.announce([V4, V6, *PARTS])
        absent = Prefix.parse("203.0.113.0/24")
        assert set(await world.speaker.held_of([V4.prefix, V6.prefix, absent])) == {V4, V6}
        assert list(await world.speaker.held_of([absent])) == []
        assert list(await world.speaker.held_of([])) == []

    async def test_it_counts_as_many_as_it_holds(self, world: World) -> None:
        assert await world.speaker.count() == 0
        await world.speaker.announce([V4, V6, *PARTS])
        await world.speaker.announce([path(str(V4.prefix), ORIGIN, ORIGIN)])
        assert await world.speaker.count() == 4
        await world.speaker.withdraw([V4, V6])
        assert await world.speaker.count() == 2

    async def test_it_takes_ours_and_nothing_remains_of_the_probe(self, world: World) -> None:
        assert await world.speaker.takes_ours([4, 6])
        assert list(await world.speaker.held()) == []

    async def test_with_imports_closed_it_takes_ours_all_the_same(self, world: World) -> None:
        await world.speaker.announce([V4])
        for _ in range(2):
            await world.speaker.close_imports()
        assert await world.speaker.takes_ours([4])
        await world.speaker.announce([V6])
        assert set(await world.speaker.held()) == {V4, V6}

    async def test_many_are_held_all(self, world: World) -> None:
        many = [path(f"198.{18 + i // 256}.{i % 256}.0/24", ORIGIN) for i in range(512)]
        many += [path(f"2001:db8:{i:x}::/48", ORIGIN) for i in range(700)]
        await world.speaker.announce(many)
        assert set(await world.speaker.held()) == set(many)
        await world.speaker.withdraw(many[1:])
        assert list(await world.speaker.held()) == many[:1]

    async def test_a_second_announcement_replaces_the_first(self, world: World) -> None:
        await world.speaker.announce([V4, V6])
        await world.speaker.announce([V4])
        changed = path(str(V4.prefix), ORIGIN, ORIGIN, communities="64500:3")
        await world.speaker.announce([changed])
        held = await world.speaker.held()
        assert len(held) == 2
        assert set(held) == {changed, V6}

    async def test_withdrawing_takes_exactly_these_prefixes(self, world: World) -> None:
        await world.speaker.announce([V4, V6, *PARTS])
        await world.speaker.withdraw([V4])
        assert set(await world.speaker.held()) == {V6, *PARTS}

    async def test_the_prefix_alone_says_what_is_withdrawn(self, world: World) -> None:
        await world.speaker.announce([V4, V6])
        other = path(str(V4.prefix), communities="64500:9")
        await world.speaker.withdraw([other])
        assert list(await world.speaker.held()) == [V6]

    async def test_withdrawing_what_is_absent_is_no_error(self, world: World) -> None:
        await world.speaker.announce([V6])
        await world.speaker.withdraw([V4])
        await world.speaker.withdraw([V4])
        assert list(await world.speaker.held()) == [V6]

    async def test_no_paths_means_none(self, world: World) -> None:
        await world.speaker.announce([V4, V6])
        await world.speaker.withdraw([])
        await world.speaker.announce([])
        assert set(await world.speaker.held()) == {V4, V6}

    async def test_a_neighbour_stays_down_until_it_is_enabled(self, world: World) -> None:
        down = Neighbour(PEER, PEER_AS, enabled=False, established=False)
        assert list(await world.speaker.neighbours()) == [down]
        await world.speaker.announce([V4])
        assert await world.speaker.sent([V4.prefix]) == {}
        await world.peer_up()
        up = Neighbour(PEER, PEER_AS, enabled=True, established=True)
        assert list(await world.speaker.neighbours()) == [up]

    async def test_enabling_twice_changes_nothing(self, world: World) -> None:
        await world.peer_up()
        await world.speaker.enable(PEER)
        assert await world.established()

    async def test_a_neighbour_must_be_named_to_be_enabled(self, world: World) -> None:
        with pytest.raises(ValueError, match="neighbour"):
            await world.speaker.enable("")
        with pytest.raises(SpeakerUnanswered):
            await world.speaker.enable("127.0.0.99")
        assert [one.enabled for one in await world.speaker.neighbours()] == [False]

    async def test_a_neighbour_is_taken_down_and_comes_back(self, world: World) -> None:
        await world.peer_up()
        await world.speaker.disable(PEER)
        down = Neighbour(PEER, PEER_AS, enabled=False, established=False)
        await eventually(lambda: world.looks_as(down))
        await world.speaker.disable(PEER)
        with pytest.raises(ValueError, match="neighbour"):
            await world.speaker.disable("")
        await world.peer_up()

    async def test_a_drained_neighbour_keeps_all_routes_and_twice_is_once(
        self, world: World
    ) -> None:
        await world.speaker.announce([V4])
        await world.peer_up()
        for drained in ((PEER,), (PEER,), (), (PEER,)):
            await world.speaker.drain(drained, resend=[PEER])
            assert await world.speaker.sent([V4.prefix]) == {PEER: frozenset({V4.prefix})}
        assert list(await world.speaker.held()) == [V4]

    async def test_notes_are_remembered_until_it_ends(self, world: World) -> None:
        assert set(await world.speaker.notes()) == set()
        await world.speaker.note("b1")
        await world.speaker.note("b1 2001:db8::9")
        assert set(await world.speaker.notes()) == {"b1", "b1 2001:db8::9"}
        world.kill()
        world.start()
        await eventually(world.answers)
        assert set(await world.speaker.notes()) == set()

    async def test_what_a_neighbour_gets_is_told_for_the_prefixes_asked(self, world: World) -> None:
        await world.peer_up()
        await world.speaker.announce([V4, V6, *PARTS])
        absent = Prefix.parse("203.0.113.0/24")
        sent = await world.speaker.sent([V4.prefix, V6.prefix, absent])
        assert sent == {PEER: frozenset({V4.prefix, V6.prefix})}
        assert await world.speaker.sent([absent]) == {PEER: frozenset()}
        assert await world.speaker.sent([]) == {PEER: frozenset()}
        await world.speaker.withdraw([V4])
        assert await world.speaker.sent([V4.prefix]) == {PEER: frozenset()}

    async def test_killed_it_does_not_answer_and_forgets(self, world: World) -> None:
        await world.speaker.announce([V4, V6])
        await world.peer_up()
        world.kill()
        for asking in (
            world.speaker.local_as(),
            world.speaker.held(),
            world.speaker.held_of([V4.prefix]),
            world.speaker.close_imports(),
            world.speaker.takes_ours([4]),
            world.speaker.announce([V4]),
            world.speaker.withdraw([V4]),
            world.speaker.neighbours(),
            world.speaker.enable(PEER),
            world.speaker.disable(PEER),
            world.speaker.drain([PEER]),
            world.speaker.notes(),
            world.speaker.note("b1"),
            world.speaker.sent([V4.prefix]),
        ):
            with pytest.raises(SpeakerUnanswered):
                await asking
        world.start()
        await eventually(world.answers)
        assert list(await world.speaker.held()) == []
        assert await world.speaker.sent([V4.prefix]) == {}
        assert [one.enabled for one in await world.speaker.neighbours()] == [False]

    async def test_silence_ends_with_the_deadline(self, world: World) -> None:
        world.silence()
        with pytest.raises(SpeakerUnanswered):
            await world.speaker.held()
        with pytest.raises(SpeakerUnanswered):
            await world.speaker.announce([V4])


class TestTwin(SpeakerContract):
    @pytest.fixture
    def world(self) -> World:
        neighbour = Neighbour(PEER, PEER_AS, enabled=False, established=False)
        speaker = FakeSpeaker(asn=OWN_AS, sessions=[neighbour])

        def silence() -> None:
            speaker.trouble = Trouble.REFUSED

        return World(speaker, speaker.kill, speaker.start, silence)


@pytest.mark.real
class TestGobgp(SpeakerContract):
    @pytest.fixture(params=[True, False], ids=["guarded", "not guarded"])
    async def world(self, request: pytest.FixtureRequest) -> AsyncIterator[World]:
        require(Part.GOBGP, Part.BIRD)
        with ExitStack() as running:
            peering = Peering(PEER, PEER_AS.number, admin_down=True)
            daemon = running.enter_context(
                gobgpd(
                    address="127.0.0.81",
                    asn=OWN_AS.number,
                    neighbours=[peering],
                    guarded=request.param,
                )
            )
            feed = Feed("one", daemon.address, daemon.port, daemon.asn)
            running.enter_context(bird_router(address=PEER, asn=PEER_AS.number, speakers=[feed]))
            speaker = GobgpSpeaker("one", daemon.target, deadline=30)

            def silence() -> None:
                daemon.suspend()
                speaker._calls._deadline = 1

            yield World(speaker, daemon.kill, daemon.start, silence)
            await speaker.close()
