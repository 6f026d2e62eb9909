import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Ceilings, Trip, TripScope
from byoip.ports.speakers.speaker import Neighbour
from byoip.store.speakers.routes import Routes
from byoip.store.transaction import Store
from byoip.worker.speaker_task import Pace
from tests.announcing import OURS, PEER, QUICK, Fleet, listener, path, reconciling, speaker, until
from tests.fakes.speaker import FakeListener, FakeSpeaker, Trouble

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
        assert two.calls("announce") == 0, "nobody could be asked: nobody moves"
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
        one.armed = True
        one.kill()
        await until(lambda: dead(fleet, "one"))
        one.start()
        await until(lambda: not one.armed)
        await until(lambda: one.sends_to(PEER, prefixes[-1]) is not None, seconds=3)
    assert one.came_up_with == [20]


async def test_a_route_that_a_speaker_refuses_does_not_keep_its_sessions_down(
    fleet: Fleet,
) -> None:
    one = speaker("one")
    kept, refused = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    one.loses.add(refused)
    async with reconciling(fleet, one):
        await until(lambda: one.sends_to(PEER, kept) is not None)


class Restarting(FakeSpeaker):
    """Restarts within a moment, once, just before it is asked for its sessions."""

    armed = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.came_up_with: list[int] = []

    async def neighbours(self) -> Sequence[Neighbour]:
        if self.armed and [one for one, _ in self.asked[-2:]] == ["held", "announce"]:
            self.armed = False
            self.kill()
            self.start()
        return await super().neighbours()

    async def enable(self, address: str) -> None:
        self.came_up_with.append(len(self.paths))
        await super().enable(address)


