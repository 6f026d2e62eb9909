"""What stands in the database, and what is seen of a service that runs on it."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.net import today
from tests.net.catalogue import OURS, QUEUE, schema_facts, whole_facts
from tests.net.held import hold, line

_ACCOUNT = "/client/v4/accounts/00000000000000000000000000000001/addressing"
_SEEN = (
    "/healthz",
    "/readyz",
    "/nowhere",
    f"{_ACCOUNT}/prefixes",
    "/loa/nothing",
    "/errors",
    "/openapi.json",
)
_SECONDS = re.compile(r"\bt=\d+")
_CHANGING = frozenset({"x-request-id", "content-length"})


async def asked(database: str, query: str) -> list[str]:
    """What another connection sees."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        rows = await (await connection.execute(query)).fetchall()
    return [str(row[0]) for row in rows]


async def locks(database: str) -> list[str]:
    return await asked(
        database,
        "SELECT concat_ws(' ', classid, objid, objsubid, mode) FROM pg_locks "
        "WHERE locktype = 'advisory' AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())",
    )


async def listening(database: str) -> list[str]:
    """Who listens to what; it takes a moment."""
    query = "SELECT query FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = "
    found: list[str] = []
    for _ in range(500):
        if found := await asked(database, f"{query} current_database()"):
            break
        await asyncio.sleep(0.01)
    return found


def metric_facts(exposed: str, gauge_labels: Mapping[str, str]) -> Iterator[str]:
    """Names, types and labels; a gauge without rows still says its label."""
    for family in text_string_to_metric_families(exposed):
        yield f"{family.name} is a {family.type}"
        for sample in family.samples:
            labels = sorted(name for name in sample.labels if name != "le")
            yield f"{sample.name} by {' '.join(labels) or 'nothing'}"
            if "le" in sample.labels:
                yield f"{sample.name} up to {sample.labels['le']}"
    for name, label in gauge_labels.items():
        yield f"{name} by {label or 'nothing'}"


def answer_facts(what: str, answer: httpx.Response) -> Iterator[str]:
    yield f"{what} answers {answer.status_code}"
    for name in answer.headers:
        value = "..." if name in _CHANGING else answer.headers[name]
        yield f"{what} {name}: {_SECONDS.sub('t=...', value)}"
    if what != "/openapi.json":
        yield f"{what} body {shape(answer.text)}"


def shape(body: str) -> str:
    """The members of a JSON object, wherever they are."""
    try:
        value = json.loads(body)
    except ValueError:
        return "no JSON"
    return line(members(value))


def members(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: members(one) for key, one in value.items()}
    if isinstance(value, list):
        return [members(one) for one in value[:1]]
    return type(value).__name__


def test_tables_and_all_that_belongs_to_them_stay(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        hold("database", [*schema_facts(connection, OURS), *whole_facts(connection)])


def test_the_queues_tables_stay(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        hold("queue", schema_facts(connection, QUEUE))


async def test_metrics_headers_and_lines_of_the_log_stay(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "byoip.access")
    facts: list[str] = []
    async with today.served(database_url) as served:
        transport = httpx.ASGITransport(served.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
            headers = {"authorization": f"Bearer {served.token}"}
            own = f"/client/v4/accounts/{served.account}/addressing/prefixes"
            answer = await client.get(own, headers=headers)
            facts += answer_facts("own prefixes", answer)
            for path in _SEEN:
                answer = await client.get(path)
                facts += answer_facts(path, answer)
            exposed = (await client.get("/metrics")).text
        hold("answers", facts)
        hold("metrics", metric_facts(exposed, served.gauge_labels))
    lines = [json.loads(today.log_formatter().format(one)) for one in caplog.records]
    access = [one for one in lines if one["logger"] == "byoip.access"]
    assert access, "no request was logged as byoip.access"
    hold("log", {f"{key} {type(value).__name__}" for one in access for key, value in one.items()})


async def test_the_reconciler_has_the_same_lock_and_channel(database_url: str) -> None:
    async with today.reconcilers_turn(database_url):
        hold("turn", [*await locks(database_url), *await listening(database_url)])


async def held_locks(database_url: str, holding: AbstractAsyncContextManager[None]) -> list[str]:
    async with holding:
        return await locks(database_url)


async def test_approvals_lock_the_same_space(database_url: str) -> None:
    cidrs = ["198.18.0.0/23", "203.0.113.0/24", "2001:db8::/32", "2001:db8:1::/48"]
    held = await held_locks(database_url, today.space_locked(database_url, cidrs))
    hold("locks_of_space", held)


async def test_an_idempotency_key_is_the_same_lock(database_url: str) -> None:
    held = await held_locks(database_url, today.key_claimed(database_url))
    hold("lock_of_a_key", held)
