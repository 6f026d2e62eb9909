"""`byoip advertise`: with a database and nothing else."""

import psycopg
from typer.testing import CliRunner, Result

from byoip.cli.commands import app

SNAPSHOT = "INSERT INTO route_snapshots (number, at, routes) VALUES (7, now(), '[]')"


def run(database_url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["advertise", *arguments], env={"DATABASE_URL": database_url})


def events(database_url: str) -> list[tuple[str, str, str]]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT kind, actor, reason FROM operator_events ORDER BY number")
        return rows.fetchall()


def test_a_number_is_all_that_a_rollback_needs(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(SNAPSHOT)
    done = run(database_url, "rollback", "7")
    assert done.exit_code == 0
    assert done.output.startswith("Announced again: 0.")
    named = run(database_url, "rollback", "7", "--name", "A. Person", "--reason", "ticket 4711")
    assert named.exit_code == 0
    first, second = events(database_url)
    assert (first[0], first[2]) == ("routes.rolled_back", "rollback to snapshot 7")
    assert first[1].removeprefix("cli:"), "the account that is logged in"
    assert second == ("routes.rolled_back", "cli:A. Person", "ticket 4711")


def test_a_snapshot_that_is_not_kept_is_said_to_be_so(database_url: str) -> None:
    assert run(database_url, "rollback", "8").exit_code == 1


def test_a_restore_is_said_by_a_named_person(database_url: str) -> None:
    assert run(database_url, "restored", "--reason", "ticket 4711").exit_code == 2
    done = run(database_url, "restored", "--name", "A. Person", "--reason", "ticket 4711")
    assert done.exit_code == 0
    assert done.output.startswith("Forgotten: 0 applied routes, and decisions; 0 orphans stay.")
    assert events(database_url)[0] == ("routes.disowned", "cli:A. Person", "ticket 4711")
