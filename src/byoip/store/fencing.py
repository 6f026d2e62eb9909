"""Of several servers that take writes, only the one that was promoted last is ours.

An old primary that is started again takes writes beside its successor. What is written there is
lost, and a worker that led there would tell speakers what no owner wants any more. So each process
remembers how far the timeline of each cluster has gone, and counts a server that is behind as away.

Text SQL, on the driver: it is about single connections.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg
from psycopg.rows import tuple_row

from byoip.store.silence import Place, Timeline, give_up_older, key

# The insertion timeline: the control file's is behind for a while after a promotion.
_ASKED: Final = """
    SELECT system_identifier::text, CASE WHEN NOT pg_is_in_recovery()
        THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END
    FROM pg_control_system()
"""

_newest: Final[dict[str, int]] = {}
_looked_at: Final[set[tuple[Place, ...]]] = set()


class OldPrimary(psycopg.OperationalError):
    """Another server was promoted since this one was the primary."""


def to_look_at(found: Sequence[Mapping[str, str]]) -> bool:
    """Whether these are several hosts, at which this process has not looked yet.

    One that starts knows no timeline, and an old primary may stand first in its URL.
    """
    places = tuple(key(one) for one in found)
    new = len(places) > 1 and places not in _looked_at
    _looked_at.add(places)
    return new


async def timeline_of(connection: psycopg.AsyncConnection[Any]) -> Timeline | None:
    """Where the server is; None: it does not say. The connection is closed if that fails.

    Raises:
        OldPrimary: this process has reached a newer one of the same cluster.
    """
    try:
        found = await _asked(connection)
        if found is not None:
            _take(found, connection.info.host)
    except BaseException:
        await connection.close()
        raise
    return found


async def _asked(connection: psycopg.AsyncConnection[Any]) -> Timeline | None:
    try:
        asked = await connection.cursor(row_factory=tuple_row).execute(_ASKED)
    except psycopg.errors.InsufficientPrivilege:
        return None  # of a provider, who fences then
    cluster, said = await asked.fetchone() or ("", None)
    return None if said is None else (cluster, int(said, 16))


def _take(found: Timeline, host: str) -> None:
    cluster, number = found
    newest = _newest.setdefault(cluster, number)
    if number < newest:
        raise OldPrimary(
            f"{host} is an old primary: its timeline is {number}, and {newest} was reached before. "
            "If an older copy was put back on purpose, start byoip again"
        )
    _newest[cluster] = number
    give_up_older(found)
