"""Bindings of a claim's ranges to services; each change goes into the feed for edges."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.bindings.edge import ChangeKind
from byoip.domain.bindings.service_binding import (
    BindingExists,
    BindingNotFound,
    Provisioning,
    Service,
    ServiceBinding,
)
from byoip.domain.prefix import Prefix
from byoip.domain.routes.bgp_prefix import Contested
from byoip.store.batches import Part, asking
from byoip.store.bindings.edge_feed import EdgeFeed, Noted
from byoip.store.bindings.tables import bindings, services
from byoip.store.statements import AnyRow, Session, compiled
from byoip.store.unavailable import refusing

_b = bindings.c
_answering = services.alias("answering")
BINDING: Final = (
    *bindings.c,
    services.c.name.label("service_name"),
    services.c.default_only.label("service_default_only"),
    _answering.c.name.label("answering_name"),
    _answering.c.default_only.label("answering_default_only"),
)
BINDING_SOURCE: Final = bindings.join(services, bindings.c.service_id == services.c.id).outerjoin(
    _answering, bindings.c.answering_service_id == _answering.c.id
)
_WRITTEN: Final = tuple(
    one.name
    for one in bindings.c
    if one.computed is None and one.name not in {"removed_at", "change", "settled"}
)
_THIS: Final = sa.bindparam("binding_id", type_=sa.Uuid)
_this = sa.update(bindings).where(_b.id == _THIS, _b.live)

_ENDED: Final = compiled(
    sa.select(_b.cidr, _b.service_id, services.c.name)
    .join(services, services.c.id == _b.service_id)
    .where(
        _b.prefix_id == sa.bindparam("claim_id"),
        _b.removed_at >= sa.bindparam("since", type_=sa.DateTime(timezone=True)),
    )
    .ext(pg.distinct_on(_b.cidr))
    .order_by(_b.cidr, _b.removed_at.desc())
)
_OF_CLAIM: Final = compiled(
    sa.select(*BINDING)
    .select_from(BINDING_SOURCE)
    .where(_b.prefix_id == sa.bindparam("claim_id"), _b.live)
    .order_by(_b.cidr)
)
# What answers for a binding's range without it: the one around it, if there is one. The feed
# will name their services: locked here, where the order of locks has its place for services.
_around = bindings.alias("around")
_around_it = (
    sa.select(_around)
    .where(_around.c.prefix_id == _b.prefix_id, _around.c.live, _around.c.cidr.op(">>")(_b.cidr))
    .order_by(sa.func.masklen(_around.c.cidr).desc())
    .limit(1)
    .lateral("enclosing")
)
_GET: Final = compiled(
    sa.select(
        *BINDING,
        _around_it.c.service_id.label("enclosing_service_id"),
        _around_it.c.cidr.label("enclosing_cidr"),
    )
    .select_from(BINDING_SOURCE.outerjoin(_around_it, sa.true()))
    .where(_b.id == _THIS, _b.live)
)
_KEEP_SERVICES: Final = compiled(
    sa.select(services.c.id)
    .where(services.c.id == sa.func.any(sa.bindparam("service_ids", type_=pg.ARRAY(sa.Uuid))))
    .with_for_update(read=True, key_share=True)
)
_INSERT: Final = compiled(sa.insert(bindings), _WRITTEN)
_SWAP: Final = compiled(_this, ["service_id", "state"])
_SWAP_AT_ONCE: Final = compiled(_this, ["service_id", "state", "answering_service_id"])
_REMOVE: Final = compiled(_this, ["removed_at"])
_REMOVE_AT_ONCE: Final = compiled(_this, ["removed_at", "answering_service_id"])


@dataclass(frozen=True, slots=True)
class EndedBinding:
    """What was bound, and to what."""

    cidr: str
    service_id: UUID
    service_name: str


class BindingRepository:
    """Service bindings, within one transaction; each change goes into the feed for edges."""

    def __init__(self, session: Session, feed: EdgeFeed) -> None:
        self._session = session
        self._feed = feed

    async def of(self, claim_id: UUID) -> Sequence[ServiceBinding]:
        """The live bindings of a claim, in address order."""
        return _bindings(await self._session.rows(_OF_CLAIM, claim_id=claim_id))

    def asking(self, claim_id: UUID) -> Part:
        """The same, as a part of a look."""
        return asking(_OF_CLAIM, _bindings, claim_id=claim_id)

    def ended_since(self, claim_id: UUID, since: datetime) -> Part:
        """What was bound last of each range whose binding ended since then: for a look."""

        def read(rows: list[AnyRow]) -> tuple[EndedBinding, ...]:
            return tuple(EndedBinding(str(one.cidr), one.service_id, one.name) for one in rows)

        return asking(_ENDED, read, claim_id=claim_id, since=since)

    async def add(self, binding: ServiceBinding) -> ServiceBinding:
        """Keep a new binding; gives it with its state: active at once where there are no edges."""
        at_once = await self._feed.at_once()
        state = Provisioning.ACTIVE if at_once else Provisioning.PROVISIONING
        kept = replace(binding, state=state, interim=None)
        with refusing(
            uq_bindings_live_cidr=BindingExists(binding.cidr),
            ex_bindings_default_overlap=Contested(still_served=True),
        ):
            await self._session.change(_INSERT, **_values(kept))
        await self._feed.note(_noted(ChangeKind.BOUND, kept, kept.service, None))
        return kept

    async def swap(self, binding_id: UUID, service: Service) -> ServiceBinding:
        """Change the service of a live binding; where there are edges the old one still answers."""
        old = binding_from(await self._locked(binding_id))
        asked: dict[str, Any] = {"binding_id": binding_id, "service_id": service.id}
        if await self._feed.at_once():
            asked |= {"state": Provisioning.ACTIVE, "answering_service_id": service.id}
            await self._session.change(_SWAP_AT_ONCE, **asked)
            kept = replace(old, service=service, state=Provisioning.ACTIVE, interim=None)
        else:
            await self._session.change(_SWAP, **asked, state=Provisioning.PROVISIONING)
            waiting, interim = Provisioning.PROVISIONING, old.answered_by
            kept = replace(old, service=service, state=waiting, interim=interim)
        await self._feed.note(_noted(ChangeKind.SWAPPED, kept, service, old.service))
        return kept

    async def remove(self, binding_id: UUID, now: datetime) -> None:
        """End a live binding; the row stays. Where there are edges its service still answers."""
        row = await self._locked(binding_id)
        if await self._feed.at_once():
            asked = {"removed_at": now, "answering_service_id": None}
            await self._session.change(_REMOVE_AT_ONCE, binding_id=binding_id, **asked)
        else:
            await self._session.change(_REMOVE, binding_id=binding_id, removed_at=now)
        binding = binding_from(row)
        noted = _noted(ChangeKind.UNBOUND, binding, None, binding.service)
        around = str(row.enclosing_cidr) if row.enclosing_cidr else None
        await self._feed.note(
            replace(noted, answering_service_id=row.enclosing_service_id, answering_cidr=around)
        )

    async def _locked(self, binding_id: UUID) -> Any:
        row = await self._session.one(_GET, BindingNotFound, binding_id=binding_id)
        named = [one for one in (row.service_id, row.enclosing_service_id) if one]
        await self._session.rows(_KEEP_SERVICES, service_ids=named)
        return row


def _bindings(rows: Sequence[AnyRow]) -> Sequence[ServiceBinding]:
    return [binding_from(row) for row in rows]


def binding_from(row: AnyRow) -> ServiceBinding:
    """Columns BINDING, of BINDING_SOURCE."""
    state, interim = Provisioning(row.state), None
    if state is not Provisioning.ACTIVE and row.answering_service_id is not None:
        interim = Service(row.answering_service_id, row.answering_name, row.answering_default_only)
    return ServiceBinding(
        id=row.id,
        claim_id=row.prefix_id,
        prefix=Prefix(row.prefix_cidr),
        cidr=Prefix(row.cidr),
        service=Service(row.service_id, row.service_name, row.service_default_only),
        created_at=row.created_at,
        state=state,
        interim=interim,
    )


def _values(binding: ServiceBinding) -> dict[str, Any]:
    """What a row of bindings holds of a binding."""
    return {
        "id": binding.id,
        "prefix_id": binding.claim_id,
        "prefix_cidr": binding.prefix.network,
        "cidr": binding.cidr.network,
        "service_id": binding.service.id,
        "state": binding.state,
        "answering_service_id": binding.answered_by.id if binding.answered_by else None,
        "created_at": binding.created_at,
    }


def _noted(
    kind: ChangeKind, binding: ServiceBinding, service: Service | None, previous: Service | None
) -> Noted:
    service_id = service.id if service else None
    return Noted(
        kind=kind,
        prefix_id=binding.claim_id,
        prefix_cidr=str(binding.prefix),
        cidr=str(binding.cidr),
        binding_id=binding.id,
        service_id=service_id,
        previous_service_id=previous.id if previous else None,
        answering_service_id=service_id,
        answering_cidr=str(binding.cidr) if service else None,
    )
