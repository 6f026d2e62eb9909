"""What every listener must do: the twin, and BIRD that two GoBGP speak to."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address

import pytest

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path
from byoip.ports.speakers.speaker import Listener, Neighbour, Speaker, SpeakerUnanswered
from tests.fakes.speaker import FakeListener, FakeSpeaker
from tests.real.bird_router import Feed, bird_router
from tests.real.edge import eventually
from tests.real.gobgpd import Peering, gobgpd
from tests.real.parts import Part, require

ONE_AS, TWO_AS = Asn(64500), Asn(64501)
ORIGIN, OTHER = Asn(4200000001), Asn(64510)
LISTENER = "127.0.0.85"

V4, V6 = Prefix.parse("198.51.100.0/24"), Prefix.parse("2001:db8:1::/48")


def path(prefix: Prefix, *as_path: Asn) -> Path:
    next_hop = ip_address("192.0.2.1" if prefix.family == 4 else "2001:db8::1")
    return Path(prefix, as_path, next_hop)


@dataclass
class World:
    """A listener, of the same AS as the second of the speakers that it hears."""

    listener: Listener
    one: Speaker
    two: Speaker
    kill: Callable[[], None]
    silence: Callable[[], None]
    part: Callable[[], None]

    async def until_seen(self, prefix: Prefix, *origins: Asn) -> None:
        async def seen() -> bool:
            answer = await self.listener.sees([prefix])
            return set(answer.get(prefix, ())) == set(origins)

        await eventually(seen, seconds=60)


class ListenerContract:
    """The tests; a subclass has a fixture `world`, new for each."""

    async def test_nothing_is_seen_at_first(self, world: World) -> None:
        assert await world.listener.sees([V4, V6]) == {}
        assert await world.listener.sees([]) == {}

    async def test_both_families_are_seen_with_their_origin(self, world: World) -> None:
        await world.one.announce([path(V4, OTHER, ORIGIN), path(V6, ORIGIN, ORIGIN, ORIGIN)])
        await world.until_seen(V4, ORIGIN)
        await world.until_seen(V6, ORIGIN)
        assert (await world.listener.sees([V4, V6])).keys() == {V4, V6}

    async def test_a_path_without_an_as_comes_from_the_speaker(self, world: World) -> None:
        await world.one.announce([path(V4)])
        await world.until_seen(V4, ONE_AS)

    async def test_a_path_within_the_listeners_own_as_comes_from_that(self, world: World) -> None:
        await world.two.announce([path(V4)])
        await world.until_seen(V4, TWO_AS)

    async def test_only_exactly_the_prefix_counts(self, world: World) -> None:
        around, inside = Prefix.parse("198.51.0.0/16"), Prefix.parse("198.51.100.128/25")
        await world.one.announce([path(around, OTHER), path(inside, OTHER)])
        await world.until_seen(inside, OTHER)
        await world.until_seen(around, OTHER)
        assert (await world.listener.sees([V4, around])).keys() == {around}

    async def test_every_origin_is_seen(self, world: World) -> None:
        await world.one.announce([path(V4, ORIGIN)])
        await world.two.announce([path(V4, OTHER)])
        await world.until_seen(V4, ORIGIN, OTHER)
        await world.one.withdraw([path(V4, ORIGIN)])
        await world.until_seen(V4, OTHER)
        await world.two.withdraw([path(V4, OTHER)])
        await world.until_seen(V4)

    async def test_a_change_of_the_origin_is_seen(self, world: World) -> None:
        await world.one.announce([path(V6, ORIGIN)])
        await world.until_seen(V6, ORIGIN)
        await world.one.announce([path(V6, OTHER)])
        await world.until_seen(V6, OTHER)

    async def test_the_origin_of_a_very_long_path_is_seen(self, world: World) -> None:
        await world.one.announce([path(V6, *[Asn(4200000002)] * 100, ORIGIN)])
        await world.until_seen(V6, ORIGIN)

    async def test_without_a_session_it_does_not_say_not_seen(self, world: World) -> None:
        await world.one.announce([path(V4, ORIGIN)])
        await world.until_seen(V4, ORIGIN)
        world.part()

        async def unanswered() -> bool:
            try:
                await world.listener.sees([V4])
            except SpeakerUnanswered:
                return True
            return False

        await eventually(unanswered, seconds=60)

    async def test_gone_it_does_not_say_not_seen(self, world: World) -> None:
        world.kill()
        with pytest.raises(SpeakerUnanswered):
            await world.listener.sees([V4])

    async def test_silence_ends_with_the_deadline(self, world: World) -> None:
        world.silence()
        with pytest.raises(SpeakerUnanswered):
            await world.listener.sees([V4])


class TestTwin(ListenerContract):
    @pytest.fixture
    def world(self) -> World:
        sessions = [Neighbour(LISTENER, TWO_AS, enabled=True, established=True)]
        one = FakeSpeaker("one", ONE_AS, sessions)
        two = FakeSpeaker("two", TWO_AS, sessions)
        listener = FakeListener([one, two], address=LISTENER)

        def fail() -> None:
            listener.trouble = True

        def part() -> None:
            one.kill()
            two.kill()

        return World(listener, one, two, fail, fail, part)

    async def test_a_killed_speaker_takes_its_routes_along(self, world: World) -> None:
        one, two, listener = world.one, world.two, world.listener
        assert isinstance(one, FakeSpeaker)
        assert isinstance(two, FakeSpeaker)
        assert isinstance(listener, FakeListener)
        await one.announce([path(V4, ORIGIN), path(V6, ORIGIN)])
        await two.announce([path(V4, ORIGIN)])
        one.kill()
        assert listener.withdrawals() == [V6]
        assert (await listener.sees([V4, V6])).keys() == {V4}
        one.start()
        await one.announce([path(V6, ORIGIN)])
        assert listener.withdrawals() == [V6]
        assert (await listener.sees([V4, V6])).keys() == {V4, V6}


@pytest.mark.real
class TestBird(ListenerContract):
    @pytest.fixture
    async def world(self) -> AsyncIterator[World]:
        require(Part.GOBGP, Part.BIRD)
        with ExitStack() as running:
            peering = [Peering(LISTENER, TWO_AS.number)]
            one, two = (
                running.enter_context(gobgpd(address=address, asn=asn, neighbours=peering))
                for address, asn in (("127.0.0.83", ONE_AS.number), ("127.0.0.84", TWO_AS.number))
            )
            feeds: Sequence[Feed] = [
                Feed("one", one.address, one.port, one.asn),
                Feed("two", two.address, two.port, two.asn),
            ]
            router = running.enter_context(
                bird_router(address=LISTENER, asn=TWO_AS.number, speakers=feeds)
            )
            router.wait_for_sessions()
            first, second = GobgpSpeaker("one", one.target), GobgpSpeaker("two", two.target)
            listener = BirdListener("bird", router.control, deadline=30, settling=timedelta(0))

            def silence() -> None:
                router.suspend()
                listener._deadline = 1

            def part() -> None:
                one.kill()
                two.kill()

            yield World(listener, first, second, router.kill, silence, part)
            await first.close()
            await second.close()
