import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from math import inf

from byoip.domain.asn import Asn
from byoip.ports.speakers.speaker import Neighbour
from tests.announcing import OURS, PEER, QUICK, Fleet, listener, path, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker, Trouble
from tests.worker.waits import dead, holds, none

KILL_THE_LOCK = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'byoip reconciler' AND datname = current_database()"
)
KILL_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


async def test_a_route_is_announced_prepended_and_withdrawn(fleet: Fleet) -> None:
    one = speaker("one")
    ear = listener(one)
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(prefix)
        await until(lambda: one.paths.get(prefix) == path(prefix))
        await until(fleet.settled)
        await fleet.announce(prefix, prepend=2)
        await until(lambda: one.paths.get(prefix) == path(prefix, prepend=2))
        await until(fleet.settled)
        assert ear.withdrawals() == []
        await fleet.withdraw(prefix)
        await until(lambda: prefix not in one.paths)
        await until(fleet.settled)
    assert ear.withdrawals() == [prefix]
    marks = await fleet.ask("SELECT may_hold, advertised, change FROM applied_routes")
    assert marks == [(False, False, 4)]
    assert {row[0] for row in await fleet.ask("SELECT advertised FROM observed_routes")} == {False}


async def test_a_change_reaches_the_second_stage_after_it_was_seen_at_the_first(
    fleet: Fleet,
) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    ear.trouble = True
    one.troubled, one.trouble = frozenset({"sent"}), Trouble.REFUSED
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, two, listeners=[ear]):
        await fleet.announce(prefix)
        await until(lambda: prefix in one.paths)
        await until(lambda: holds(fleet, "unanswered", prefix))
        assert two.calls("announce") == 0, "no party could be asked: no stage opens"
        one.trouble = None
        await until(lambda: prefix in two.paths)
        await until(fleet.settled)
        await until(lambda: none(fleet, "unanswered"))


async def test_a_speaker_that_comes_back_has_every_route_before_its_sessions_come_up(
    fleet: Fleet,
) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    prefixes = await fleet.add(*(f"31.0.{number}.0/24" for number in range(50)))
    async with reconciling(fleet, one, two, listeners=[ear]):
        await fleet.announce(*prefixes)
        await until(fleet.settled)
        await until(lambda: two.sends_to(PEER, prefixes[0]) is not None)
        two.kill()
        await until(lambda: dead(fleet, "two"))
        two.asked.clear()
        two.start()
        await until(lambda: two.sends_to(PEER, prefixes[-1]) is not None)
        told = [method for method, _ in two.asked if method in {"announce", "enable"}]
        assert told == ["announce", "enable"]
        assert set(two.paths) == set(prefixes)
    assert ear.withdrawals() == []


async def test_a_speaker_that_restarts_before_its_sessions_come_up_is_loaded_again(
    fleet: Fleet,
) -> None:
    one = Restarting("one", OURS, [Neighbour(PEER, Asn(64501), False, False)])  # noqa: FBT003
    prefixes = await fleet.add(*(f"31.0.{number}.0/24" for number in range(20)))
    async with reconciling(fleet, one):
        await fleet.announce(*prefixes)
        await until(fleet.settled)
        one.came_up_with.clear()
        one.kill()
        await until(lambda: dead(fleet, "one"))
        one.armed = True  # not before: a look that is under way would start it again
        one.start()
        await until(lambda: not one.armed)
        await until(lambda: one.sends_to(PEER, prefixes[-1]) is not None)
    assert one.came_up_with == [20]


async def test_nothing_is_waited_for_between_the_last_look_and_its_sessions(fleet: Fleet) -> None:
    one = RestartingAfterALook("one", OURS, [Neighbour(PEER, Asn(64501), False, False)])  # noqa: FBT003
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with reconciling(fleet, one):
        await until(lambda: one.restarted and one.sends_to(PEER, prefix) is not None)
    assert set(one.came_up_with) == {1}, "never without its route"


async def test_a_route_that_a_speaker_refuses_does_not_keep_its_sessions_down(fleet: Fleet) -> None:
    one = speaker("one")
    kept, refused = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    one.loses.add(refused)
    async with reconciling(fleet, one):
        await until(lambda: one.sends_to(PEER, kept) is not None)


# Looks, the watcher's too, and what is only about drains.
_BESIDES = frozenset({"neighbours", "sent", "notes", "note", "drain"})


class Restarting(FakeSpeaker):
    """Restarts within a moment, once, just before it is asked for its sessions."""

    armed = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.came_up_with: list[int] = []

    async def neighbours(self) -> Sequence[Neighbour]:
        told = [one for one, _ in self.asked if one not in _BESIDES]
        if self.armed and told[-3:] == ["held", "announce", "held_of"]:
            self.armed = False
            self.kill()
            self.start()
        return await super().neighbours()

    async def enable(self, address: str, *, until: float = inf) -> None:
        self.came_up_with.append(len(self.paths))
        await super().enable(address, until=until)


