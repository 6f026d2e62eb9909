from contextlib import nullcontext
from typing import Any

import pytest

from byoip.domain.accounts.credential import NotAuthenticated
from byoip.domain.accounts.let_in import LetIn
from byoip.domain.accounts.people import Role
from byoip.domain.customer_text import InvalidText
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Source
from byoip.domain.speakers.route_snapshot import (
    OrphanNotFound,
    RouteSnapshotNotFound,
    SnapshotRoute,
)
from byoip.store.speakers.route_history import RouteReader
from byoip.usecases.accounts import people
from byoip.usecases.routes.withdraw import withdraw
from byoip.usecases.speakers import orphans
from byoip.usecases.speakers.restore_snapshot import RestoreSnapshot, RolledBack
from tests.announcing import Fleet, path
from tests.fakes.backend import RandomHex
from tests.usecases.verbs import Verb

CLI = Actor("cli", "cli-1")
CIDRS = [f"31.0.{number}.0/24" for number in range(6)]


async def snapshot(fleet: Fleet) -> int:
    """All that is advertised was applied by one speaker: keep that."""
    known = await fleet.routes.states("one")
    await fleet.routes.mark_announced("one", [one.desired for one in known], fleet.clock.now())
    number = await fleet.routes.take_snapshot()
    assert number is not None
    await fleet.do("UPDATE bgp_prefixes SET last_valid_at = now()")  # so that no ROAs are needed
    return number


async def taken(fleet: Fleet, prefix: Prefix, source: Source) -> None:
    claim, _, row = fleet.ids[prefix]
    async with fleet.store.transaction(actor=CLI) as tx:
        await tx.claims.lock(claim)
        found = await tx.bgp_prefixes.get(claim, row)
        await withdraw(tx, found, source=source, job="tidy", run="1")


async def rolled_back(fleet: Fleet, number: int, *, dry_run: bool = False) -> RolledBack:
    rollback = RestoreSnapshot(fleet.store)
    return await rollback(number, reason="the accident", by=CLI, dry_run=dry_run)


async def test_only_what_no_owner_has_withdrawn_is_announced_again(fleet: Fleet) -> None:
    kept, owners, offboarded, jobs, revoked = await fleet.add(*CIDRS[:5], advertised=True)
    number = await snapshot(fleet)
    (newer,) = await fleet.add(CIDRS[5], advertised=True)
    await fleet.withdraw(owners)
    await taken(fleet, offboarded, Source.OFFBOARDING)
    await taken(fleet, jobs, Source.JOB)
    await taken(fleet, revoked, Source.JOB)
    await fleet.do(
        "UPDATE prefixes SET state = 'pending', approved_at = NULL, approved_by = NULL"
        " WHERE cidr = CAST(:cidr AS cidr)",
        cidr=str(revoked),
    )

    tried = await rolled_back(fleet, number, dry_run=True)
    assert await fleet.wanted() == {kept, newer}
    done = await rolled_back(fleet, number)

    assert tried == done
    assert (done.announced, done.kept, done.newer) == ([jobs], [kept], [newer])
    reasons = dict(done.refused)
    assert reasons.keys() == {owners, offboarded, revoked}
    assert reasons[owners] == "its owner has withdrawn it since"
    assert await fleet.wanted() == {kept, jobs, newer}
    kinds = await fleet.ask("SELECT kind, reason FROM operator_events")
    assert kinds == [("routes.rolled_back", "the accident")]


async def test_origin_validation_is_asked_again(fleet: Fleet) -> None:
    (prefix,) = await fleet.add(CIDRS[0], advertised=True)
    number = await snapshot(fleet)
    await taken(fleet, prefix, Source.JOB)
    await fleet.do("UPDATE bgp_prefixes SET last_valid_at = NULL")
    done = await rolled_back(fleet, number)
    assert done.announced == []
    assert "Origin validation" in done.refused[0][1]


async def test_a_snapshot_that_is_not_kept_and_a_reason_that_is_not_given(fleet: Fleet) -> None:
    with pytest.raises(RouteSnapshotNotFound):
        await rolled_back(fleet, 7)
    with pytest.raises(InvalidText):
        await RestoreSnapshot(fleet.store)(7, reason=" ", by=CLI, dry_run=True)


async def test_what_its_owner_withdrew_before_the_snapshot_is_not_in_it(fleet: Fleet) -> None:
    kept, taken_back = await fleet.add(*CIDRS[:2], advertised=True)
    known = await fleet.routes.states("away")
    await fleet.routes.mark_announced("away", [one.desired for one in known], fleet.clock.now())
    await fleet.withdraw(taken_back)  # the speaker is away: its mark stays
    number = await snapshot(fleet)
    await taken(fleet, kept, Source.JOB)
    done = await rolled_back(fleet, number)
    assert (done.announced, done.refused) == ([kept], [])
    assert await fleet.wanted() == {kept}


async def test_what_its_owner_withdraws_during_the_run_stays_so(fleet: Fleet) -> None:
    first, second = await fleet.add(*CIDRS[:2], advertised=True)
    number = await snapshot(fleet)
    await taken(fleet, first, Source.JOB)

    class Meanwhile(RestoreSnapshot):
        async def _prepare(self, number: int, made: RolledBack) -> Any:
            found = await RestoreSnapshot._prepare(self, number, made)
            await fleet.withdraw(second)
            return found

    rollback = Meanwhile(fleet.store)
    done = await rollback(number, reason="the accident", by=CLI, dry_run=False)
    assert done.announced == [first]
    assert dict(done.refused) == {second: "its owner has withdrawn it since"}
    assert await fleet.wanted() == {first}


