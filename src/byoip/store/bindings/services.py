"""Services that customers may bind: kept, locked, retired, and offered from the settings."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.bindings.offered_service import ServiceExists, ServiceNotOffered
from byoip.domain.bindings.service_binding import Service, ServiceNotFound
from byoip.store.bindings.tables import bindings, edge_changes, services
from byoip.store.claims.tables import prefixes
from byoip.store.routes.tables import offboardings
from byoip.store.statements import Repository, compiled, to_row
from byoip.store.unavailable import refusing, translate_driver_errors

_s, _b, _log = services.c, bindings.c, edge_changes.c
_SERVICE: Final = sa.bindparam("service_id", type_=sa.Uuid)
_THIS: Final = sa.and_(_s.id == _SERVICE, _s.live)
_WRITTEN: Final = ("id", "name", "default_only", "created_at")
_CHANGING: Final = ("default_only", "version")
_ADD: Final = compiled(pg.insert(services), _WRITTEN)
_LOCK: Final = compiled(sa.select(services).where(_THIS).with_for_update())
_SAVE: Final = compiled(sa.update(services).where(_THIS), _CHANGING)
_RETIRE: Final = compiled(sa.update(services).where(_THIS), ["removed_at"])
# What is bound now, and what claims in their grace were bound to: they may be restored, and must
# find it there.
_resting = sa.select(_b.is_default.label("whole")).where(
    sa.or_(
        sa.and_(_b.service_id == _SERVICE, _b.live),
        _b.answering_service_id == _SERVICE,
        # Bound and swapped away again, before edges had either.
        sa.and_(
            _b.settled < _b.change,
            sa.exists().where(
                _log.binding_id == _b.id,
                _log.number > _b.settled,
                sa.or_(_log.service_id == _SERVICE, _log.previous_service_id == _SERVICE),
            ),
        ),
    )
)
_taken = sa.func.jsonb_array_elements(offboardings.c.bindings).column_valued("taken")
_in_grace = (
    sa.select(_taken.op("->>")("cidr") == sa.cast(prefixes.c.cidr, sa.Text))
    .select_from(offboardings.join(prefixes, prefixes.c.id == offboardings.c.prefix_id))
    .where(
        offboardings.c.live,
        _taken.op("->>")("service_id") == sa.func.replace(sa.cast(_SERVICE, sa.Text), "-", ""),
    )
)
_all_resting = sa.union_all(_resting, _in_grace).subquery()
_BOUND: Final = compiled(
    sa.select(
        sa.func.count().label("bound"),
        sa.func.count().filter(~_all_resting.c.whole).label("nested"),
    ).select_from(_all_resting)
)
_GET: Final = compiled(
    sa.select(services)
    .where(_THIS)
    # Until the binding is there, the service cannot be retired or made default-only.
    .with_for_update(read=True, key_share=True)
)
_all = services.alias("all_services")
_RETIRED = sa.select(_s.name).where(
    ~_s.live, ~sa.exists().where(_all.c.name == _s.name, _all.c.live)
)


class ServiceRepository(Repository):
    """What customers may bind."""

    async def get(self, service_id: UUID) -> Service:
        """One live service.

        Raises:
            ServiceNotFound: no such service.
        """
        row = await self._session.one(_GET, ServiceNotFound, service_id=service_id)
        return Service(row.id, row.name, row.default_only)

    async def add(self, service: Service, now: datetime) -> None:
        """Offer a new service.

        Raises:
            ServiceExists: its name is taken.
        """
        with refusing(uq_services_live_name=ServiceExists):
            await self._session.change(_ADD, **to_row(service, _WRITTEN, created_at=now))

    async def lock(self, service_id: UUID) -> Service:
        """Read a live service for update; new bindings to it wait.

        Raises:
            ServiceNotOffered: there is none.
        """
        row = await self._session.one(_LOCK, ServiceNotOffered, service_id=service_id)
        return Service(row.id, row.name, row.default_only, row.version)

    async def bindings(self, service_id: UUID) -> tuple[int, int]:
        """How many bindings rest on it, and how many of them span less than their prefix.

        A binding that it was swapped away from, or that was removed, rests on it until a majority
        of edges has acknowledged that.
        """
        (row,) = await self._session.rows(_BOUND, service_id=service_id)
        return row.bound, row.nested

    async def save(self, service: Service) -> None:
        """Write back a service that was locked."""
        changed = to_row(service, _CHANGING)
        await self._session.change(_SAVE, service_id=service.id, **changed)

    async def retire(self, service_id: UUID, now: datetime) -> None:
        """End a service that was locked and has no bindings; the row stays."""
        await self._session.change(_RETIRE, service_id=service_id, removed_at=now)


async def seed_services(engine: AsyncEngine, offered: Iterable[tuple[str, bool]]) -> None:
    """Offer these services (name, default_only); those there already keep their ids.

    One no longer named stays: bindings rest on it, and retiring it is for an operator to decide.
    What an operator has retired stays so, whatever the settings say.
    """
    seeding = pg.insert(services)
    kept = seeding.on_conflict_do_update(
        index_elements=[_s.name],
        index_where=_s.live,
        set_={"default_only": seeding.excluded.default_only},
        where=sa.or_(_s.default_only != seeding.excluded.default_only),
    )
    with translate_driver_errors():
        async with engine.begin() as connection:
            retired = set((await connection.scalars(_RETIRED)).all())
            for name, default_only in offered:
                values = {
                    "id": sa.func.gen_random_uuid(),
                    "name": name,
                    "default_only": default_only,
                    "created_at": sa.func.now(),
                }
                if name not in retired:
                    await connection.execute(kept.values(values))
