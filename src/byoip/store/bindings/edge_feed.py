"""The feed of changes: written at the end of each transaction that changes a binding.

Text SQL: hot, all accounts wait for one counter. One statement locks it, numbers the changes and
writes them. It notifies nobody: who waits looks at the counter (`event_notifier.py`).
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.bindings.edge import ChangeKind, Edge, no_edge_counts
from byoip.ports.clock import Clock
from byoip.store.bindings.tables import edges
from byoip.store.statements import AnyRow, Session, compiled, from_row, from_text, json_text

ALL: Final = compiled(sa.select(edges).where(edges.c.live).order_by(edges.c.name))

# Shared by bindings and announcements; taken alone where an edge begins to count, is drained,
# comes back or goes. "by", "edg": Postgres 15 knows decimals only.
ALONE: Final = from_text(
    "SELECT pg_advisory_xact_lock(25209, 6644839) AS locked", selects=["locked"]
)
TOGETHER: Final = from_text(
    "SELECT pg_advisory_xact_lock_shared(25209, 6644839) AS locked", selects=["locked"]
)

# The counter is locked here, as the last thing before the commit.
_WRITE: Final = from_text("""
    WITH added AS (
        SELECT * FROM jsonb_to_recordset(CAST(:changes AS jsonb)) AS added (
            place bigint, at timestamptz, kind text, prefix_id uuid, prefix_cidr cidr, cidr cidr,
            binding_id uuid, service_id uuid, previous_service_id uuid,
            answering_service_id uuid, answering_cidr cidr
        )
    ), counter AS (
        INSERT INTO edge_change_counter AS kept (last) SELECT count(*) FROM added
        ON CONFLICT (singleton) DO UPDATE SET last = kept.last + excluded.last
        RETURNING last
    ), numbered AS (
        SELECT added.*, last - (SELECT count(*) FROM added) + place AS number FROM added, counter
    ), written AS (
        INSERT INTO edge_changes (
            number, at, kind, prefix_id, prefix_cidr, cidr, binding_id, service_id,
            previous_service_id, answering_service_id, answering_cidr
        )
        SELECT number, at, kind, prefix_id, prefix_cidr, cidr, binding_id, service_id,
            previous_service_id, answering_service_id, answering_cidr
        FROM numbered
    )
    UPDATE bindings SET change = newest.number,
        settled = CASE WHEN :at_once THEN newest.number ELSE settled END
    FROM (SELECT binding_id, max(number) AS number FROM numbered GROUP BY 1) AS newest
    WHERE bindings.id = newest.binding_id
""")


@dataclass(frozen=True, slots=True)
class Noted:
    """A change before it has a number, as its row has it."""

    kind: ChangeKind
    prefix_id: UUID
    prefix_cidr: str
    cidr: str
    binding_id: UUID
    service_id: UUID | None
    previous_service_id: UUID | None
    answering_service_id: UUID | None
    answering_cidr: str | None


class EdgeFeed:
    """Changes of bindings; kept back until the transaction ends, so that numbers follow commits."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._added: list[tuple[Noted, datetime]] = []
        self._at_once: bool | None = None

    async def at_once(self) -> bool:
        """Whether changes take effect at once; the same until the transaction ends."""
        if self._at_once is None:
            await self._session.rows(TOGETHER)  # no edge begins to count from here on
            rows = await self._session.rows(ALL)
            self._at_once = no_edge_counts(map(edge_from, rows))
        return self._at_once

    async def note(self, change: Noted) -> None:
        """Note what changes."""
        self._added.append((change, self._clock.now()))

    async def write(self) -> None:
        """Number and write them: the last thing in a transaction but for its stored answer."""
        if self._added:
            rows = [
                {"place": place, "at": at, **asdict(change)}
                for place, (change, at) in enumerate(self._added, 1)
            ]
            at_once = await self.at_once()
            await self._session.change(_WRITE, changes=json_text(rows), at_once=at_once)
            self._added.clear()


def edge_from(row: AnyRow) -> Edge:
    """A row of edges."""
    return from_row(Edge, row)
