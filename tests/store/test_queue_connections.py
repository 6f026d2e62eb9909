"""Connections of the queue's pool: looked at before each statement, at no cost for the server."""

import psycopg
import pytest

from byoip.store.jobs.jobs import make_job_app
from tests.counting import counted

PID = "SELECT pg_backend_pid() AS pid"


async def test_the_server_is_asked_nothing_before_a_statement_of_the_queue(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_job_app(database_url)
    async with app.open_async():
        await app.connector.execute_query_one_async(PID)
        with counted(monkeypatch) as told:
            await app.connector.execute_query_one_async(PID)
    assert told == [PID]


async def test_a_connection_that_the_server_has_closed_is_replaced(database_url: str) -> None:
    app = make_job_app(database_url)
    async with app.open_async():
        before = await app.connector.execute_query_one_async(PID)
        with psycopg.connect(database_url, autocommit=True) as connection:
            ended = "SELECT pg_terminate_backend(%s, 5000)"
            assert connection.execute(ended, [before["pid"]]).fetchone() == (True,)
        after = await app.connector.execute_query_one_async(PID)
    assert after["pid"] != before["pid"]
