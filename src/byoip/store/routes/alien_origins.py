"""Routes that are up with an origin nobody vouches for, or behind an AS that an ASPA leaves out."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.checks.evidence import CheckState
from byoip.store.asns.tables import aspas, own_asns
from byoip.store.checks.tables_snapshots import current_vrp_snapshot
from byoip.store.claims.tables import prefixes
from byoip.store.columns import constant
from byoip.store.routes.tables import bgp_prefixes

_b, _p, _own, _a = bgp_prefixes.c, prefixes.c, own_asns.c, aspas.c
_PROVEN: Final = (
    sa.exists()
    .where(
        _own.account_id == _p.account_id,
        _own.asn == _b.asn,
        _own.state == constant(CheckState.VALID),
        _own.live,
    )
    .correlate(bgp_prefixes, prefixes)
)
# Neither one of the operator's, nor proven by its account and behind one of the operator's.
OF_OTHERS: Final = sa.and_(
    _b.advertised,
    _b.asn != sa.func.all(sa.bindparam("offered", type_=pg.ARRAY(sa.BigInteger))),
    ~sa.and_(_b.behind.is_not(None), _PROVEN),
)
# The ASPA of its origin excludes it, by the snapshot in use: the entry can be read and has not
# expired; as `domain/asns/aspa.py` says it.
EXCLUDED: Final = (
    sa.exists()
    .where(
        _a.snapshot == sa.select(current_vrp_snapshot.c.number).scalar_subquery(),
        _a.customer == _b.asn,
        _b.behind != sa.func.all(_a.providers),
        sa.func.coalesce(_a.expires > sa.bindparam("now_epoch", type_=sa.BigInteger), sa.true()),
    )
    .correlate(bgp_prefixes)
)
