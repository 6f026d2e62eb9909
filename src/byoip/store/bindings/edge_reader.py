"""Reads for edges and of them: one statement each, so each is of one moment."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.expression import FromClause

from byoip.domain.bindings.edge import BoundRange, ChangeKind, EdgeChange, FullState
from byoip.domain.bindings.service_binding import Service
from byoip.domain.prefix import Prefix
from byoip.store.autocommit import autocommit_pool
from byoip.store.bindings.edge_feed import edge_from
from byoip.store.bindings.edges import FEED, FEED_NOW, NEWEST, NEWEST_CHANGE
from byoip.store.bindings.tables import bindings, edge_changes, edges, services
from byoip.store.bindings.views import EdgeView
from byoip.store.sharing import PART, in_slices
from byoip.store.statements import AnyRow, compiled, from_row

_c, _b, _e = edge_changes.c, bindings.c, edges.c
_SERVICE: Final = ("id", "name", "default_only")
_NAMED: Final = ("service", "previous", "answering")
_service, _previous, _answering = (services.alias(one) for one in _NAMED)


def _shown(table: FromClause, name: str) -> list[sa.ColumnElement[Any]]:
    return [table.c[one].label(f"{name}_service_{one}") for one in _SERVICE]


CHANGES: Final = compiled(
    sa.select(
        *(one for one in _c if not one.name.endswith("service_id")),
        *_shown(_service, "service"),
        *_shown(_previous, "previous"),
        *_shown(_answering, "answering"),
        FEED.label("feed"),
    )
    .select_from(
        edge_changes.outerjoin(_service, _c.service_id == _service.c.id)
        .outerjoin(_previous, _c.previous_service_id == _previous.c.id)
        .outerjoin(_answering, _c.answering_service_id == _answering.c.id)
    )
    .where(_c.number > sa.bindparam("after_number"))
    .order_by(_c.number)
    .limit(sa.bindparam("page_size", type_=sa.Integer))
)
_one_row = sa.select(NEWEST.label("newest"), FEED.label("feed")).subquery("counter")
STATE: Final = compiled(
    sa.select(
        *_one_row.c, *(_b.id, _b.prefix_id, _b.prefix_cidr, _b.cidr), *_shown(services, "service")
    )
    .select_from(
        _one_row.outerjoin(bindings, _b.live).outerjoin(services, _b.service_id == services.c.id)
    )
    .order_by(_b.prefix_cidr, _b.prefix_id, _b.cidr)
)
EDGES: Final = compiled(sa.select(NEWEST.label("newest"), edges).where(_e.live).order_by(_e.name))


class EdgeReader:
    """The feed, the full state, and the edges that follow them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def changes(self, *, after: int, limit: int) -> Sequence[EdgeChange]:
        """Changes with greater numbers, in their order."""
        rows = await self._autocommit.ask(CHANGES, after_number=after, page_size=limit)
        return await in_slices(rows, _change, size=PART)

    async def state(self) -> FullState:
        """All that is bound, as of one number."""
        rows = await self._autocommit.ask(STATE)
        bound = [row for row in rows if row.id is not None]
        ranges = await in_slices(bound, _range, size=PART)
        return FullState(rows[0].newest, tuple(ranges), rows[0].feed)

    async def newest(self) -> int:
        """The number of the newest change; 0 before the first."""
        (row,) = await self._autocommit.ask(NEWEST_CHANGE)
        return int(row.newest)

    async def feed_name(self) -> UUID:
        """The feed within which numbers are given."""
        (row,) = await self._autocommit.ask(FEED_NOW)
        found: UUID = row.feed
        return found

    async def edges(self) -> Sequence[EdgeView]:
        """Those not removed, by name."""
        rows = await self._autocommit.ask(EDGES)
        return [EdgeView(edge_from(row), row.newest) for row in rows]


def _change(row: AnyRow) -> EdgeChange:
    around = row.answering_cidr
    return from_row(
        EdgeChange,
        row,
        kind=ChangeKind(row.kind),
        claim_id=row.prefix_id,
        prefix=Prefix(row.prefix_cidr),
        cidr=Prefix(row.cidr),
        service=_named(row, "service"),
        previous=_named(row, "previous"),
        answering=_named(row, "answering"),
        answering_cidr=None if around is None else Prefix(around),
    )


def _named(row: AnyRow, name: str) -> Service | None:
    return None if getattr(row, f"{name}_service_id") is None else _service_of(row, name)


def _service_of(row: AnyRow, name: str) -> Service:
    return Service(*(getattr(row, f"{name}_service_{one}") for one in _SERVICE))


def _range(row: AnyRow) -> BoundRange:
    cidrs = Prefix(row.prefix_cidr), Prefix(row.cidr)
    return BoundRange(row.id, row.prefix_id, *cidrs, _service_of(row, "service"))
