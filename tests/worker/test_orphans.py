"""Routes that a speaker has and the database does not know stay, until an operator decides."""

from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Ceilings
from byoip.store.speakers.routes import Routes
from tests.announcing import Fleet, looks, path, reconciling, speaker, until


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


async def test_orphans_go_on_an_operators_word_and_no_faster_than_the_ceiling(fleet: Fleet) -> None:
    one = speaker("one")
    fleet.routes = Routes(fleet.engine, Ceilings(per_minute=2))
    orphans = [Prefix.parse(f"31.0.{number}.0/24") for number in range(4)]
    one.put(*(path(orphan) for orphan in orphans))
    async with reconciling(fleet, one):
        await until(lambda: orphaned(fleet, "one", orphans[0]))
        await fleet.do(DECIDE_ALL)
        await until(lambda: len(one.paths) == 2)
        await looks(one)
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


async def test_an_orphan_that_an_owner_wants_by_now_stays(fleet: Fleet) -> None:
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
