"""Tools 4.3: the operators' history is a chain, is exported, and `byoip audit verify` reads it."""

import asyncio
import json
import re
from hashlib import sha256
from typing import Any

import httpx
import psycopg
import pytest
from alembic import command
from typer.testing import CliRunner, Result

from byoip.cli.commands import app
from byoip.domain.customer_text import CustomerText
from byoip.domain.event_chain import BEGINNING
from byoip.domain.history import Actor
from byoip.store import migrating
from byoip.store.migrating import migrate
from byoip.store.transaction import Store
from byoip.usecases.speakers.forget_applied import forget_applied
from byoip_cli.faults import CommandFailed, Status
from tests.cli.test_operator import WHY, Shell, shell

__all__ = ["shell"]

OPEN = "ALTER TABLE operator_events DISABLE TRIGGER operator_events_append_only"
# A row as the version before writes it: it names no hash.
OLD_ROWS = """
    INSERT INTO operator_events (number, kind, actor, request_id, reason, at, before, after)
    SELECT n, 'service.created', 'operator:1', 'r', 'a ticket\u2028"\\é', now(), '{}',
        '{"share": 0.10, "name": "x"}'
    FROM generate_series(%s::bigint, %s) AS n
"""
COUNTED = """
    INSERT INTO operator_event_counter (last) SELECT max(number) FROM operator_events
    ON CONFLICT (singleton) DO UPDATE SET last = excluded.last
"""
# What a thorough forger does: every hash is made again.
MADE_AGAIN = """
    DO $$ DECLARE one bigint; BEGIN
        FOR one IN SELECT number FROM operator_events ORDER BY number LOOP
            UPDATE operator_events e SET hash = sha256(convert_to(operator_event_line(e), 'UTF8'))
            WHERE number = one;
        END LOOP;
    END $$
"""


def do(url: str, *statements: Any) -> None:
    with psycopg.connect(url) as database:
        for one in statements:
            database.execute(one)


def write(url: str, first: int, last: int) -> None:
    with psycopg.connect(url) as database:
        database.execute(OLD_ROWS, (first, last))
        database.execute(COUNTED)


async def run(shell: Shell, *arguments: str) -> Result:
    words = ["audit", "verify", *arguments]
    return await asyncio.to_thread(CliRunner().invoke, app, words, env=shell.environment)


async def verified(shell: Shell, *arguments: str) -> tuple[int, str]:
    """How many events fit, and the head."""
    result = await run(shell, *arguments, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    told = json.loads(result.stdout)
    return told["events"], told["head"]


async def refused(shell: Shell, *arguments: str) -> str:
    result = await run(shell, *arguments)
    assert isinstance(result.exception, CommandFailed), result.output
    assert result.exception.status is Status.REFUSED
    return str(result.exception)


async def create(store: Store, name: str) -> None:
    async with store.transaction(actor=Actor("cli", "cli-1")) as tx:
        tx.record_for_operators("service.created", CustomerText(name))
        tx.record_for_operators("service.retired", CustomerText(name))


async def export(shell: Shell, **query: object) -> httpx.Response:
    path = f"{shell.environment['BYOIP_URL']}/client/v4/operator/events/export"
    token = {"authorization": f"Bearer {shell.environment['BYOIP_OPERATOR_TOKEN']}"}
    given: Any = query
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.get(path, params=given, headers=token)


async def test_4_3_an_export_is_lines_and_ends_with_the_head(
    shell: Shell, database_url: str
) -> None:
    assert await verified(shell) == (0, str(BEGINNING))
    write(database_url, 1, 5)
    answer = await export(shell, per_page=3)
    assert answer.headers["content-type"] == "application/x-ndjson"
    *lines, last = answer.content.decode().removesuffix("\n").split("\n")
    events = [json.loads(one) for one in lines]
    assert [one["number"] for one in events] == [1, 2, 3]
    assert events[0]["reason"] == 'a ticket\u2028"\\é'
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", events[0]["at"])
    for line, event in zip(lines, events, strict=True):
        alone = re.sub(r', "hash": "[0-9a-f]{64}"}$', "}", line)
        assert event["hash"] == sha256(alone.encode()).hexdigest()
    assert [one["previous"] for one in events] == ["0" * 64, *(one["hash"] for one in events[:2])]
    assert json.loads(last) == {"head": f"3-{events[2]['hash']}", "more": True}
    rest = (await export(shell, cursor=json.loads(last)["head"])).content.decode()
    *lines, last = rest.removesuffix("\n").split("\n")
    assert [json.loads(one)["number"] for one in lines] == [4, 5]
    end = json.loads(last)
    assert not end["more"]
    assert (
        await shell.backend.operator_reader.chain.head()
        == (await shell.backend.operator_reader.chain.after(BEGINNING, limit=9))[-1].head
    )
    again = await export(shell, cursor=end["head"])
    assert json.loads(again.content) == end, "nothing new: the head alone"
    for wrong in ("5", f"05-{'0' * 64}", f"5-{'0' * 63}G", end["head"] + "\n"):
        assert (await export(shell, cursor=wrong)).status_code == 422


async def test_4_3_operators_that_write_at_once_make_one_chain(shell: Shell) -> None:
    made = (create(shell.backend.border.store, f"S{one}") for one in range(8))
    await asyncio.gather(*made)
    events, head = await verified(shell)
    assert events == 16
    await shell.says("services", "create", "Last", *WHY)
    assert (await verified(shell, "--from", head))[0] == 1


async def test_4_3_a_long_history_is_read_in_pages(shell: Shell, database_url: str) -> None:
    write(database_url, 1, 2500)
    assert (await export(shell)).content.count(b"\n") == 1001
    events, head = await verified(shell)
    assert (events, head.partition("-")[0]) == (2500, "2500")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE operator_events SET reason = 'another' WHERE number = 3", "Event 3 is not"),
        ("UPDATE operator_events SET hash = '\\x00' WHERE number = 3", "Event 3 is not"),
        ("DELETE FROM operator_events WHERE number = 3", "Event 3 is not"),
        ("UPDATE operator_events SET number = 9 WHERE number = 5", "Event 5 is not"),
        (f"DELETE FROM operator_events WHERE number = 3; {MADE_AGAIN}", "Event 3 is not"),  # noqa: S608 - words from here
    ],
)
async def test_4_3_whoever_changes_an_old_event_is_found_out(
    shell: Shell, database_url: str, change: str, told: str
) -> None:
    write(database_url, 1, 5)
    do(database_url, OPEN, change)
    assert told in await refused(shell)


