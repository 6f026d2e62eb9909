"""`byoip kill-switch`: with a database and nothing else."""

from typer.testing import CliRunner, Result

from byoip.cli.commands import app
from byoip.domain.jobs.job_history import JobKind
from byoip.settings.names import SettingsError

WHY = ["--reason", "a ticket"]


def run(database_url: str | None, *arguments: str) -> Result:
    environment = {"DATABASE_URL": database_url}
    return CliRunner().invoke(app, ["kill-switch", *arguments], env=environment)


def test_a_job_is_stopped_and_started_without_an_api(database_url: str) -> None:
    assert run(database_url, "stop", "offboard", *WHY).output.strip() == "offboard is stopped."
    listed = run(database_url, "list").output
    assert all(kind in listed for kind in JobKind)
    assert "a ticket" in listed
    assert "cli:" in listed
    assert run(database_url, "start", "offboard", *WHY).output.strip() == "offboard may run."


def test_a_kind_that_is_not_there_is_refused(database_url: str) -> None:
    assert run(database_url, "stop", "everything", *WHY).exit_code == 2


def test_without_a_database_it_says_so() -> None:
    assert isinstance(run(None, "list").exception, SettingsError)