@pytest.mark.parametrize("many", [1, 2], ids=["before the second", "after the last"])
async def test_it_ends_with_whom_it_is_done_for_and_what_was_done_is_recorded(
    fleet: Fleet, many: int
) -> None:
    first, second = await fleet.add(*CIDRS[:2], advertised=True)
    number = await snapshot(fleet)
    for one in (first, second):
        await taken(fleet, one, Source.JOB)
    async with fleet.store.transaction(actor=CLI) as tx:
        of: dict[str, Any] = {"mint": RandomHex(), "role": Role.OPERATOR, "reason": "test"}
        nora, _ = [await people.add(tx, None, name=name, **of) for name in ("Nora", "Ada")]

    done: list[Prefix] = []

    class Removing(RestoreSnapshot):
        async def _restore(self, route: SnapshotRoute, *of: Any, **more: Any) -> None:
            await super()._restore(route, *of, **more)
            done.append(route.cidr)
            if len(done) == many:
                async with fleet.store.transaction(actor=CLI) as tx:
                    await people.remove(tx, None, nora.id, reason="test")

    by = Actor("operator:x", "test", LetIn.in_person(nora))
    with pytest.raises(NotAuthenticated) if many == 1 else nullcontext():
        await Removing(fleet.store)(number, reason="the accident", by=by, dry_run=False)
    assert await fleet.wanted() == set(done)
    asked = "SELECT after FROM operator_events WHERE kind = 'routes.rolled_back'"
    [(after,)] = await fleet.ask(asked)
    assert after["announced"] == [str(one) for one in done]
    assert len(done) == many


async def test_the_owners_last_word_counts(fleet: Fleet) -> None:
    (prefix,) = await fleet.add(CIDRS[0], advertised=True)
    number = await snapshot(fleet)
    await fleet.withdraw(prefix)
    await fleet.announce(prefix)
    await taken(fleet, prefix, Source.JOB)
    assert (await rolled_back(fleet, number)).announced == [prefix]


async def test_prepends_are_those_that_the_owner_asked_for_last(fleet: Fleet) -> None:
    (prefix,) = await fleet.add(CIDRS[0], advertised=True)
    number = await snapshot(fleet)
    await fleet.announce(prefix, prepend=2)
    await taken(fleet, prefix, Source.JOB)
    assert (await rolled_back(fleet, number)).announced == [prefix]
    assert (await fleet.desired(prefix)).desired.prepend == 2


async def test_a_snapshot_bears_the_time_of_the_database(fleet: Fleet) -> None:
    await fleet.add(CIDRS[0], advertised=True)
    await snapshot(fleet)
    assert await fleet.ask("SELECT now() - at < interval '1 minute' FROM route_snapshots") == [
        (True,)
    ]


# Each minute of ten days: number n was taken 14,400 - n minutes ago.
EACH_MINUTE = """
    INSERT INTO route_snapshots
    SELECT n, now() - (14400 - n) * interval '1 minute', '[]'
    FROM generate_series(1, 14400) AS n
"""


async def test_snapshots_of_the_last_hour_and_one_an_hour_for_a_week_are_kept(fleet: Fleet) -> None:
    await fleet.do(EACH_MINUTE)
    await fleet.do("UPDATE route_snapshots SET at = at - interval '1 second'")
    await fleet.add(CIDRS[0], advertised=True)
    assert await snapshot(fleet) == 14401
    ages = await fleet.ask(
        "SELECT extract(epoch FROM now() - at) / 60 FROM route_snapshots ORDER BY at DESC"
    )
    minutes = [float(age) for (age,) in ages]
    assert sum(age < 59 for age in minutes) == 60
    assert 166 <= sum(age >= 62 for age in minutes) <= 169
    assert 7 * 24 * 60 - 61 <= max(minutes) <= 7 * 24 * 60 + 61


async def test_what_stood_until_just_now_is_kept_however_old(fleet: Fleet) -> None:
    await fleet.do("INSERT INTO route_snapshots VALUES (1, now() - interval '30 days', '[]')")
    await fleet.add(*CIDRS[:2], advertised=True)
    assert await snapshot(fleet) == 2  # the accident, say
    await fleet.withdraw(Prefix.parse(CIDRS[0]))
    assert await snapshot(fleet) == 3
    numbers = [number for number, _, _ in await RouteReader(fleet.engine).snapshots()]
    assert numbers == [3, 2, 1]


async def test_a_decision_about_an_orphan_names_who_and_why(fleet: Fleet) -> None:
    prefix = Prefix.parse(CIDRS[0])
    decide = Verb(fleet.store, orphans.withdraw)
    with pytest.raises(OrphanNotFound):
        await decide("one", CIDRS[0], name="A. Person", reason="left over", by=CLI)
    await fleet.routes.note_orphans("one", {prefix: path(prefix)}, fleet.clock.now())
    await decide("one", CIDRS[0], name="A. Person", reason="left over", by=CLI)
    assert await fleet.routes.decided_orphans("one") == {prefix}
    assert await fleet.routes.decided_orphans("two") == set()
    (orphan,) = await RouteReader(fleet.engine).orphans()
    assert (orphan.decided_by, orphan.decided_because) == ("A. Person", "left over")
    # One that goes and comes back is decided again.
    await fleet.routes.note_orphans("one", {}, fleet.clock.now())
    await fleet.routes.note_orphans("one", {prefix: path(prefix)}, fleet.clock.now())
    assert await fleet.routes.decided_orphans("one") == set()
