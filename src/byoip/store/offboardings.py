from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, Integer, Uuid, bindparam, insert, or_, select, update

from byoip.domain.lifecycle import Standing
from byoip.domain.offboarding import End, Offboarding, Step, TakenBinding, TakenRoute
from byoip.store.columns import constant
from byoip.store.rows import AnyRow, json
from byoip.store.statements import Session, compiled
from byoip.store.tables import prefixes
from byoip.store.tables_offboarding import offboardings

_o, _p = offboardings.c, prefixes.c
_LIMIT: Final = bindparam("most", type_=Integer)
_FIXED: Final = ("id", "prefix_id", "actor", "request_id", "began_at", "contested")
_CHANGING: Final = (
    "step",
    "routes",
    "bindings",
    "grace_until",
    "parked_by",
    "paced",
    "ended_at",
    "ending",
)

_INSERT: Final = compiled(insert(offboardings), [*_FIXED, *_CHANGING])
_SAVE: Final = compiled(
    update(offboardings).where(_o.id == bindparam("offboarding_id", type_=Uuid), _o.live),
    _CHANGING,
)
_LIVE: Final = compiled(
    select(*offboardings.c, _p.account_id)
    .join(prefixes, _p.id == _o.prefix_id)
    .where(_o.prefix_id == bindparam("claim_id", type_=Uuid), _o.live)
)
# A query of its own (R2): state and request are part of it, no filter of it can be left out.
_DUE: Final = compiled(
    select(_o.prefix_id)
    .join(prefixes, _p.id == _o.prefix_id)
    .where(
        _o.live,
        _o.request_id != "",
        _p.live,
        _p.standing == constant(Standing.OFFBOARDING),
        or_(
            _o.step.in_([constant(one) for one in (Step.WITHDRAW, Step.CONFIRM, Step.UNBIND)]),
            (_o.step == constant(Step.GRACE))
            & (_o.grace_until <= bindparam("now", type_=DateTime(timezone=True))),
        ),
    )
    .order_by(_o.began_at, _o.id)
    .limit(_LIMIT)
)
_OWED: Final = compiled(
    select(_o.prefix_id)
    .where(_o.live, _o.step == constant(Step.RESTORE))
    .order_by(_o.began_at, _o.id)
    .limit(_LIMIT)
)
_PARKED: Final = compiled(
    select(_o.prefix_id)
    .where(_o.parked_by == bindparam("trip_id", type_=Uuid), _o.live)
    .order_by(_o.prefix_id)
)


class OffboardingShelf:
    """The ways out of claims, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, offboarding: Offboarding) -> None:
        """Keep a new one."""
        fixed = {
            "id": offboarding.id,
            "prefix_id": offboarding.claim_id,
            "actor": offboarding.actor,
            "request_id": offboarding.request_id,
            "began_at": offboarding.began_at,
            "contested": offboarding.contested,
        }
        await self._session.change(_INSERT, **fixed, **_changing(offboarding))

    async def live(self, claim_id: UUID) -> Offboarding | None:
        """The claim's, until it has ended."""
        row = await self._session.row(_LIVE, claim_id=claim_id)
        return None if row is None else _offboarding_from(row)

    async def save(self, offboarding: Offboarding) -> None:
        """Write back how far it is."""
        await self._session.change(_SAVE, offboarding_id=offboarding.id, **_changing(offboarding))

    async def due(self, now: datetime, limit: int) -> Sequence[UUID]:
        """Claims of which the next step may be taken."""
        return [row.prefix_id for row in await self._session.rows(_DUE, now=now, most=limit)]

    async def owed(self, limit: int) -> Sequence[UUID]:
        """Claims of which a route is still to be announced again."""
        return [row.prefix_id for row in await self._session.rows(_OWED, most=limit)]

    async def parked(self, trip_id: UUID) -> Sequence[UUID]:
        """Claims whose way out waits behind a trip."""
        return [row.prefix_id for row in await self._session.rows(_PARKED, trip_id=trip_id)]


def _offboarding_from(row: AnyRow) -> Offboarding:
    return Offboarding(
        id=row.id,
        claim_id=row.prefix_id,
        account_id=row.account_id,
        actor=row.actor,
        request_id=row.request_id,
        began_at=row.began_at,
        step=Step(row.step),
        contested=row.contested,
        routes=tuple(TakenRoute(UUID(one["bgp_prefix_id"]), one["change"]) for one in row.routes),
        bindings=tuple(
            TakenBinding(UUID(one["binding_id"]), one["cidr"], UUID(one["service_id"]))
            for one in row.bindings
        ),
        grace_until=row.grace_until,
        parked_by=row.parked_by,
        paced=row.paced,
        ended_at=row.ended_at,
        end=None if row.ending is None else End(row.ending),
    )


def _changing(offboarding: Offboarding) -> dict[str, Any]:
    routes = [
        {"bgp_prefix_id": one.bgp_prefix_id.hex, "change": one.change} for one in offboarding.routes
    ]
    bindings = [
        {"binding_id": one.binding_id.hex, "cidr": one.cidr, "service_id": one.service_id.hex}
        for one in offboarding.bindings
    ]
    return {
        "step": offboarding.step,
        "routes": json(routes),
        "bindings": json(bindings),
        "grace_until": offboarding.grace_until,
        "parked_by": offboarding.parked_by,
        "paced": offboarding.paced,
        "ended_at": offboarding.ended_at,
        "ending": offboarding.end,
    }
