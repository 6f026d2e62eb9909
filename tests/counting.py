"""Statements that are asked of the database, without those that begin and end transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements of all connections of this process, in order."""
    told: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def telling(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        words = query.decode() if isinstance(query, bytes) else str(query)
        told.append(" ".join(words.split())[:100])
        return await execute(cursor, query, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.AsyncCursor, "execute", telling)
        yield told