async def test_an_announcement_that_is_absent_is_rolled_back_and_counted(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    kept, lost = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    ear.absent.add(lost)
    async with reconciling(fleet, one, two, listeners=[ear]):
        await fleet.announce(kept, lost)
        await until(lambda: kept in two.paths)
        await until(lambda: lost not in one.paths and one.calls("withdraw") == 1)
        await until(fleet.settled)
    assert lost not in two.paths
    assert not (await fleet.desired(lost)).desired.advertised
    ledger = await fleet.ask("SELECT source, job, change FROM withdrawals")
    assert ledger == [("roll_back", "roll_back", 3)]


async def test_a_roll_back_that_the_breaker_stops_leaves_the_route_announced(
    fleet: Fleet,
) -> None:
    fleet = Fleet(fleet.engine, ceilings=Ceilings(per_run=0))
    one = speaker("one")
    ear = listener(one)
    (lost,) = await fleet.add("31.0.1.0/24")
    ear.absent.add(lost)
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(lost)
        await until(lambda: holds(fleet, "absent", lost))
        assert one.paths == {lost: path(lost)}
        assert (await fleet.desired(lost)).desired.advertised
        ear.absent.clear()
        await until(fleet.settled)
    trips = await fleet.ask("SELECT scope, subject FROM breaker_trips")
    assert ("job", "roll_back") in trips


async def test_a_breaker_that_stops_roll_backs_is_asked_once_a_round(fleet: Fleet) -> None:
    fleet = Fleet(fleet.engine, ceilings=Ceilings(per_run=2))
    one = speaker("one")
    ear = listener(one)
    lost = await fleet.add(*(f"31.0.{number}.0/24" for number in range(20)))
    ear.absent.update(lost)
    counting = Counting(fleet.store)
    async with reconciling(fleet, one, listeners=[ear], store=counting):
        await fleet.announce(*lost)
        await until(lambda: trips(fleet))
        await asyncio.sleep(0.5)
        before, looks = counting.begun, one.calls("sent")
        await asyncio.sleep(2)
        rounds = one.calls("sent") - looks
        assert 0 < counting.begun - before <= rounds + 1
        assert len(await fleet.wanted()) == 18
        assert len(await fleet.alarms("absent")) == 18


async def test_one_accounts_open_breaker_holds_up_no_other_accounts_roll_back(
    fleet: Fleet,
) -> None:
    one = speaker("one")
    ear = listener(one)
    tripped = uuid4()
    (kept,) = await fleet.add("31.0.0.0/24", account=tripped)
    (lost,) = await fleet.add("31.0.1.0/24")
    ear.absent.update((kept, lost))
    async with fleet.store.transaction() as tx:
        trip = Trip(TripScope.ACCOUNT, tripped.hex, "a test")
        await tx.breaker.trip([trip], fleet.clock.now(), actor="test", request_id="test")
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(kept, lost)
        await until(lambda: lost not in one.paths and one.calls("withdraw") == 1)
        await until(lambda: holds(fleet, "absent", kept))
    assert await fleet.wanted() == {kept}


async def test_what_a_listener_sees_is_not_taken_back(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    prefix, held = await fleet.add("31.0.1.0/24", "31.0.2.0/24")
    two.loses.add(prefix)
    async with reconciling(fleet, one, two, listeners=[ear]):
        await fleet.announce(held, prefix)  # sessions come up with the first route held
        await until(lambda: holds(fleet, "absent", prefix))
        assert (await fleet.desired(prefix)).desired.advertised
        two.loses.clear()
        await until(fleet.settled)
    assert ear.withdrawals() == []


async def test_what_was_seen_at_the_first_stage_is_not_taken_back_at_the_second(
    fleet: Fleet,
) -> None:
    one, two = speaker("one"), speaker("two")
    prefix, held = await fleet.add("31.0.1.0/24", "31.0.2.0/24")
    two.loses.add(prefix)
    async with reconciling(fleet, one, two):
        await fleet.announce(held, prefix)  # sessions come up with the first route held
        await until(lambda: holds(fleet, "absent", prefix))
        assert (await fleet.desired(prefix)).desired.advertised
    assert await fleet.ask("SELECT FROM withdrawals") == []


async def test_a_listener_without_a_session_takes_nothing_back(fleet: Fleet) -> None:
    one = speaker("one")
    ear = FakeListener((one,), address="127.0.0.9")
    (prefix,) = await fleet.add("31.0.1.0/24")
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(prefix)
        await until(fleet.settled)  # our own word stands in
    assert (await fleet.desired(prefix)).desired.advertised


async def test_a_changed_prepend_that_is_absent_is_shown_and_not_rolled_back(fleet: Fleet) -> None:
    one = speaker("one")
    ear = listener(one)
    (prefix,) = await fleet.add("31.0.1.0/24")
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(prefix)
        await until(fleet.settled)
        ear.absent.add(prefix)
        await fleet.announce(prefix, prepend=3)
        await until(lambda: holds(fleet, "absent", prefix))
        assert one.paths == {prefix: path(prefix, prepend=3)}
        await until(lambda: told(fleet, "bgp_prefix.absent"))
    assert await fleet.ask("SELECT FROM withdrawals") == []


async def test_a_withdrawal_that_is_still_seen_is_shown_and_not_undone(fleet: Fleet) -> None:
    one = speaker("one")
    ear = listener(one)
    (prefix,) = await fleet.add("31.0.1.0/24")
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(prefix)
        await until(fleet.settled)
        ear.lies[prefix] = frozenset({OURS})
        await fleet.withdraw(prefix)
        await until(lambda: holds(fleet, "still_seen", prefix))
        assert prefix not in one.paths
        async with fleet.store.transaction() as tx:
            claim, _, row = fleet.ids[prefix]
            assert await tx.bgp_prefixes.lingering(claim) == [row]
        one.put(path(prefix))  # it comes back by itself: told again
        await until(lambda: prefix not in one.paths)
        del ear.lies[prefix]
        await until(fleet.settled)
    assert await told(fleet, "bgp_prefix.still_seen")


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


async def test_a_frozen_speaker_delays_nobody_of_its_stage(fleet: Fleet) -> None:
    one, frozen = speaker("one"), speaker("frozen")
    frozen.delay = 5
    (prefix,) = await fleet.add("31.0.1.0/24")
    async with reconciling(fleet, one, frozen, stages=[1, 1]):
        await fleet.announce(prefix)
        await until(lambda: prefix in one.paths, seconds=2)


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
            assert not (first.asked and second.asked)
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
    """Whoever had the turn before may have been paused just before a word to the speaker."""
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.1.0/24", advertised=True)
    await fleet.do("UPDATE bgp_prefixes SET settled = change")  # nothing waits to be seen
    seldom = Pace(every=timedelta(minutes=1), absent_for=QUICK.absent_for, probe=QUICK.probe)
    async with reconciling(fleet, one, pace=seldom):
        await until(lambda: one.sends_to(PEER, prefix) is not None)
        one.lose(prefix)
        await until(lambda: prefix in one.paths, seconds=6)


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


async def test_a_backup_from_amid_a_withdrawal_withdraws_nothing(fleet: Fleet) -> None:
    one = speaker("one")
    kept, taken_back = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with reconciling(fleet, one):
        await fleet.announce(kept, taken_back)
        await until(fleet.settled)
    await fleet.withdraw(taken_back)
    # Here the backup is taken; the route is withdrawn, announced again, and up for weeks.
    await fleet.do("UPDATE incarnation SET identity = 'the cluster of then'")
    async with reconciling(fleet, one):
        await until(lambda: orphaned(fleet, "one", taken_back))
        assert set(one.paths) == {kept, taken_back}
        known = await fleet.ask("SELECT may_hold, advertised FROM applied_routes")
        assert known == [(True, True)], "what a row wants is taken for ours"
        await fleet.announce(taken_back)
        await until(fleet.settled)
        await until(lambda: adopted(fleet, "one"))
        await fleet.withdraw(taken_back)
        await until(lambda: set(one.paths) == {kept})
    assert one.calls("withdraw") == 1


async def test_orphans_go_on_an_operators_word_and_no_faster_than_the_ceiling(
    fleet: Fleet,
) -> None:
    one = speaker("one")
    fleet.routes = Routes(fleet.engine, Ceilings(per_minute=2))
    orphans = [Prefix.parse(f"31.0.{number}.0/24") for number in range(4)]
    one.put(*(path(orphan) for orphan in orphans))
    async with reconciling(fleet, one):
        await until(lambda: orphaned(fleet, "one", orphans[0]))
        await fleet.do(DECIDE_ALL)
        await until(lambda: len(one.paths) == 2)
        await asyncio.sleep(1)
        assert set(one.paths) == set(orphans[2:]), "the next two a minute later"
        assert await fleet.orphans("one") == set(orphans[2:])
    ledger = await fleet.ask("SELECT speaker, decided_by FROM orphan_withdrawals")
    assert ledger == [("one", "A. Person")] * 2


async def test_no_orphan_goes_while_the_breaker_is_open_for_all(fleet: Fleet) -> None:
    orphan = Prefix.parse("31.0.0.0/24")
    await fleet.routes.note_orphans("one", {orphan: path(orphan)}, fleet.clock.now())
    await fleet.do(DECIDE_ALL)
    await fleet.do(
        "INSERT INTO breaker_trips (id, scope, subject, why, at)"
        " VALUES (gen_random_uuid(), 'global', '', 'too many', now())"
    )
    assert await fleet.routes.permit_orphan_withdrawals("one", [orphan]) == set()
    await fleet.do(
        "UPDATE breaker_trips SET rearmed_at = now(), rearmed_by = 'A', "
        "rearmed_because = 'b', parked = 'released'"
    )
    assert await fleet.routes.permit_orphan_withdrawals("two", [orphan]) == set()
    assert await fleet.routes.permit_orphan_withdrawals("one", [orphan]) == {orphan}


async def test_an_orphan_that_somebody_wants_by_now_stays(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    await fleet.routes.note_orphans("one", {prefix: path(prefix)}, fleet.clock.now())
    await fleet.do(DECIDE_ALL)
    assert await fleet.routes.permit_orphan_withdrawals("one", [prefix]) == set()
    assert await fleet.ask("SELECT FROM orphan_withdrawals") == []


DECIDE_ALL = (
    "UPDATE orphan_routes SET decision = 'withdraw', decided_by = 'A. Person',"
    " decided_because = 'left over'"
)


async def adopted(fleet: Fleet, name: str) -> bool:
    return not await fleet.orphans(name)


async def orphaned(fleet: Fleet, name: str, prefix: Prefix) -> bool:
    return prefix in await fleet.orphans(name)


class Counting(Store):
    """A store that counts its transactions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.begun = 0

    def transaction(self, *args: Any, **kwargs: Any) -> Any:
        self.begun += 1
        return self._store.transaction(*args, **kwargs)


async def trips(fleet: Fleet) -> bool:
    return bool(await fleet.ask("SELECT FROM breaker_trips"))


async def holds(fleet: Fleet, kind: str, prefix: Prefix) -> bool:
    return fleet.ids[prefix][2].hex in await fleet.alarms(kind)


async def none(fleet: Fleet, kind: str) -> bool:
    return not await fleet.alarms(kind)


async def dead(fleet: Fleet, name: str) -> bool:
    return bool(await fleet.ask("SELECT FROM speakers WHERE name = :name AND NOT alive", name=name))


async def told(fleet: Fleet, kind: str) -> bool:
    return bool(await fleet.ask("SELECT FROM events WHERE kind = :kind", kind=kind))
