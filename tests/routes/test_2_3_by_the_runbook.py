"""Routes 2.3: a database is restored, and its operator types what the runbook says, in order."""

import asyncio
import json
import re
import shlex
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from byoip.domain.prefix import Prefix
from tests.announcing import until
from tests.failover.owners import announce
from tests.failover.pair import Server, one_server
from tests.many_routes import OwnedRoute
from tests.routes.judging import FLAWLESS
from tests.routes.scenarios import Scene, scene
from tests.test_documents import REPOSITORY

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(400)]

_SECTION = "## The database was restored from a backup\n"
_TYPED = re.compile(r"^ {4,}(byoip .*)$|`(byoip\s[^`]+)`", re.MULTILINE)
_EXAMPLE, _ID = "192.0.2.0/24", " ID "
_NAME = "byoip"
_SOME_FULL_SYNCS, _PATIENCE_SECONDS = 5.0, 60.0


def typed() -> dict[int, list[str]]:
    """The commands of each numbered step of the section, in their order."""
    text = (REPOSITORY / "docs" / "runbook.md").read_text()
    section = text.partition(_SECTION)[2].partition("\n## ")[0]
    _, *parts = re.split(r"^(\d+)\. ", section, flags=re.MULTILINE)
    return {
        int(number): [" ".join((block or prose).split()) for block, prose in _TYPED.findall(step)]
        for number, step in zip(parts[::2], parts[1::2], strict=True)
    }


@dataclass(frozen=True, slots=True)
class Operator:
    """Sits at a shell of the service's environment."""

    here: Scene

    async def types(self, command: str) -> str:
        """A command of the runbook; what it prints."""
        program, *words = shlex.split(command)
        assert program == "byoip"
        return await self.here.service.fleet.byoip(*words)

    async def reads(self, command: str) -> set[str]:
        """The routes that a command lists."""
        said = await self.types(command)
        return {one.cidr for one in (*self.here.up, *self.here.down) if one.cidr in said}


async def test_what_it_says_announces_and_loses_nothing_unasked(tmp_path: Path) -> None:
    with one_server() as server:
        _do(server, f"CREATE DATABASE {_NAME}")
        async with scene(server.url(_NAME), tmp_path) as here:
            service, operator, steps = here.service, Operator(here), typed()
            leaked, *since = (here.up[number] for number in (0, 1, 2, 3, 5))
            dump = await _backup(server)
            await here.owners.send(*(announce(one, up=False) for one in since))
            await here.owners.send(announce(here.down[0], up=True))
            await here.until_quiet()
            noted = service.edge.router.noted()
            await service.stop()
            await _restore(server, dump)

            migrate, restored = steps[1]
            await operator.types(migrate)
            assert "Forgotten: 24 applied routes" in await operator.types(restored)
            await service.start()  # step 2; what comes after speaks to it
            await _revoke_again(operator, leaked, *steps[3])
            await _look_at_orphans(operator, here.down[0], *steps[4])
            unreleased, release, release_all = steps[5]
            await _until_reads(operator, unreleased, since)
            await asyncio.sleep(_SOME_FULL_SYNCS)
            assert "unreleased" in {kind for kind, _ in here.alarms()}
            assert service.edge.router.changes(after=noted) == []
            assert await here.lists() == FLAWLESS
            gone, *since = since
            await here.owners.send(announce(gone, up=False))  # who decides by that
            await _until_reads(operator, unreleased, since)
            await _release_one_and_the_rest(operator, since, unreleased, release, release_all)
            (plan,) = steps[6]
            await here.until_quiet()
            settings = json.loads(await operator.types(f"{plan} --json"))
            assert settings["proposals"] == []  # and so there is nothing to be applied
            assert await here.lists() == FLAWLESS
            changed = {str(one.prefix) for one in service.edge.router.changes(after=noted)}
            assert changed == {one.cidr for one in since}


async def _revoke_again(operator: Operator, leaked: OwnedRoute, listed: str, revoke: str) -> None:
    """A credential that was revoked after the backup."""
    here = operator.here
    here.service.fleet.environment |= {
        "BYOIP_URL": here.service.url,
        "BYOIP_OPERATOR_TOKEN": here.operator,
    }
    query: LiteralString = "SELECT id FROM credentials WHERE account_id = %s"
    credential = here.service.one(query, leaked.owner.account_id).hex
    assert credential in await operator.types(f"{listed} --json")
    assert (await here.want(leaked, "GET"))[0] == 200
    await operator.types(revoke.replace(_ID, f" {credential} "))
    status = (await here.ask(leaked.owner.token, "GET", leaked.path)).status_code
    assert status == 401


async def _look_at_orphans(operator: Operator, new: OwnedRoute, listed: str, start: str) -> None:
    """What was announced after the backup is one until its owner announces it again."""
    await _until_reads(operator, listed, [new])
    await operator.here.owners.send(announce(new, up=True))
    await _until_reads(operator, listed, [])
    assert await operator.types(start) == "offboard may run."


async def _release_one_and_the_rest(
    operator: Operator, waiting: list[OwnedRoute], listed: str, release: str, release_all: str
) -> None:
    """As their owners tell the operator."""
    here, (one, *rest) = operator.here, waiting
    here.owners.have_announced([one])
    said = await operator.types(release.replace(_EXAMPLE, one.cidr))
    assert said == f"Released: 1.\n  {one.cidr}\nRefused: 0."
    await until(lambda: _held_as_wanted(here))
    await here.service.edge.until_seen(Prefix.parse(one.cidr))
    await _until_reads(operator, listed, rest)
    assert await here.lists() == FLAWLESS
    here.owners.have_announced(rest)
    assert f"Released: {len(rest)}." in await operator.types(release_all)
    await _until_reads(operator, listed, [])


async def _held_as_wanted(here: Scene) -> bool:
    held = [await one.held() for one in here.service.edge.speakers.values()]
    return all({str(one.prefix) for one in each} == here.service.wanted.keys() for each in held)


async def _until_reads(operator: Operator, command: str, routes: Collection[OwnedRoute]) -> None:
    """Return once it lists just these routes."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while (found := await operator.reads(command)) != {one.cidr for one in routes}:
        assert time.monotonic() < give_up, found


async def _backup(server: Server) -> str:
    file = str(server.data.with_suffix(".dump"))
    await asyncio.to_thread(server.run, "pg_dump", "-Fc", "-f", file, server.url(_NAME))
    return file


async def _restore(server: Server, file: str) -> None:
    _do(server, f"DROP DATABASE {_NAME} WITH (FORCE)", f"CREATE DATABASE {_NAME}")
    await asyncio.to_thread(server.run, "pg_restore", "-d", server.url(_NAME), file)


def _do(server: Server, *statements: str) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