async def test_4_3_a_forger_who_makes_all_hashes_again_is_found_out_by_a_kept_head(
    shell: Shell, database_url: str
) -> None:
    write(database_url, 1, 5)
    _, head = await verified(shell)
    do(database_url, OPEN, "UPDATE operator_events SET reason = 'x' WHERE number = 2", MADE_AGAIN)
    assert (await verified(shell))[0] == 5, "in itself it fits"
    assert "head_not_found" in await refused(shell, "--from", head)


async def test_4_3_a_failover_that_lost_events_shows_and_its_epoch_is_in_the_chain(
    shell: Shell, database_url: str
) -> None:
    write(database_url, 1, 5)
    _, kept = await verified(shell)
    write(database_url, 6, 8)
    _, lost = await verified(shell)
    do(database_url, OPEN, "DELETE FROM operator_events WHERE number > 5", COUNTED)
    assert "no event 8 with this hash" in await refused(shell, "--from", lost)
    store = shell.backend.border.store
    async with store.transaction(actor=Actor("cli", "cli-1")) as tx:
        await forget_applied(tx, name="A", reason="last night's backup")
    write(database_url, 8, 9)  # 6 and 7 tell of the restore
    told = await refused(shell, "--from", lost)
    with psycopg.connect(database_url) as database:
        newest = database.execute("SELECT epoch, since FROM feed_epochs ORDER BY number DESC")
        epoch, since = newest.fetchall()[0]
    assert f"{since.astimezone():%M:%SZ}" in told
    assert (await verified(shell, "--from", kept))[0] == 4
    behind = (await export(shell, cursor=kept)).content.split(b"\n")[0]
    event = json.loads(behind)
    assert (event["kind"], event["after"]["epoch"]) == ("routes.disowned", epoch.hex)


async def test_4_3_events_of_before_are_in_the_chain(bare_database_url: str) -> None:
    with migrating._locked(bare_database_url) as connection:
        config = migrating._config()
        config.attributes.update(connection=connection, mode="production")
        command.upgrade(config, "0045")
    write(bare_database_url, 1, 3)
    migrate(bare_database_url, "production")
    write(bare_database_url, 4, 4)
    with psycopg.connect(bare_database_url) as database:
        found = database.execute(
            "SELECT hash, sha256(convert_to(operator_event_line(e), 'UTF8')),"
            " operator_event_line(e)::jsonb ->> 'previous' FROM operator_events e ORDER BY number"
        ).fetchall()
        with pytest.raises(psycopg.errors.RestrictViolation, match="only ever added to"):
            database.execute("UPDATE operator_events SET reason = 'x'")
    assert [kept for kept, _, _ in found] == [made for _, made, _ in found]
    assert [previous for _, _, previous in found][1:] == [kept.hex() for kept, _, _ in found][:-1]
