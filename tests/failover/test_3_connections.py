"""Failover 3: connections are counted right, in the document as in what processes hold."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from byoip.composition.connections import Connections, connections_of
from byoip.settings.loader import read_settings
from byoip.store.migrating import migrate
from tests.end_to_end.running import eventually
from tests.failover.pair import Server, one_server
from tests.failover.starting import serving

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
ROWS = {
    "an API process": "api",
    "a worker": "worker",
    "`byoip up`": "up",
    "the worker that leads, besides": "leading",
    "the process that watches, besides": "watching",
    "a command, a refresh of ROA data among them": "command",
}
SPEAKERS = {"BYOIP_SPEAKERS": "127.0.0.1:9"}
LEASES = {"byoip lease reconciler": 4, "byoip lease watcher": 2}


def counted(**settings: str) -> Connections:
    return connections_of(read_settings(settings))


def test_the_document_has_the_numbers_of_the_formula() -> None:
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| (\d+) \|", OPERATING.read_text(), re.MULTILINE)
    alone, speaking = counted(), counted(**SPEAKERS)
    assert {name: (int(few), int(many)) for name, few, many in rows} == {
        name: (getattr(alone, part), getattr(speaking, part)) for name, part in ROWS.items()
    }
    assert f"+ 2 = {speaking.all_of(2, 2)}." in OPERATING.read_text()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with one_server() as made:
        migrate(made.url(), "production")
        yield made


def test_processes_hold_what_is_counted(server: Server, tmp_path: Path) -> None:
    """Each connection that no pool may hand on has a name; the pools have limits."""
    logs = [tmp_path / name for name in ("api", "one", "two")]
    more = {**SPEAKERS, "BYOIP_STATISTICS_DIR": "/"}
    fixed = {"byoip events": 1, "byoip watcher": 3, "byoip witness": 3, "byoip reconciler": 2}
    fixed |= {"byoip routes": 1}
    with (
        serving(server, logs[0], "api", "--port", "0", **more),
        serving(server, logs[1], "worker", **more),
        serving(server, logs[2], "worker", **more),
    ):
        found = eventually(lambda: _like(_held(server), fixed), within=90)
    queues = found.pop("byoip worker queue")
    assert 2 * 2 <= queues <= 2 * 5  # each listens outside of its pool
    assert found.pop("byoip", 0) <= 3 * 15
    leases = Counter({name: found.pop(name, 0) for name in LEASES})
    assert all(leases[name] <= most for name, most in LEASES.items())
    assert found == fixed  # no kind of connection that is not counted
    most = 3 * 15 + 2 * 5 + sum(fixed.values()) + sum(LEASES.values())
    counts = counted(**SPEAKERS)
    assert most == counts.all_of(1, 2) - counts.command


def _like(held: Counter[str], fixed: dict[str, int]) -> Counter[str] | None:
    there = all(held[name] == many for name, many in fixed.items())
    return held if there and held["byoip worker queue"] >= 4 else None


def _held(server: Server) -> Counter[str]:
    asked = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'byoip%'"
    with psycopg.connect(server.url()) as connection:
        names = [name for (name,) in connection.execute(asked)]
    return Counter(re.sub(r" \d+$", "", name) for name in names)
