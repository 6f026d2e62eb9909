"""The statements of `operator_reader.py`, made and compiled once."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Integer,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import CIDR, INET

from byoip.domain.claims.lifecycle import State
from byoip.store.accounts.tables import accounts, credentials, operator_events
from byoip.store.bindings.bindings import BINDING, BINDING_SOURCE
from byoip.store.bindings.tables import bindings
from byoip.store.checks.tables import registry_overrides
from byoip.store.checks.tables_snapshots import current_vrp_snapshot, vrp_snapshots
from byoip.store.claims.claim_reader import VIEWS, paged
from byoip.store.claims.tables import delegations, prefixes, reservations
from byoip.store.columns import constant
from byoip.store.statements import compiled

_a, _c, _p, _b = accounts.c, credentials.c, prefixes.c, bindings.c
_d, _o, _r, _e = delegations.c, registry_overrides.c, reservations.c, operator_events.c
_ACCOUNT: Final = bindparam("account_id", type_=Uuid)
_CLAIM: Final = bindparam("claim_id", type_=Uuid)
_ADDRESS: Final = bindparam("address", type_=INET)
_PAGE_SIZE: Final = bindparam("page_size", type_=Integer)

_held = (
    select(func.count())
    .where(_p.account_id == _a.id, _p.live)
    .correlate(accounts)
    .scalar_subquery()
    .label("claims")
)
ACCOUNTS: Final = compiled(paged(select(accounts, _held), accounts))
ACCOUNT: Final = compiled(select(accounts, _held).where(_a.id == _ACCOUNT))

CREDENTIALS: Final = compiled(paged(select(credentials), credentials))
CREDENTIALS_OF: Final = compiled(
    paged(select(credentials).where(_c.account_id == _ACCOUNT), credentials)
)

OVERRIDES: Final = compiled(paged(select(registry_overrides).where(_o.live), registry_overrides))
RESERVATIONS: Final = compiled(paged(select(reservations).where(_r.live), reservations))

_is_approved = _p.state == constant(State.APPROVED)
# A value that is null admits all.
_FILTERS: Final = (
    _p.account_id == func.coalesce(_ACCOUNT, _p.account_id),
    _p.cidr.op("&&", is_comparison=True)(
        func.coalesce(bindparam("wanted_cidr", type_=CIDR), _p.cidr)
    ),
    _is_approved == func.coalesce(bindparam("wanted_approved", type_=Boolean), _is_approved),
    _p.standing == func.coalesce(bindparam("wanted_standing", type_=Text), _p.standing),
)
CLAIMS: Final = compiled(paged(VIEWS.where(*_FILTERS), prefixes))
CLAIM: Final = compiled(VIEWS.where(_p.id == _CLAIM))
OWNER: Final = compiled(select(_p.account_id).where(_p.id == _CLAIM))

ROA_SNAPSHOTS: Final = compiled(
    select(
        vrp_snapshots,
        (
            vrp_snapshots.c.number
            == func.coalesce(select(current_vrp_snapshot.c.number).scalar_subquery(), 0)
        ).label("in_use"),
    )
    .where(vrp_snapshots.c.number < bindparam("below", type_=BigInteger))
    .order_by(vrp_snapshots.c.number.desc())
    .limit(_PAGE_SIZE)
)

EVENTS: Final = compiled(
    select(operator_events)
    .where(_e.number > bindparam("after_number", type_=BigInteger))
    .order_by(_e.number)
    .limit(_PAGE_SIZE)
)


def _containing(statement: Select[Any], cidr: Any) -> Select[Any]:
    return statement.where(cidr.op(">>=")(_ADDRESS))


_longest = (
    _containing(
        select(*BINDING)
        .select_from(BINDING_SOURCE)
        # What answers now: one that edges do not have yet does not, a removed one still may.
        .where(_b.prefix_id == _p.id, _b.answering_service_id.is_not(None)),
        _b.cidr,
    )
    .order_by(func.masklen(_b.cidr).desc())
    .limit(1)
    .correlate(prefixes)
    .lateral("longest")
)
HOLDINGS: Final = compiled(
    _containing(
        select(
            prefixes,
            _a.name.label("account_name"),
            *(one.label(f"binding_{one.name}") for one in _longest.c),
        )
        .select_from(prefixes.join(accounts).outerjoin(_longest, true()))
        .where(_p.live),
        _p.cidr,
    ).order_by(
        case((_is_approved, 0), (_longest.c.id.is_not(None), 1), else_=2), _p.created_at, _p.id
    )
)
DELEGATIONS: Final = compiled(
    _containing(
        select(delegations, _a.name.label("account_name"))
        .join(accounts, _a.id == _d.account_id)
        .where(
            _d.prefix_id == _CLAIM,
            _d.live,
            or_(
                _d.expires_at.is_(None),
                _d.expires_at > bindparam("now", type_=DateTime(timezone=True)),
            ),
        ),
        _d.cidr,
    ).order_by(_d.created_at)
)
RESERVATION: Final = compiled(_containing(select(reservations).where(_r.live), _r.cidr))
