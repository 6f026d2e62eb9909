"""`byoip doctor` and `byoip config check` as people and programs call them."""

import asyncio
import json
import subprocess

import psycopg
import pytest
from typer.testing import CliRunner

from byoip.cli.commands import app
from byoip.domain.errors import Fixable
from tests.doctor.healthy import Service
from tests.end_to_end.running import BYOIP, environment


def as_environment(service: Service) -> dict[str, str]:
    """Its settings in a file and the environment."""
    file = service.directory / "byoip.toml"
    tables = [
        "[[registries]]\n" + "\n".join(f"{name} = {json.dumps(it)}" for name, it in one.items())
        for one in service.settings["registries"]
    ]
    scalars = [
        f"{name} = {json.dumps(str(value))}"
        for name, value in service.settings.items()
        if name != "registries"
    ]
    file.write_text("\n".join((*scalars, *tables)))
    return environment(
        BYOIP_CONFIG=str(file), DATABASE_URL=service.database_url, COLUMNS="60", NO_COLOR="1"
    )


async def called(service: Service, *words: str) -> tuple[int, str, str]:
    """Status, output and errors, in a thread: the test's loop goes on answering it."""
    env = as_environment(service)
    done = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=env)
    if isinstance(done.exception, Fixable):  # as `main` has it
        return 2, done.stdout, str(done.exception)
    return done.exit_code, done.stdout, done.stderr


async def process(service: Service, *words: str) -> tuple[int, str]:
    """Status and all that it says, of a process that ends by itself."""
    argv, env = [str(BYOIP), *words], as_environment(service)
    both, one = subprocess.PIPE, subprocess.STDOUT

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, env=env, stdout=both, stderr=one, text=True, check=False, timeout=120
        )

    ended = await asyncio.to_thread(run)
    return ended.returncode, ended.stdout


async def test_a_program_reads_the_findings_and_the_status(healthy: Service) -> None:
    status, said = await process(healthy, "doctor", "--json")
    assert (status, json.loads(said)["healthy"]) == (0, True), said
    healthy.settings["registries"][3] |= {"port": 1}
    status, said = await process(healthy, "doctor", "--json")
    told = json.loads(said)
    assert (status, told["healthy"]) == (1, False)
    (lost,) = [one for one in told["findings"] if one["state"] == "fault"]
    assert set(lost) == {"check", "subject", "state", "said", "fix"}
    assert (lost["check"], lost["subject"]) == ("registry", "lacnic")


async def test_people_see_a_table_with_the_fix_that_cuts_nothing(healthy: Service) -> None:
    del healthy.settings["origin_asns"]
    status, said = await process(healthy, "doctor")
    assert status == 1
    (line,) = [one for one in said.splitlines() if "│ settings" in one]
    assert "fault" in line
    assert "BYOIP_ORIGIN_ASNS is required: the ASNs you announce from." in line
    assert "Set it in the environment or in BYOIP_CONFIG." in line
    assert "1 to mend." in said
    assert "…" not in said


def test_settings_that_cannot_be_read_are_a_finding() -> None:
    done = CliRunner().invoke(app, ["doctor", "--json"], env={"BYOIP_TOKEN_DAYS": "99"})
    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [one["check"] for one in told["findings"]] == ["settings"]
    assert "token_days" in told["findings"][0]["said"]


async def test_config_check_passes_what_serves(healthy: Service) -> None:
    status, _, wrong = await called(healthy, "config", "check")
    assert status == 0, wrong


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [("origin_asns", "", "BYOIP_ORIGIN_ASNS"), ("host", "0.0.0.0", "BYOIP_PUBLIC_URL")],
)
async def test_stumble_17_config_check_refuses_settings_that_up_refuses(
    healthy: Service, setting: str, value: str, said: str
) -> None:
    healthy.settings[setting] = value
    healthy.settings.pop("public_url")
    status, _, wrong = await called(healthy, "config", "check")
    assert status == 1
    assert f"{said} is required" in wrong
    if setting == "origin_asns":  # a process takes its time
        status, wrong = await process(healthy, "up", "--port", "0")
        assert status == 2
        assert f"{said} is required" in " ".join(wrong.split())


@pytest.mark.parametrize(
    ("statement", "status", "said"),
    [
        ("UPDATE deployment SET mode = 'sandbox'", 2, "This database is stamped sandbox"),
        ("UPDATE alembic_version SET version_num = '9999'", 1, "a newer byoip was at work"),
    ],
)
async def test_config_check_refuses_databases_that_up_refuses(
    healthy: Service, statement: str, status: int, said: str
) -> None:
    with psycopg.connect(healthy.database_url) as connection:
        connection.execute("ALTER TABLE deployment DISABLE TRIGGER USER")
        connection.execute(statement.encode())
    ended, _, wrong = await called(healthy, "config", "check")
    assert (ended, said in wrong) == (status, True), wrong
    ended, wrong = await process(healthy, "up", "--port", "0")
    assert ended == 2, wrong
