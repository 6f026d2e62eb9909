"""The ceiling of work that is mostly the database's: as many statements, by the bare driver."""

import asyncio
import time
from collections.abc import Iterator

import psycopg
from benchmarks.databases import Asked

_CONNECTIONS = 10  # as a process of the service has them


def seconds_of(
    database_url: str, asked: Asked, times: int, *, at_once: int = _CONNECTIONS
) -> float:
    """Seconds for so many repetitions: trivial statements, and an insert in each transaction."""
    return asyncio.run(_repeat(database_url, asked, times, at_once))


async def _repeat(database_url: str, asked: Asked, times: int, at_once: int) -> float:
    connections = [
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) for _ in range(at_once)
    ]
    await connections[0].execute("CREATE TABLE IF NOT EXISTS bare (number bigint NOT NULL)")
    left = iter(range(times))
    started = time.perf_counter()
    await asyncio.gather(*(_work(connection, asked, left) for connection in connections))
    seconds = time.perf_counter() - started
    for connection in connections:
        await connection.close()
    return seconds


async def _work(connection: psycopg.AsyncConnection, asked: Asked, left: Iterator[int]) -> None:
    for number in left:
        for _ in range(asked.transactions):
            async with connection.transaction():
                await connection.execute("INSERT INTO bare VALUES (%s)", [number])
        for _ in range(asked.statements - asked.transactions):
            await connection.execute("SELECT %s::bigint", [number])
