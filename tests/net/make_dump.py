"""Make a dump of today: `python -m tests.net.make_dump`, in the root of the repository.

To be done once for each revision of the database, with the version that goes out, before it goes
out; a dump is not replaced, or it would show nothing but what today does.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from tests.databases import directory_open_to_all
from tests.net.dump_files import Shown, dumps, keep, statements_of
from tests.net.dump_plot import (
    announced_at_one,
    breaker,
    delegations,
    flood,
    left_and_locked,
    onboarded,
    under_way,
)
from tests.net.dump_story import Story, beginnings, documents
from tests.net.dump_world import bring_up_to_date, running, serving_postgres

KEY = {"idempotency-key": "before-the-dump", "content-type": "application/json"}
READ_BY_ALFA = ("/prefixes", "/services", "/delegations", "/events?per_page=1000")
READ_OF_PREFIX = ("", "/bindings", "/bgp/prefixes", "/validations", "/validation_tokens")
READ_BY_OPERATORS = (
    *("/accounts", "/services", "/reservations", "/registry_overrides", "/edge/edges"),
    *("/roa_snapshots", "/registration_snapshots", "/events?per_page=1000", "/jobs"),
    *("/routes/orphans", "/routes", "/breaker"),
)


async def shown(story: Story) -> list[Shown]:
    """What each account, the operator and an edge read just now."""
    reads = [
        ("alfa", f"/accounts/{story.accounts['alfa']}/addressing{way}") for way in READ_BY_ALFA
    ]
    for name, one in story.prefixes.items():
        base = f"/accounts/{story.accounts[one['who']]}/addressing/prefixes/{one['id']}"
        parts = READ_OF_PREFIX if name not in {"removed", "gone"} else ("/events",)
        reads.extend((one["who"], base + part) for part in parts)
    reads.extend(("operator", f"/operator{way}") for way in READ_BY_OPERATORS)
    reads.extend(("edge", f"/operator/edge{way}") for way in ("/changes?after=0", "/state"))
    return [
        (who, way, await story.service.result(story.tokens[who], "GET", way)) for who, way in reads
    ]


async def known(story: Story, revision: str) -> dict[str, Any]:
    """What a reader of the dump cannot find in it."""
    return {
        "revision": revision,
        "accounts": story.accounts,
        "tokens": story.tokens,
        "prefixes": story.prefixes,
        "flood": story.kept["flood"],
        "loa_document": story.kept["loa_document"],
        "remembered": await remembered(story),
        "held": {
            one.name: [[str(prefix), len(held.as_path)] for prefix, held in one.paths.items()]
            for one in story.speakers
        },
        "same_server": "DELETE FROM incarnation",
    }


async def remembered(story: Story) -> dict[str, Any]:
    """A write with a key, and its answer byte by byte."""
    way = f"/accounts/{story.accounts['alfa']}/addressing/prefixes"
    body = '{"cidr": "198.18.44.0/24", "asn": 64500}'  # as bytes: they are compared
    answer = await story.service.ask(story.tokens["alfa"], "POST", way, content=body, headers=KEY)
    assert answer.status_code == 201, answer.text
    return {"way": way, "body": body, "headers": KEY, "status": 201, "answer": answer.text}


async def tell(url: str, directory: Path) -> tuple[str, dict[str, Any], list[Shown]]:
    """All of it; the dump, what is known, and what was shown."""
    async with running(url, directory, grace_days=2 / 1440) as service:
        story = Story(service)
        await beginnings(story)
        await documents(story)
        async with story.all_at_work():
            await onboarded(story)
            await left_and_locked(story)
            await delegations(story)
            await flood(story)
        strict = directory / "strict"
        strict.mkdir()
        await breaker(story, url, strict)
        await announced_at_one(story)
        async with under_way(story):
            with psycopg.connect(url) as connection:
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            assert row is not None
            facts = await known(story, str(row[0]))
            answers = await shown(story)
            facts["taken_at"] = datetime.now(UTC).isoformat()
            statements = statements_of(url)
            service.internet.whois.fault = None
    return statements, facts, answers


def main() -> None:
    with directory_open_to_all() as directory, serving_postgres(directory / "postgres") as server:
        bring_up_to_date(server.database_url)
        statements, facts, answers = asyncio.run(tell(server.database_url, directory))
    if facts["revision"] in {one.name for one in dumps()} and "--replace" not in sys.argv:
        raise SystemExit(f"There is a dump of {facts['revision']}: --replace overwrites it.")
    for file in keep(facts["revision"], statements, facts, answers):
        sys.stdout.write(f"{file}: {file.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
