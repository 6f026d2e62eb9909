"""Trust, 5.5: processes say what they lack, and refuse a database that lacks its migrations."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.api.application import create_application
from byoip.cli.commands import main
from byoip.domain.checks.delegated_statistics import REGISTRIES
from byoip.ports.checks.registrations import StatisticsFile
from byoip.sandbox.name_server import NameServer
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.engine import make_engine
from byoip.store.migrating import migrate
from byoip.usecases.checks import capabilities
from byoip.usecases.checks.capabilities import (
    LOOKED_AT_EVERY,
    AnchorsCovered,
    Capabilities,
    Look,
    Question,
    RoasLoaded,
    StatisticsLoaded,
)
from tests.api.bound import roas
from tests.api.world import World
from tests.fakes.backend import make_backend
from tests.leaping import leap

BYOIP = Path(sys.executable).with_name("byoip")
NEEDING = [
    pytest.param(["api", "--port", "0"], id="api"),
    pytest.param(["worker"], id="worker"),
    pytest.param(["account", "create", "Example", "--reason", "x"], id="account"),
    pytest.param(["rpki", "refresh"], id="rpki"),
    pytest.param(["kill-switch", "list"], id="kill-switch"),
    pytest.param(["advertise", "snapshots"], id="advertise"),
]


def environment(database_url: str, **more: str) -> dict[str, str]:
    settings = {"DATABASE_URL": database_url, "BYOIP_ORIGIN_ASNS": "64500", **more}
    inherited = ("PATH", "HOME", "PYTHONPATH")
    return {**{name: os.environ[name] for name in inherited if name in os.environ}, **settings}


@pytest.mark.parametrize("command", NEEDING)
def test_a_database_without_migrations_is_refused(
    bare_database_url: str,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment(bare_database_url).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["byoip", *command])
    with pytest.raises(SystemExit) as ended:
        main()
    refused(ended.value.code, capfd.readouterr().err, "The database has no migrations")


def test_a_database_of_another_version_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    ended = subprocess.run(
        [BYOIP, "api", "--port", "0"],
        env=environment(database_url),
        capture_output=True,
        timeout=120,
        text=True,
        check=False,
    )
    refused(ended.returncode, ended.stderr, "The database has revision 0001")


def refused(status: object, stderr: str, why: str) -> None:
    said = " ".join(stderr.split())
    assert (status, said.startswith(why)) == (2, True), stderr
    assert said.endswith("run `byoip migrate` of this version first."), stderr
    assert "Traceback" not in said


@pytest.fixture
async def forwarder() -> AsyncIterator[str]:
    """A name server that answers and validates nothing."""
    server = NameServer()
    port = await server.start(["127.0.0.1"])
    yield f"127.0.0.1:{port}"
    await server.stop()


STARTS = [
    pytest.param(["api", "--port", "0"], id="api"),
    pytest.param(["worker", "--rpki-cache"], id="worker"),
    pytest.param(["up", "--port", "0", "--data-dir"], id="up"),
]


@pytest.mark.parametrize("command", STARTS)
async def test_a_process_says_at_its_start_what_is_missing_with_the_remedy(
    bare_database_url: str, tmp_path: Path, forwarder: str, command: list[str]
) -> None:
    migrate(bare_database_url, "production")
    (tmp_path / "ripe.tal").touch()
    settings = {
        "BYOIP_RESOLVERS": forwarder,
        "BYOIP_RPKI_TALS": str(tmp_path),
        "BYOIP_STATISTICS_DIR": str(tmp_path),
    }
    place = [str(tmp_path / "data")] if command[-1].startswith("--") else []
    process = await asyncio.create_subprocess_exec(
        *(str(BYOIP), *command, *place),
        env=environment(bare_database_url, **settings),
        stderr=asyncio.subprocess.PIPE,
    )
    said = await until_said(process, 4 if place else 3)
    told = {text.split(", ")[1].split(":")[0]: text for text in said}
    assert f"no statistics of {', '.join(sorted(REGISTRIES))}" in told["statistics"]
    assert "byoip operator snapshots registrations" in told["statistics"]
    assert "there is no ROA data" in told["roa_data"]
    assert "--rpki-cache" in told["roa_data"]
    assert f"{forwarder} " in told["resolver"]
    assert "BYOIP_RESOLVERS" in told["resolver"]
    if place:  # it validates ROAs itself
        assert (
            "no locator of the trust anchors afrinic, apnic, arin, lacnic"
            in (told["trust_anchors"])
        )


async def until_said(process: asyncio.subprocess.Process, lines: int) -> list[str]:
    """The first such lines of a process's log, which is then ended."""
    assert process.stderr is not None
    said: list[str] = []
    try:
        async with asyncio.timeout(60):
            while len(said) < lines and (line := await process.stderr.readline()):
                message = json.loads(line)["message"] if line.startswith(b"{") else ""
                said += [message] if message.startswith("Missing since ") else []
    finally:
        process.terminate()
        while await process.stderr.read(2**16):
            pass
    assert await process.wait() == 0, said
    return said


