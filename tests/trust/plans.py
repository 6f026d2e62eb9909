"""How many rows a statement touches, by Postgres' own count: seconds differ, rows do not."""

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg


def rows_touched(
    connection: psycopg.Connection[Any], statement: bytes, values: Mapping[str, object]
) -> int:
    """The most rows that any one step of the plan read, kept or not; the statement is run."""
    analysed = b"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) %b" % statement
    row = connection.execute(analysed, values).fetchone()
    assert row is not None
    return max(_rows(node) for node in _nodes(row[0][0]["Plan"]))


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _rows(node: Mapping[str, Any]) -> int:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])