class RestartingAfterALook(Restarting):
    """Restarts once, as soon as the reconciler waits for anything after its last look."""

    restarted = False

    async def count(self) -> int:
        answer = await super().count()
        told = [one for one, _ in self.asked if one not in _BESIDES]
        if not self.restarted and told[-3:] == ["takes_ours", "close_imports", "count"]:
            self.restarted = True
            loop = asyncio.get_running_loop()
            loop.call_soon(self.kill)
            loop.call_soon(self.start)
        return answer


async def test_a_stage_without_a_live_speaker_is_skipped_and_shown(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    one.kill()
    (prefix,) = await fleet.add("31.0.1.0/24")
    async with reconciling(fleet, one, two):
        await fleet.announce(prefix)
        await until(lambda: prefix in two.paths)
        await until(fleet.settled)
        assert await fleet.alarms("stage_skipped") <= {"stage 1"}
        one.start()
        await until(lambda: prefix in one.paths)


async def test_a_frozen_speaker_delays_no_other_of_its_stage(fleet: Fleet) -> None:
    one, frozen = speaker("one"), speaker("frozen")
    frozen.delay = 100
    (prefix,) = await fleet.add("31.0.1.0/24")
    async with reconciling(fleet, one, frozen, stages=[1, 1]):
        await fleet.announce(prefix)
        await until(lambda: prefix in one.paths, seconds=50)


async def test_an_announcement_that_was_done_without_an_answer_can_be_withdrawn(
    fleet: Fleet,
) -> None:
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.1.0/24")
    one.trouble, one.troubled = Trouble.ANSWER_LOST, frozenset({"announce"})
    async with reconciling(fleet, one):
        await fleet.announce(prefix)
        await until(lambda: prefix in one.paths)
        one.trouble = Trouble.REFUSED
        await fleet.withdraw(prefix)
        one.trouble, one.troubled = None, frozenset()
        await until(lambda: prefix not in one.paths)
        await until(fleet.settled)
    assert await fleet.orphans("one") == set()


async def test_without_any_route_sessions_stay_down(fleet: Fleet) -> None:
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.1.0/24")
    async with reconciling(fleet, one):
        await until(lambda: one.calls("held") > 2)
        assert one.calls("enable") == 0
        await fleet.announce(prefix)
        await until(lambda: one.sends_to(PEER, prefix) is not None)


async def test_one_process_reconciles_and_another_takes_over(fleet: Fleet) -> None:
    first, second = speaker("one"), speaker("one")
    prefixes = await fleet.add("31.0.1.0/24", "31.0.2.0/24")
    async with reconciling(fleet, second):
        async with reconciling(fleet, first):
            await fleet.announce(prefixes[0])
            await until(lambda: bool(first.paths or second.paths))
            await until(fleet.settled)
            assert not (first.calls("held") and second.calls("held"))
        for one in (first, second):
            one.asked.clear()
        await fleet.do(KILL_THE_LOCK)
        await fleet.announce(prefixes[1])
        await until(lambda: prefixes[1] in first.paths or prefixes[1] in second.paths)


async def test_who_takes_over_looks_again_at_every_stage(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    prefixes = await fleet.add("31.0.1.0/24", "31.0.2.0/24")
    async with reconciling(fleet, one, two, listeners=[ear]):
        await fleet.announce(*prefixes)
        await until(fleet.settled)
    await fleet.do("UPDATE bgp_prefixes SET settled = 0")
    async with reconciling(fleet, one, two, listeners=[ear]):
        await until(fleet.settled)
    assert ear.withdrawals() == []


async def test_who_takes_over_looks_a_second_time_soon_after(fleet: Fleet) -> None:
    """The leader before may have been paused just before it told the speaker something."""
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.1.0/24", advertised=True)
    await fleet.do("UPDATE bgp_prefixes SET settled = change")  # nothing waits to be seen
    seldom = replace(QUICK, every=timedelta(minutes=1))
    async with reconciling(fleet, one, pace=seldom):
        await until(lambda: one.sends_to(PEER, prefix) is not None)
        one.lose(prefix)
        await until(lambda: prefix in one.paths, seconds=40)


async def test_the_database_goes_away_and_routes_stay(fleet: Fleet) -> None:
    one = speaker("one")
    ear = listener(one)
    prefixes = await fleet.add(*(f"31.0.{number}.0/24" for number in range(20)))
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(*prefixes[:10])
        await until(fleet.settled)
        for _ in range(5):
            await fleet.do(KILL_ALL)
            await asyncio.sleep(0.1)
        await fleet.announce(*prefixes[10:])
        await until(lambda: set(one.paths) == set(prefixes))
        await until(fleet.settled)
    assert ear.withdrawals() == []
