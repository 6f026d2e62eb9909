"""Three API and three worker processes around one database."""

import asyncio
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from byoip.sandbox.whois_server import IrrFault
from tests.end_to_end.fleet import CIDR, OWNER, Fleet, fleet_of

_CUSTOMERS = 6


async def claim(fleet: Fleet, url: str, customer: tuple[str, str]) -> dict[str, Any]:
    body = {"cidr": CIDR, "asn": 64500}
    made: dict[str, Any] = await fleet.ask(url, customer, "POST", "/prefixes", json=body)
    return made


async def finished(
    fleet: Fleet, url: str, customer: tuple[str, str], claim_id: str
) -> dict[str, Any]:
    """The claim's first run, once it has ended."""

    async def look() -> dict[str, Any] | None:
        path = f"/prefixes/{claim_id}/validations"
        (run, *_) = await fleet.ask(url, customer, "GET", path)
        return run if run["finished_at"] else None

    run: dict[str, Any] = await fleet.eventually(look)
    return run


def only(database_url: str, query: LiteralString) -> object:
    """The one value of the one row."""
    with psycopg.connect(database_url) as connection:
        ((value,),) = connection.execute(query)
    return value


@pytest.mark.timeout(300)  # nine processes start
async def test_many_processes_approve_one_of_many_and_take_over_from_the_dead(
    bare_database_url: str, tmp_path: Path
) -> None:
    async with fleet_of(bare_database_url, tmp_path) as fleet:
        [first] = await fleet.customers(1)
        urls = await asyncio.gather(*(fleet.start_api() for _ in range(3)))
        doomed = fleet.start("worker")
        prefix = await claim(fleet, urls[0], first)
        fleet.internet.names.put_txt(OWNER, [prefix["ownership_validation_token"]])

        # A worker dies while its run is out.
        fleet.internet.whois.fault = IrrFault.TIMEOUT
        path = f"/prefixes/{prefix['id']}"
        await fleet.ask(urls[1], first, "POST", f"{path}/validate")

        async def taken() -> bool:
            return only(bare_database_url, "SELECT state FROM validation_runs") == "running"

        await fleet.eventually(taken)
        doomed.kill()
        doomed.wait()
        fleet.internet.whois.fault = None
        with psycopg.connect(bare_database_url) as connection:  # half a minute passes
            connection.execute("UPDATE validation_runs SET lease_until = now()")
        for _ in range(3):
            fleet.start("worker")
        run = await finished(fleet, urls[2], first, prefix["id"])
        assert run["result"] == "approved"
        assert only(bare_database_url, "SELECT attempt FROM validation_runs") == 2
        events = await fleet.ask(urls[0], first, "GET", f"{path}/events")
        kinds = [one["kind"] for one in events]
        assert kinds.count("prefix.approved") == kinds.count("validation.finished") == 1

        # All accounts prove the same space at once, through every API process.
        others = await fleet.customers(_CUSTOMERS)
        where = [urls[number % 3] for number in range(_CUSTOMERS)]
        claims = await asyncio.gather(*map(claim, [fleet] * _CUSTOMERS, where, others))
        await fleet.ask(urls[0], first, "DELETE", path)
        tokens = [one["ownership_validation_token"] for one in claims]
        fleet.internet.names.put_txt(OWNER, tokens)
        await asyncio.gather(
            *(
                fleet.ask(url, customer, "POST", f"/prefixes/{one['id']}/validate")
                for url, customer, one in zip(where, others, claims, strict=True)
            )
        )
        ended = [
            await finished(fleet, url, customer, one["id"])
            for url, customer, one in zip(where, others, claims, strict=True)
        ]
        results = sorted(run["result"] for run in ended)
        assert results == ["approved", *["contested"] * (_CUSTOMERS - 1)]
        log = (tmp_path / "log").read_text().lower()
        assert "deadlock" not in log
        assert "traceback" not in log
