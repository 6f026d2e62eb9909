"""Claims on their way out: begun, taken in by runs of the job, ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.claims.lifecycle import Standing
from byoip.domain.routes.offboarding import End, Offboarding, Step, TakenBinding, TakenRoute
from byoip.store.claims.tables import prefixes
from byoip.store.columns import constant
from byoip.store.routes.bgp_prefixes import LINGERS
from byoip.store.routes.tables import bgp_prefixes, breaker_trips, offboardings
from byoip.store.statements import AnyRow, Repository, compiled, from_row, json, to_row


@dataclass(frozen=True, slots=True)
class DueOffboarding:
    """A claim whose offboarding may take its next step.

    Attributes:
        new: no run has enrolled it yet for what comes now: withdrawing, or closing.
    """

    claim_id: UUID
    account_id: UUID
    new: bool


_o, _p, _b, _t = offboardings.c, prefixes.c, bgp_prefixes.c, breaker_trips.c
_LIMIT: Final = sa.bindparam("most", type_=sa.Integer)
_FIXED: Final = ("id", "prefix_id", "actor", "request_id", "began_at")
_DONE: Final = ("step", "contested", "routes", "bindings", "grace_until")
_CHANGING: Final = (*_DONE, "parked_by", "next_at", "paced", "ended_at", "ending")

_INSERT: Final = compiled(sa.insert(offboardings), [*_FIXED, *_CHANGING])
_SAVE: Final = compiled(
    sa.update(offboardings).where(_o.id == sa.bindparam("offboarding_id"), _o.live), _CHANGING
)
_LIVE: Final = compiled(
    sa.select(*offboardings.c, _p.account_id)
    .join(prefixes, _p.id == _o.prefix_id)
    .where(_o.prefix_id == sa.bindparam("claim_id"), _o.live)
)
_WITHDRAW, _CONFIRM, _UNBIND, _GRACE = (
    constant(one) for one in (Step.WITHDRAW, Step.CONFIRM, Step.UNBIND, Step.GRACE)
)
_way_down = sa.case((_o.step == _GRACE, _GRACE), else_=_WITHDRAW)


def _a_route(*those: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(_b.prefix_id == _o.prefix_id, *those)


_free = _a_route(_b.live, _b.advertised, ~_b.locked)
_wanted = _a_route(_b.live, _b.advertised)
_parked = sa.exists().where(_t.id == _o.parked_by, _t.live)
# Left out is what waits: for a trip, a lock, the end of the grace, or until no observer sees it.
_may_go_on = sa.or_(
    sa.and_(_o.step == _WITHDRAW, sa.or_(~_wanted, sa.and_(_free, ~_parked))),
    sa.and_(_o.step == _CONFIRM, sa.or_(_wanted, ~_a_route(LINGERS))),
    _o.step == _UNBIND,
    sa.and_(_o.step == _GRACE, _o.grace_until <= sa.bindparam("now")),
)
# A query of its own (R2): state and request are part of it, and no filter can be left out.
_DUE: Final = compiled(
    sa.select(
        _o.prefix_id.label("claim_id"),
        _p.account_id,
        _o.taken_in.is_distinct_from(_way_down).label("new"),
    )
    .join(prefixes, _p.id == _o.prefix_id)
    .where(
        _o.live,
        _o.request_id != "",
        _p.live,
        _p.standing == constant(Standing.OFFBOARDING),
        _may_go_on,
    )
    .order_by(_o.began_at, _o.id)
    .limit(_LIMIT)
)
# Locks no claims, so in the order of claims' ids, the order in which re-arming a trip locks them.
_THESE: Final = compiled(
    sa.select(_o.id)
    .where(_o.prefix_id == sa.func.any(sa.bindparam("claim_ids", type_=pg.ARRAY(sa.Uuid))), _o.live)
    .order_by(_o.prefix_id)
    .with_for_update(key_share=True)
)
_TAKE_IN: Final = compiled(
    sa.update(offboardings)
    .where(_o.prefix_id == sa.func.any(sa.bindparam("claim_ids", type_=pg.ARRAY(sa.Uuid))), _o.live)
    .values(taken_in=_way_down)
)
_OWED: Final = compiled(
    sa.select(_o.prefix_id)
    .where(_o.live, _o.step == constant(Step.RESTORE))
    .order_by(_o.began_at, _o.id)
    .limit(_LIMIT)
)
_PARKED: Final = compiled(
    sa.select(_o.prefix_id)
    .where(_o.parked_by == sa.bindparam("trip_id"), _o.live)
    .order_by(_o.prefix_id)
)


class OffboardingRepository(Repository):
    """Offboardings, within one transaction."""

    async def add(self, offboarding: Offboarding) -> None:
        """Add a new one; its claim has no other live one."""
        fixed = to_row(offboarding, _FIXED, prefix_id=offboarding.claim_id)
        await self._session.change(_INSERT, **fixed, **_changing(offboarding))

    async def live(self, claim_id: UUID) -> Offboarding | None:
        """The one of a claim, until it has ended."""
        row = await self._session.row(_LIVE, claim_id=claim_id)
        return None if row is None else _offboarding_from(row)

    async def save(self, offboarding: Offboarding) -> None:
        """Write back how far it has come."""
        await self._session.change(_SAVE, offboarding_id=offboarding.id, **_changing(offboarding))

    async def due(self, now: datetime, limit: int) -> Sequence[DueOffboarding]:
        """Claims whose offboarding may take its next step, oldest first.

        They were offboarded by a recorded request, and wait for nothing: no trip, no lock, not
        the end of the grace, and no observer that still sees a route.
        """
        rows = await self._session.rows(_DUE, now=now, most=limit)
        return [DueOffboarding(**row._asdict()) for row in rows]

    async def enrol(self, claim_ids: Sequence[UUID]) -> None:
        """Note that a run has these in its set: they are not new to later runs."""
        await self._session.rows(_THESE, claim_ids=list(claim_ids))
        await self._session.change(_TAKE_IN, claim_ids=list(claim_ids))

    async def owed(self, limit: int) -> Sequence[UUID]:
        """Restored claims that still have a route to be announced."""
        return [row.prefix_id for row in await self._session.rows(_OWED, most=limit)]

    async def parked(self, trip_id: UUID) -> Sequence[UUID]:
        """Claims whose offboarding waits behind a trip, in the order of their ids."""
        return [row.prefix_id for row in await self._session.rows(_PARKED, trip_id=trip_id)]


def _offboarding_from(row: AnyRow) -> Offboarding:
    return from_row(
        Offboarding,
        row,
        claim_id=row.prefix_id,
        step=Step(row.step),
        routes=tuple(TakenRoute(UUID(one["bgp_prefix_id"]), one["change"]) for one in row.routes),
        bindings=tuple(
            TakenBinding(UUID(one["binding_id"]), one["cidr"], UUID(one["service_id"]))
            for one in row.bindings
        ),
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
    given = {"routes": json(routes), "bindings": json(bindings), "ending": offboarding.end}
    return to_row(offboarding, _CHANGING, **given)
