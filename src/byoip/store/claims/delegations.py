"""Delegations of a claim's ranges to other accounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.claims.delegation import DelegateNotFound, Delegation, DelegationOverlaps
from byoip.domain.claims.lifecycle import State
from byoip.domain.prefix import Prefix
from byoip.store.claims.tables import delegations, prefixes
from byoip.store.routes.bgp_prefixes import UP
from byoip.store.routes.tables import bgp_prefixes
from byoip.store.statements import AnyRow, Repository, compiled, from_row, to_row
from byoip.store.unavailable import refusing

_d, _p, _b = delegations.c, prefixes.c, bgp_prefixes.c
_TIME: Final = sa.DateTime(timezone=True)
_NOW: Final = sa.bindparam("now", type_=_TIME)
_ACCOUNT: Final = sa.bindparam("account_id", type_=sa.Uuid)
_FIXED: Final = ("id", "prefix_id", "prefix_cidr", "cidr", "account_id", "created_at")
_WRITTEN: Final = (*_FIXED, "expires_at")

_OF_CLAIM: Final = compiled(
    sa.select(delegations)
    .where(_d.prefix_id == sa.bindparam("claim_id"), _d.live)
    .order_by(_d.cidr)
)
_INSERT: Final = compiled(sa.insert(delegations), _WRITTEN)
_END: Final = compiled(
    sa.update(delegations).where(
        _d.id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))), _d.live
    ),
    ["ended_at"],
)
_OVER: Final = compiled(
    sa.select(_d.prefix_id, _p.account_id)
    .join(prefixes, _p.id == _d.prefix_id)
    .where(
        _d.live,
        sa.or_(
            _d.expires_at <= _NOW,
            sa.and_(_p.state == State.PENDING.value, ~sa.exists().where(_b.prefix_id == _p.id, UP)),
        ),
    )
    .group_by(_d.prefix_id, _p.account_id)
    .order_by(sa.func.min(_d.expires_at), _d.prefix_id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)

# For the API: what has expired is gone, whether or not its end was recorded yet.
_counting = sa.or_(_d.expires_at.is_(None), _d.expires_at > _NOW)
_page = (
    sa.select(delegations)
    .where(
        _d.live,
        _counting,
        sa.tuple_(_d.created_at, _d.id)
        > sa.tuple_(
            sa.bindparam("after_time", type_=_TIME), sa.bindparam("after_id", type_=sa.Uuid)
        ),
    )
    .order_by(_d.created_at, _d.id)
    .limit(sa.bindparam("page_size", type_=sa.Integer))
)
_given = _page.where(_d.prefix_id == _p.id).correlate(prefixes).lateral("page")
GIVEN: Final = compiled(
    sa.select(_given)
    .select_from(prefixes.outerjoin(_given, sa.true()))
    .where(_p.id == sa.bindparam("claim_id"), _p.account_id == _ACCOUNT, _p.live)
    .order_by(_given.c.created_at, _given.c.id)
)
RECEIVED: Final = compiled(_page.where(_d.account_id == _ACCOUNT))
OF_ACCOUNT: Final = compiled(
    _page.join(prefixes, _p.id == _d.prefix_id).where(_p.account_id == _ACCOUNT, _p.live)
)


class DelegationRepository(Repository):
    """Delegations, within one transaction."""

    async def of(self, claim_id: UUID) -> Sequence[Delegation]:
        """The claim's delegations whose end is not recorded, in address order."""
        rows = await self._session.rows(_OF_CLAIM, claim_id=claim_id)
        return [delegation_from(row) for row in rows]

    async def add(self, delegation: Delegation) -> None:
        """Keep a new delegation.

        Raises:
            DelegationOverlaps: some of it is delegated already, by this owner or another.
            DelegateNotFound: the other account does not exist.
        """
        with refusing(
            ex_delegations_overlap=DelegationOverlaps(delegation.cidr),
            fk_delegations_account_id=DelegateNotFound,
        ):
            await self._session.change(_INSERT, **_values(delegation))

    async def end(self, ids: Sequence[UUID], now: datetime) -> None:
        """Record the end of live delegations; the rows stay."""
        await self._session.change(_END, ids=list(ids), ended_at=now)

    async def over(self, now: datetime, limit: int) -> Mapping[UUID, UUID]:
        """Claims with delegations whose end is to be recorded, each with its owner.

        They have expired; or the claim is not approved, and none of its routes is up.
        """
        rows = await self._session.rows(_OVER, now=now, most=limit)
        return {row.prefix_id: row.account_id for row in rows}


def delegation_from(row: AnyRow) -> Delegation:
    """A row of delegations."""
    cidrs = {"prefix": Prefix(row.prefix_cidr), "cidr": Prefix(row.cidr)}
    return from_row(Delegation, row, claim_id=row.prefix_id, **cidrs)


def _values(delegation: Delegation) -> dict[str, Any]:
    cidrs = {"prefix_cidr": delegation.prefix.network, "cidr": delegation.cidr.network}
    return to_row(delegation, _WRITTEN, prefix_id=delegation.claim_id, **cidrs)
