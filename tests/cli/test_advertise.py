"""`byoip advertise`: with a database and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from typer.testing import CliRunner, Result

from byoip.cli.commands import app
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Source
from byoip.domain.speakers.route_snapshot import OrphanNotFound, RouteSnapshotNotFound
from byoip.settings.names import SettingsError
from byoip.store.engine import PoolSize, make_engine
from byoip.usecases.routes.withdraw import withdraw
from tests.announcing import Fleet, path

WHY = ["--reason", "a ticket"]
WHO = ["--speaker", "ams1", "--name", "A. Person"]
_T = TypeVar("_T")


def run(database_url: str | None, *arguments: str) -> Result:
    # Wide: what is under test is not where a terminal folds.
    environment = {"DATABASE_URL": database_url, "COLUMNS": "200"}
    return CliRunner().invoke(app, ["advertise", *arguments], env=environment)


def says(database_url: str, *arguments: str) -> str:
    result = run(database_url, *arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def with_fleet(database_url: str, work: Callable[[Fleet], Awaitable[_T]]) -> _T:
    async def main() -> _T:
        engine = make_engine(database_url, pool=PoolSize(kept=3, more=5, autocommit=2))
        try:
            return await work(Fleet(engine))
        finally:
            await engine.dispose()

    return asyncio.run(main())


async def withdrawn_by_a_job(fleet: Fleet) -> None:
    """Two routes are in snapshot 1; then a job, and an owner, withdraw one each."""
    jobs, owners = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    desired_routes = [one.desired for one in await fleet.routes.states("ams1")]
    await fleet.routes.mark_announced("ams1", desired_routes, fleet.clock.now())
    assert await fleet.routes.take_snapshot() == 1
    await fleet.do("UPDATE bgp_prefixes SET last_valid_at = now()")  # so that no ROAs are needed
    await fleet.withdraw(owners)
    claim, _, row = fleet.ids[jobs]
    async with fleet.store.transaction(actor=Actor("job", "job-1")) as tx:
        await tx.claims.lock(claim)
        found = await tx.bgp_prefixes.get(claim, row)
        await withdraw(tx, found, source=Source.JOB, job="tidy", run="1")


def wanted(database_url: str) -> set[Prefix]:
    return with_fleet(database_url, lambda fleet: fleet.wanted())


def test_a_roll_back_is_tried_and_then_done(database_url: str) -> None:
    with_fleet(database_url, withdrawn_by_a_job)
    assert "1" in says(database_url, "snapshots")

    tried = says(database_url, "rollback", "1", "--dry-run", *WHY)
    assert "Would be announced again: 1.\n  31.0.0.0/24\n" in tried
    assert "31.0.1.0/24: its owner has withdrawn it since" in tried
    assert wanted(database_url) == set()

    done = says(database_url, "rollback", "1", *WHY)
    assert "Announced again: 1.\n  31.0.0.0/24\n" in done
    assert "Refused: 1." in done
    assert wanted(database_url) == {Prefix.parse("31.0.0.0/24")}
    assert "Announced anyway: 1." in says(database_url, "rollback", "1", *WHY)


def test_an_orphan_is_shown_and_withdrawn_on_a_word(database_url: str) -> None:
    prefix = Prefix.parse("31.0.0.0/24")

    async def found(fleet: Fleet) -> None:
        await fleet.routes.note_orphans("ams1", {prefix: path(prefix)}, fleet.clock.now())

    with_fleet(database_url, found)
    listed = says(database_url, "orphans")
    assert "31.0.0.0/24" in listed
    assert "not decided" in listed
    told = says(database_url, "orphan", "withdraw", "31.0.0.0/24", *WHO, *WHY)
    assert "31.0.0.0/24 will be withdrawn from ams1" in told
    assert "A. Person" in says(database_url, "orphans")
    decided = with_fleet(database_url, lambda fleet: fleet.routes.decided_orphans("ams1"))
    assert decided == {prefix}


def test_what_is_not_there_is_refused(database_url: str) -> None:
    missing = run(database_url, "rollback", "7", "--dry-run", *WHY)
    assert isinstance(missing.exception, RouteSnapshotNotFound)
    missing = run(database_url, "orphan", "withdraw", "31.0.0.0/24", *WHO, *WHY)
    assert isinstance(missing.exception, OrphanNotFound)


@pytest.mark.parametrize(
    "arguments",
    [("rollback", "0", *WHY), ("orphan", "withdraw", "31.0.0.0/24", *WHY)],
    ids=["no such number", "no speaker"],
)
def test_what_is_not_said_is_asked_for(database_url: str, arguments: tuple[str, ...]) -> None:
    assert run(database_url, *arguments).exit_code == 2


def test_without_a_database_it_says_so() -> None:
    assert isinstance(run(None, "snapshots").exception, SettingsError)
