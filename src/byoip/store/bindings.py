from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
from sqlalchemy import Uuid, bindparam, insert, select, update

from byoip.domain.service_binding import (
    BindingExists,
    BindingNotFound,
    Service,
    ServiceBinding,
    ServiceNotFound,
)
from byoip.store.rows import BINDING, BINDING_WRITTEN, binding_from, binding_values
from byoip.store.statements import Session, compiled
from byoip.store.tables import bindings, services

_b = bindings.c
_this = update(bindings).where(_b.id == bindparam("binding_id", type_=Uuid), _b.live)

_OF_CLAIM: Final = compiled(
    select(*BINDING)
    .join(services, _b.service_id == services.c.id)
    .where(_b.prefix_id == bindparam("claim_id", type_=Uuid), _b.live)
    .order_by(_b.cidr)
)
_INSERT: Final = compiled(insert(bindings), BINDING_WRITTEN)
_SWAP: Final = compiled(_this, ["service_id"])
_REMOVE: Final = compiled(_this, ["removed_at"])
_SERVICE: Final = compiled(
    select(services)
    .where(services.c.id == bindparam("service_id", type_=Uuid), services.c.live)
    # Until the binding is there, the service cannot be retired or made default-only.
    .with_for_update(read=True, key_share=True)
)


class BindingShelf:
    """Service bindings, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of(self, claim_id: UUID) -> Sequence[ServiceBinding]:
        """The live bindings of a claim, in address order."""
        return [binding_from(row) for row in await self._session.rows(_OF_CLAIM, claim_id=claim_id)]

    async def add(self, binding: ServiceBinding) -> None:
        """Keep a new binding."""
        try:
            await self._session.change(_INSERT, **binding_values(binding))
        except psycopg.errors.UniqueViolation as fault:
            if fault.diag.constraint_name == "uq_bindings_live_cidr":
                raise BindingExists(binding.cidr) from None
            raise

    async def swap(self, binding_id: UUID, service: Service) -> None:
        """Change the service of a live binding."""
        if not await self._session.change(_SWAP, binding_id=binding_id, service_id=service.id):
            raise BindingNotFound

    async def remove(self, binding_id: UUID, now: datetime) -> None:
        """End a live binding; the row stays."""
        if not await self._session.change(_REMOVE, binding_id=binding_id, removed_at=now):
            raise BindingNotFound


class ServiceShelf:
    """What the operator offers, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, service_id: UUID) -> Service:
        """One live service."""
        row = await self._session.row(_SERVICE, service_id=service_id)
        if row is None:
            raise ServiceNotFound
        return Service(row.id, row.name, row.default_only)
