"""Which claims without proof are to be closed, and whose customers are to be told before."""

from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from byoip.domain.claims.claim import UNPROVEN_AFTER
from byoip.domain.claims.closing import EXTENDED_TO, LAST_DAY, LAST_DAYS, NOTICE_HOLDS, NOTICES
from byoip.domain.claims.lifecycle import Standing, State
from byoip.store.bindings.tables import bindings
from byoip.store.claims.tables import prefixes
from byoip.store.columns import constant
from byoip.store.statements import compiled

_p, _b = prefixes.c, bindings.c
_NOW: Final = sa.bindparam("now", type_=sa.DateTime(timezone=True))


def _days(time: timedelta) -> sa.ColumnElement[Any]:
    return sa.literal_column(f"interval '{time.days} days'")


# As `domain.claims.closing` says it.
_since = sa.func.greatest(_p.created_at, _p.revoked_at, _p.reopened_at)  # of those there are
_ENDS: Final = _since + sa.case(
    (_p.extended_at >= _since, _days(EXTENDED_TO)), else_=_days(UNPROVEN_AFTER)
)


def _closing(within: timedelta) -> sa.Select[Any]:
    """Unproven claims that close within that time, or should have closed; the oldest first."""
    return (
        sa.select(_p.id, _p.account_id)
        .where(
            _p.state == constant(State.PENDING),
            _p.created_at <= _NOW - _days(UNPROVEN_AFTER - within),  # for the index
            _ENDS - _days(within) <= _NOW,
            _p.standing == constant(Standing.OK),
            ~sa.exists().where(_b.prefix_id == _p.id, _b.live),  # of an approval that was revoked
        )
        .order_by(_p.created_at)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )


_told = sa.func.coalesce(_p.told_closing_at, sa.literal_column("'-infinity'::timestamptz"))
_lapsed = _told < sa.func.greatest(_ENDS, _NOW) - _days(NOTICE_HOLDS)
UNPROVEN: Final = compiled(_closing(timedelta(0)).where(_told <= _NOW - _days(LAST_DAY), ~_lapsed))
_due = ((_ENDS - _days(one) <= _NOW) & (_told < _ENDS - _days(one)) for one in NOTICES)
NOT_TOLD: Final = compiled(_closing(LAST_DAYS).where(sa.or_(*_due, _lapsed)))

# What stands in the way of a claim that comes back.
LOCK_CLOSED: Final = compiled(
    sa.select(prefixes)
    .where(
        _p.id == sa.bindparam("claim_id", type_=sa.Uuid),
        ~_p.live,
        _p.account_id == sa.bindparam("account_id", type_=sa.Uuid),
    )
    .with_for_update(key_share=True)
)
HELD: Final = compiled(
    sa.select(_p.id)
    .where(_p.cidr.op("&&")(sa.bindparam("prefix")), _p.state == constant(State.APPROVED))
    .limit(1)
)
