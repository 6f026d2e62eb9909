"""An announcement that no listener sees is taken back, within the breaker's ceilings."""

from typing import Any
from uuid import uuid4

from byoip.domain.routes.breaker import Ceilings, Trip, TripScope
from byoip.store.transaction import Store
from byoip.usecases.speakers.retract import ROLL_BACK
from tests.announcing import OURS, Fleet, listener, path, reconciling, speaker, until
from tests.fakes.speaker import FakeListener
from tests.worker.waits import absent, holds, told, trips


async def test_an_announcement_that_is_absent_is_rolled_back_and_counted(fleet: Fleet) -> None:
    one, two = speaker("one"), speaker("two")
    ear = listener(one, two)
    kept, lost = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    ear.absent.add(lost)
    async with reconciling(fleet, one, two, listeners=[ear]):
        await fleet.announce(kept, lost)
        await until(lambda: kept in two.paths)
        await until(lambda: lost not in one.paths and one.calls("withdraw") > 0)
        await until(fleet.settled)
    assert lost not in two.paths
    assert not (await fleet.desired(lost)).desired.advertised
    ledger = await fleet.ask("SELECT source, job, change FROM withdrawals")
    assert ledger == [("roll_back", "roll_back", 3)]


async def test_a_roll_back_that_the_breaker_stops_leaves_the_route_announced(fleet: Fleet) -> None:
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


async def test_what_the_breaker_stops_is_not_tried_again_each_round(fleet: Fleet) -> None:
    fleet = Fleet(fleet.engine, ceilings=Ceilings(per_run=2))
    one = speaker("one")
    ear = listener(one)
    lost = await fleet.add(*(f"31.0.{number}.0/24" for number in range(20)))
    ear.absent.update(lost)
    counting = Counting(fleet.store)
    async with reconciling(fleet, one, listeners=[ear], store=counting):
        await fleet.announce(*lost)
        await until(lambda: trips(fleet))
        await until(lambda: absent(fleet, 18))
        before, looks = counting.begun, one.calls("sent")
        assert before > 0
        await until(lambda: one.calls("sent") >= looks + 3)
        assert counting.begun == before
        assert len(await fleet.wanted()) == 18
        assert len(await fleet.alarms("absent")) == 18


async def test_one_accounts_open_breaker_holds_up_no_other_accounts_roll_back(fleet: Fleet) -> None:
    one = speaker("one")
    ear = listener(one)
    tripped = uuid4()
    (kept,) = await fleet.add("31.0.0.0/24", account=tripped)
    (lost,) = await fleet.add("31.0.1.0/24")
    ear.absent.update((kept, lost))
    async with fleet.store.transaction() as tx:
        trip = Trip(TripScope.ACCOUNT, tripped.hex, "a test")
        await tx.breaker.trip([trip], actor="test", request_id="test")
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(kept, lost)
        await until(lambda: lost not in one.paths and one.calls("withdraw") > 0)
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


class Counting(Store):
    """A store that counts transactions that would take an announcement back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.begun = 0

    def transaction(self, *args: Any, **kwargs: Any) -> Any:
        by = kwargs.get("actor")
        self.begun += by is not None and by.request_id.startswith(ROLL_BACK)
        return self._store.transaction(*args, **kwargs)
