"""The statements of `operator_reader.py`, made and compiled once."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.claims.lifecycle import State
from byoip.store.accounts.tables import (
    accounts,
    credentials,
    operator_event_counter,
    operator_events,
    people,
)
from byoip.store.bindings.bindings import BINDING, BINDING_SOURCE
from byoip.store.bindings.tables import bindings
from byoip.store.checks.tables import check_waivers, registry_overrides
from byoip.store.checks.tables_snapshots import current_vrp_snapshot, vrp_snapshots
from byoip.store.claims.claim_reader import VIEWS, paged
from byoip.store.claims.tables import delegations, prefixes, reservations
from byoip.store.columns import constant
from byoip.store.statements import Statement, compiled

_a, _c, _p, _b = accounts.c, credentials.c, prefixes.c, bindings.c
_d, _o, _r, _e = delegations.c, registry_overrides.c, reservations.c, operator_events.c
_ACCOUNT: Final = sa.bindparam("account_id", type_=sa.Uuid)
_CLAIM: Final = sa.bindparam("claim_id", type_=sa.Uuid)
_ADDRESS: Final = sa.bindparam("address", type_=pg.INET)
_AROUND: Final = sa.bindparam("around", type_=pg.ARRAY(pg.CIDR))
_PAGE_SIZE: Final = sa.bindparam("page_size", type_=sa.Integer)

_held = (
    sa.select(sa.func.count())
    .where(_p.account_id == _a.id, _p.live)
    .correlate(accounts)
    .scalar_subquery()
    .label("claims")
)
ACCOUNTS: Final = compiled(paged(sa.select(accounts, _held), accounts))
ACCOUNT: Final = compiled(sa.select(accounts, _held).where(_a.id == _ACCOUNT))

_named = _a.name == sa.func.coalesce(sa.bindparam("name", type_=sa.Text), _a.name)
_BY_AGE: Final = sa.select(accounts).where(_named).limit(_PAGE_SIZE)
_SKIPPED: Final = sa.bindparam("skipped", type_=sa.Integer)
OLDEST_FIRST: Final = compiled(_BY_AGE.order_by(_a.created_at, _a.id).offset(_SKIPPED))
NEWEST_FIRST: Final = compiled(
    _BY_AGE.order_by(_a.created_at.desc(), _a.id.desc()).offset(_SKIPPED)
)
COUNT_ACCOUNTS: Final = compiled(
    sa.select(sa.func.count().label("held")).select_from(accounts).where(_named)
)

CREDENTIALS: Final = compiled(paged(sa.select(credentials), credentials))
CREDENTIALS_OF: Final = compiled(
    paged(sa.select(credentials).where(_c.account_id == _ACCOUNT), credentials)
)

_owner: Final = credentials.alias("owner")
_own: Final = credentials.alias("own")
_falls = (
    sa.select(sa.func.count())
    .where(
        _own.c.person_id == _c.id,
        _own.c.revoked_at.is_(None),
        sa.or_(_own.c.expires_at.is_(None), _own.c.expires_at > sa.func.now()),
    )
    .correlate(credentials)
    .scalar_subquery()
    .label("falls")
)
_WHOSE: Final[Mapping[str, sa.ColumnElement[bool]]] = {
    "account_id": _c.account_id == _ACCOUNT,
    "operators": _c.account_id.is_(None),
    "tokens": people.c.id.is_(None),
    "issued": sa.and_(people.c.id.is_(None), _c.person_id.is_(None)),
    "now": sa.and_(
        _c.revoked_at.is_(None),
        sa.or_(_c.expires_at.is_(None), _c.expires_at > sa.bindparam("now")),
    ),
}


@cache
def credential_views(filters: frozenset[str]) -> Statement:
    """A page of credentials, the newest first, with these filters."""
    time, last = sa.DateTime(timezone=True), sa.Uuid
    before = sa.bindparam("before_time", type_=time), sa.bindparam("before_id", type_=last)
    return compiled(
        sa.select(
            credentials,
            _a.name.label("account_name"),
            people.c.role,
            _owner.c.name.label("of"),
            _falls,
        )
        .select_from(
            credentials.outerjoin(accounts, _a.id == _c.account_id)
            .outerjoin(people, people.c.id == _c.id)
            .outerjoin(_owner, _owner.c.id == _c.person_id)
        )
        .where(
            sa.tuple_(_c.created_at, _c.id) < sa.tuple_(*before),
            *(condition for name, condition in _WHOSE.items() if name in filters),
        )
        .order_by(_c.created_at.desc(), _c.id.desc())
        .limit(_PAGE_SIZE)
    )


ACCOUNT_NAMES: Final = compiled(
    sa.select(_a.id, _a.name).where(_a.id == sa.any_(sa.bindparam("ids")))
)
WAIVERS: Final = compiled(
    paged(
        sa.select(check_waivers, _p.cidr)
        .join(prefixes, _p.id == check_waivers.c.prefix_id)
        .where(check_waivers.c.live, _p.live, check_waivers.c.expires_at > sa.bindparam("now")),
        check_waivers,
    )
)
OVERRIDES: Final = compiled(paged(sa.select(registry_overrides).where(_o.live), registry_overrides))
RESERVATIONS: Final = compiled(paged(sa.select(reservations).where(_r.live), reservations))

_is_approved = _p.state == constant(State.APPROVED)
_FILTERS: Final[Mapping[str, sa.ColumnElement[bool]]] = {
    "account_id": _p.account_id == _ACCOUNT,
    "wanted_cidr": _p.cidr.op("&&", is_comparison=True)(sa.bindparam("wanted_cidr")),
    "wanted_approved": _is_approved == sa.bindparam("wanted_approved", type_=sa.Boolean),
    "wanted_standing": _p.standing == sa.bindparam("wanted_standing", type_=sa.Text),
}


@cache
def claims(filters: frozenset[str]) -> Statement:
    """A page of claims, with these filters: the page is found first, then what is shown of it.

    A statement for each set of them: where a value may be null the planner expects next to nothing,
    and makes what is shown of all prefixes before it sorts them. The page is an array, as it would
    join a query in any order.
    """
    narrowed = [condition for name, condition in _FILTERS.items() if name in filters]
    page = paged(sa.select(_p.id).where(_p.live, *narrowed), prefixes).correlate(None)
    shown = VIEWS.where(_p.id == sa.any_(sa.func.array(page.scalar_subquery())))
    return compiled(shown.order_by(_p.created_at, _p.id))


CLAIM: Final = compiled(VIEWS.where(_p.id == _CLAIM))
OWNER: Final = compiled(sa.select(_p.account_id).where(_p.id == _CLAIM))

ROA_SNAPSHOTS: Final = compiled(
    sa.select(
        vrp_snapshots,
        (
            vrp_snapshots.c.number
            == sa.func.coalesce(sa.select(current_vrp_snapshot.c.number).scalar_subquery(), 0)
        ).label("in_use"),
    )
    .where(vrp_snapshots.c.number < sa.bindparam("below", type_=sa.BigInteger))
    .order_by(vrp_snapshots.c.number.desc())
    .limit(_PAGE_SIZE)
)

EVENTS: Final = compiled(
    sa.select(operator_events)
    .where(_e.number > sa.bindparam("after_number"))
    .order_by(_e.number)
    .limit(_PAGE_SIZE)
)
NEWEST_EVENT: Final = compiled(sa.select(operator_event_counter.c.last))


def _containing(statement: sa.Select[Any], cidr: Any) -> sa.Select[Any]:
    return statement.where(cidr.op(">>=")(_ADDRESS))


_longest = (
    _containing(
        sa.select(*BINDING)
        .select_from(BINDING_SOURCE)
        # What answers now: one that edges do not have yet does not, a removed one still may.
        .where(_b.prefix_id == _p.id, _b.answering_service_id.is_not(None)),
        _b.cidr,
    )
    .order_by(sa.func.masklen(_b.cidr).desc())
    .limit(1)
    .correlate(prefixes)
    .lateral("longest")
)
# A look into the index for each length: `>>=` would read more of it, the more prefixes there are.
HOLDINGS: Final = compiled(
    sa.select(
        prefixes,
        _a.name.label("account_name"),
        *(one.label(f"binding_{one.name}") for one in _longest.c),
    )
    .select_from(prefixes.join(accounts).outerjoin(_longest, sa.true()))
    .where(_p.live, _p.cidr == sa.any_(_AROUND))
    .order_by(
        sa.case((_is_approved, 0), (_longest.c.id.is_not(None), 1), else_=2), _p.created_at, _p.id
    )
)
DELEGATIONS: Final = compiled(
    _containing(
        sa.select(delegations, _a.name.label("account_name"))
        .join(accounts, _a.id == _d.account_id)
        .where(
            _d.prefix_id == _CLAIM,
            _d.live,
            sa.or_(_d.expires_at.is_(None), _d.expires_at > sa.bindparam("now")),
        ),
        _d.cidr,
    ).order_by(_d.created_at)
)
RESERVATION: Final = compiled(_containing(sa.select(reservations).where(_r.live), _r.cidr))
