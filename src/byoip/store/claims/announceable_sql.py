"""What a view of a claim adds so that it says whether the prefix may be announced.

Columns of one row, correlated with `prefixes`: the same facts that `usecases/routes/announce.py`
reads under its locks.
"""

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.asn import Asn
from byoip.domain.checks.origin_validation import MOST_COVERING, Vrp
from byoip.domain.claims.check_waiver import CheckWaiver, Waivable
from byoip.domain.customer_text import CustomerText
from byoip.domain.prefix import Prefix
from byoip.store.asns.aspas import STANDING_OF_CLAIM
from byoip.store.checks.tables import check_waivers
from byoip.store.checks.tables_snapshots import current_vrp_snapshot, vrp_snapshots, vrps
from byoip.store.claims.tables import prefixes
from byoip.store.claims.views import CoveringRoas
from byoip.store.columns import constant
from byoip.store.routes.bgp_prefixes import UP
from byoip.store.routes.breaker import flapping
from byoip.store.routes.tables import bgp_prefixes
from byoip.store.statements import AnyRow

_p, _b, _v, _w = prefixes.c, bgp_prefixes.c, vrps.c, check_waivers.c

_BUILT_AT: Final = (
    sa.select(vrp_snapshots.c.built_at)
    .join(current_vrp_snapshot, current_vrp_snapshot.c.number == vrp_snapshots.c.number)
    .scalar_subquery()
)
_covering = (
    sa.select(
        sa.func.jsonb_build_array(
            sa.cast(_v.prefix, sa.Text), _v.max_length, _v.asn, _v.anchor, _v.expires
        ).label("roa")
    )
    .where(
        _v.snapshot == sa.select(current_vrp_snapshot.c.number).scalar_subquery(),
        _v.prefix.op(">>=")(_p.cidr),
    )
    .limit(MOST_COVERING + 1)
    .correlate(prefixes)
    .subquery()
)
_COVERING: Final = sa.select(sa.func.jsonb_agg(_covering.c.roa)).scalar_subquery()
_STILL_SERVED: Final = (
    sa.exists().where(_b.cidr == _p.cidr, _b.prefix_id != _p.id, UP).correlate(prefixes)
)
_RPKI_WAIVER: Final = (
    sa.select(sa.func.jsonb_build_array(_w.id, _w.reason, _w.created_at, _w.expires_at))
    .where(_w.prefix_id == _p.id, _w.live, _w.check_name == constant(Waivable.RPKI))
    .correlate(prefixes)
    .scalar_subquery()
)
_FLAPS: Final = flapping(_p.cidr, _p.account_id).correlate(prefixes).scalar_subquery()
COLUMNS: Final = (
    _BUILT_AT.label("roas_built_at"),
    _COVERING.label("roas_covering"),
    _STILL_SERVED.label("still_served"),
    _RPKI_WAIVER.label("rpki_waiver"),
    _FLAPS.label("flaps"),
    sa.literal_column(STANDING_OF_CLAIM, pg.JSONB).label("own_asn"),
)


def roas_from(row: AnyRow) -> CoveringRoas | None:
    """Columns COLUMNS; None: there is no ROA data."""
    if row.roas_built_at is None:
        return None
    if len(row.roas_covering or ()) > MOST_COVERING:
        return CoveringRoas(row.roas_built_at, None)
    texts = {prefix for prefix, *_ in row.roas_covering or ()}
    parsed = {one: Prefix(ip_network(one)) for one in texts}
    covering = [
        Vrp(
            parsed[prefix],
            max_length,
            Asn(asn),
            anchor,
            None if expires is None else datetime.fromtimestamp(expires, UTC),
        )
        for prefix, max_length, asn, anchor, expires in row.roas_covering or ()
    ]
    order = sorted(covering, key=lambda one: (one.prefix, one.max_length, one.asn, one.anchor))
    return CoveringRoas(row.roas_built_at, tuple(order))


def rpki_waiver_from(row: AnyRow) -> CheckWaiver | None:
    """Columns COLUMNS; None: rpki is not waived. It may have expired."""
    if row.rpki_waiver is None:
        return None
    waiver, reason, *times = row.rpki_waiver
    created_at, expires_at = map(datetime.fromisoformat, times)
    text = CustomerText(reason)
    return CheckWaiver(UUID(waiver), row.id, Waivable.RPKI, text, created_at, expires_at)