@dataclass
class Looked:
    """The API with its capabilities; anchors without a locator are told."""

    world: World
    engine: AsyncEngine
    without_locator: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock, roa_data = self.world.clock, VrpSnapshots(self.engine)
        questions: dict[str, Question] = {
            "statistics": StatisticsLoaded(RegistrationSnapshots(self.engine), clock),
            "roa_data": RoasLoaded(roa_data, clock),
            "trust_anchors": AnchorsCovered(
                roa_data, frozenset({"apnic", "ripe"}), lambda: self.without_locator
            ),
        }
        backend = make_backend(self.engine, clock, self.world.outside)
        app = create_application(replace(backend, capabilities=Capabilities(questions, clock)))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://byoip.test")

    async def shown(self) -> dict[str, dict[str, str | None]]:
        self.world.clock.advance(LOOKED_AT_EVERY)
        answer = await self.client.get("/readyz?verbose")
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        found: dict[str, dict[str, str | None]] = answer.json()["capabilities"]
        return found


async def test_readyz_verbose_shows_each_capability_and_since_when(
    world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    looked, clock = Looked(world, engine), world.clock
    first = await looked.shown()
    began = stamp(clock.now())
    assert {name: one["state"] for name, one in first.items()} == {
        "statistics": "missing",
        "roa_data": "missing",
        "trust_anchors": "ok",
    }
    assert all(one["since"] == began for one in first.values())
    assert all(one["remedy"] for one in first.values() if one["state"] == "missing")
    snapshots = RegistrationSnapshots(engine)
    async with snapshots.exclusive() as tx:
        for key in sorted(REGISTRIES):
            await tx.replace(StatisticsFile(key, "1", "0" * 64, clock.now(), []))
    await roas(world, engine, tmp_path, "31.0.0.0/23")
    built = stamp(clock.now())
    second = await looked.shown()
    assert second["statistics"] == second["roa_data"] == ok(built)
    assert second["trust_anchors"]["missing"] == "the ROA data has nothing of apnic."
    clock.advance(timedelta(hours=36))
    third = await looked.shown()
    assert third["statistics"] == ok(built), "since when it is so, not when it was looked at"
    stale_at = datetime.fromisoformat(built) + timedelta(days=1)
    assert (third["roa_data"]["state"], third["roa_data"]["since"]) == ("missing", stamp(stale_at))
    clock.advance(timedelta(hours=12))
    fourth = (await looked.shown())["statistics"]
    assert "are older than 2 days" in (fourth["missing"] or "")
    assert fourth["since"] == stamp(datetime.fromisoformat(built) + timedelta(days=2))
    plain = (await looked.client.get("/readyz")).json()
    assert plain == {"status": "ready", "checks": {"database": "ok"}}


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def ok(since: str) -> dict[str, str | None]:
    return {"state": "ok", "since": since, "missing": None, "remedy": None}


async def test_however_often_anyone_asks_it_is_looked_at_twice_a_minute(
    world: World,
) -> None:
    asked = 0

    async def question() -> Look:
        nonlocal asked
        asked += 1
        return Look()

    able = Capabilities({"one": question}, world.clock)
    await asyncio.gather(*(able.now() for _ in range(100)))
    assert asked == 1
    world.clock.advance(LOOKED_AT_EVERY)
    await able.now()
    assert asked == 2


async def test_a_question_that_hangs_and_a_database_that_is_away_are_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = make_engine("postgresql://nobody@127.0.0.1:1/nothing")
    gone = RoasLoaded(VrpSnapshots(away), world.clock)
    said = asyncio.Event()

    async def is_gone() -> Look:
        try:
            return await gone()
        finally:
            said.set()

    async def hangs() -> Look:
        await said.wait()
        leap(20)
        await asyncio.sleep(60)
        return Look()

    monkeypatch.setattr(capabilities, "_SECONDS", 20.0)
    found = await Capabilities({"hangs": hangs, "gone": is_gone}, world.clock).lacking()
    assert [(one.name, one.found.lacking) for one in found] == [
        ("hangs", "there was no answer within 20 s."),
        ("gone", "the database is away."),
    ]
    await away.dispose()
