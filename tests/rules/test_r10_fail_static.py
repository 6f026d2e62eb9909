"""R10: no loss of data, of a speaker or of the database takes a route down."""

import asyncio
from datetime import UTC, datetime
from ipaddress import ip_network
from uuid import uuid4

import pytest

from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path, Route
from byoip.domain.speakers.reconciliation import DesiredRoute, RouteState, plan
from tests.announcing import (
    MARKING,
    OURS,
    Fleet,
    listener,
    looks,
    path,
    reconciling,
    speaker,
    until,
)

CIDRS = [f"31.0.{number}.0/24" for number in range(60)]


def test_nothing_desired_and_ten_thousand_held_are_ten_thousand_orphans() -> None:
    held: dict[Prefix, Path] = {}
    for network in ip_network("100.64.0.0/10").subnets(new_prefix=24):
        held[Prefix(network)] = path(Prefix(network))
    made = plan([], MARKING, lambda _: True, held)
    assert len(made.orphans) == len(held) > 10_000
    assert (made.withdraw, made.decided, made.announce) == ([], [], [])


async def test_an_empty_database_withdraws_nothing(fleet: Fleet) -> None:
    one = speaker("one")
    held = [Prefix.parse(cidr) for cidr in CIDRS]
    one.put(*(path(prefix) for prefix in held))
    await one.enable("127.0.0.2")
    ear = listener(one)
    async with reconciling(fleet, one, listeners=[ear]):
        await looks(one)
        assert await fleet.orphans("one") == set(held)
    assert set(one.paths) == set(held)
    assert ear.withdrawals() == []


@pytest.mark.parametrize("announced_at_backup", [0, 20])
async def test_a_restored_backup_withdraws_nothing(fleet: Fleet, announced_at_backup: int) -> None:
    """The backup knows less than the speakers do: of some routes nothing, of others the past."""
    one = speaker("one")
    ear = listener(one)
    prefixes = await fleet.add(*CIDRS)
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(*prefixes[:announced_at_backup])
        await until(fleet.settled)
    await fleet.do("CREATE SCHEMA backup")
    for table in ("bgp_prefixes", "applied_routes", "withdrawals"):
        await fleet.do(f"CREATE TABLE backup.{table} AS TABLE public.{table}")
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(*prefixes[announced_at_backup:])
        await until(fleet.settled)
    await restore(fleet)
    async with reconciling(fleet, one, listeners=[ear]):
        await looks(one)
        assert await fleet.orphans("one") == set(prefixes[announced_at_backup:])
    assert set(one.paths) == set(prefixes)
    assert ear.withdrawals() == []


async def restore(fleet: Fleet) -> None:
    """Put the rows back as they were; triggers are off, as they are for pg_restore."""
    await fleet.do("ALTER TABLE bgp_prefixes DISABLE TRIGGER USER")
    await fleet.do("DELETE FROM applied_routes")
    await fleet.do("INSERT INTO applied_routes TABLE backup.applied_routes")
    await fleet.do(
        "UPDATE bgp_prefixes b SET advertised = o.advertised, binding_id = o.binding_id,"
        " change = o.change, settled = o.settled, advertised_modified_at ="
        " o.advertised_modified_at, withdrawal_id = o.withdrawal_id"
        " FROM backup.bgp_prefixes o WHERE o.id = b.id"
    )
    await fleet.do("ALTER TABLE bgp_prefixes ENABLE TRIGGER USER")


async def test_marks_that_are_lost_withdraw_nothing(fleet: Fleet) -> None:
    one = speaker("one")
    ear = listener(one)
    prefixes = await fleet.add(*CIDRS)
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(*prefixes)
        await until(fleet.settled)
    await fleet.do("DELETE FROM applied_routes")
    async with reconciling(fleet, one, listeners=[ear]):
        await looks(one)
        known = await fleet.routes.states("one")
        assert all(each.applied.advertised for each in known), "they are taken for ours again"
    assert ear.withdrawals() == []


async def test_the_database_away_in_the_middle_withdraws_nothing(fleet: Fleet) -> None:
    one = speaker("one")
    ear = listener(one)
    prefixes = await fleet.add(*CIDRS)
    away = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(*prefixes)
        for _ in range(10):
            await asyncio.sleep(0.07)
            await fleet.do(away)
        await until(lambda: set(one.paths) == set(prefixes))
        await until(fleet.settled)
    assert ear.withdrawals() == []


async def test_a_listener_that_answers_with_nothing_takes_no_settled_route_down(
    fleet: Fleet,
) -> None:
    one = speaker("one")
    ear = listener(one)
    prefixes = await fleet.add(*CIDRS)
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(*prefixes)
        await until(fleet.settled)
        ear.absent.update(prefixes)
        await looks(one, count=5)
        assert set(one.paths) == set(prefixes)
    assert await fleet.ask("SELECT FROM withdrawals") == []


def test_a_row_that_says_withdrawn_takes_nothing_that_we_did_not_give() -> None:
    """As in a restored backup: the row is of the past, the path of today."""
    prefix = Prefix.parse("31.0.0.0/24")
    desired = DesiredRoute(
        bgp_prefix_id=uuid4(),
        claim_id=uuid4(),
        route=Route(prefix, OURS),
        advertised=False,
        change=3,
        settled=3,
        at=datetime.now(UTC),
        withdrawal_id=uuid4(),
        request_id="long ago",
    )
    made = plan([RouteState(desired)], MARKING, lambda _: True, {prefix: path(prefix)})
    assert (made.withdraw, list(made.orphans)) == ([], [prefix])
