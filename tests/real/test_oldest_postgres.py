"""The oldest Postgres that we promise carries a dump of before, and every kind of act on it.

`make test-long` runs all of tests/store and tests/api on it.
"""

import asyncio

import psycopg
import pytest
from typer.testing import CliRunner

from byoip.adapters.postgres.binaries import OLDEST_MAJOR
from byoip.cli.commands import app as commands
from tests.announcing import until
from tests.net.dump_after import After
from tests.net.dump_fixtures import after, migrated
from tests.real.parts import Part, require

__all__ = ["after", "migrated"]  # fixtures

pytestmark = pytest.mark.parametrize("postgres_url", [OLDEST_MAJOR], indirect=True)
ASKED = ("reevaluate", "settle", "expire")
UP, DOWN = {"advertised": True}, {"advertised": False}


@pytest.fixture(scope="session", autouse=True)
def _it_is_here() -> None:
    require(Part.OLDEST_POSTGRES)


def test_it_is_the_oldest_that_we_promise(cloned_url: str) -> None:
    with psycopg.connect(cloned_url) as connection:
        assert connection.info.server_version // 10000 == OLDEST_MAJOR


async def test_a_migrated_dump_is_ready_and_owners_announce_bind_and_unbind(after: After) -> None:
    assert await after.service.trouble() is None
    await after.service.list_roas(str(after.cidr("up")))
    for body, kind in ((DOWN, "bgp_prefix.withdrawn"), (UP, "bgp_prefix.announced")):
        await after.of("up", "/bgp/status", "PATCH", json=body)
        assert (await after.kinds("up"))[-1] == kind
    [there] = await after.of("up", "/bindings")
    binding = {"cidr": str(after.cidr("lettered")), "service_id": there["service_id"]}
    made = await after.of("lettered", "/bindings", "POST", json=binding)
    await after.of("lettered", f"/bindings/{made['id']}", "DELETE")
    assert "binding.removed" in await after.kinds("lettered")


async def test_an_operator_drains_an_edge_and_removes_it(after: After) -> None:
    body = {"drained": True, "reason": "no traffic"}
    assert (await after.operate("/edge/edges/fra1", "PUT", json=body))["state"] == "drained"
    await after.operate("/edge/edges/fra1/remove", "POST", json={"reason": "gone"})


async def test_jobs_and_the_reconciler_carry_an_offboarding_to_its_end(after: After) -> None:
    await after.bring_twins()
    assert after.ear is not None
    async with after.service.working() as app, after.service.announcing(after.speakers, after.ear):
        before = set(after.jobs())
        await after.service.strikes(app, *ASKED)
        await until(lambda: after.holding("wanted"))
        await until(lambda: succeeded(after, before))
        await until(lambda: after.cidr("halfway") in after.taken())
        await until(after.settled)
        await after.offboards(app)
    assert (await after.kinds("halfway"))[-1] == "offboarding.finished"


async def succeeded(after: After, before: set[int]) -> bool:
    states = [state for number, (_, state) in after.jobs().items() if number not in before]
    assert "failed" not in states
    return states.count("succeeded") >= len(ASKED)


async def test_after_a_restore_speakers_are_forgotten(after: After) -> None:
    words = ["advertise", "restored", "--name", "A. Person", "--reason", "a ticket"]
    environment = {"DATABASE_URL": after.url}
    told = await asyncio.to_thread(CliRunner().invoke, commands, words, env=environment)
    assert (told.exit_code, told.exception) == (0, None)
    assert "offboard is stopped" in told.output
