"""Reads customers' own AS numbers outside of transactions; statements are text, as theirs."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.asn import Asn
from byoip.domain.asns.own_asn import OwnAsn, OwnAsnNotFound
from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.lifecycle import State
from byoip.store.asns.asn_disputes import AsnDisputeReader
from byoip.store.asns.own_asns import GET, OF_ACCOUNT, SELECT, own_asn_from
from byoip.store.asns.tables import own_asns
from byoip.store.asns.views import Member
from byoip.store.autocommit import autocommit_pool
from byoip.store.claims.claim_reader import page_of
from byoip.store.claims.tables import prefixes
from byoip.store.claims.views import Cursor
from byoip.store.columns import constant
from byoip.store.routes.bgp_prefixes import UP
from byoip.store.routes.tables import bgp_prefixes
from byoip.store.statements import compiled, from_text

_o, _p, _b = own_asns.c, prefixes.c, bgp_prefixes.c
_PAGE: Final = compiled(
    SELECT.where(
        _o.ended_at.is_(None),  # as the index has it
        OF_ACCOUNT,
        sa.tuple_(_o.created_at, _o.id)
        > sa.tuple_(
            sa.bindparam("after_time", type_=sa.DateTime(timezone=True)),
            sa.bindparam("after_id", type_=sa.Uuid),
        ),
    )
    .order_by(_o.created_at, _o.id)
    .limit(sa.bindparam("page_size", type_=sa.Integer))
)
# A number whose proof has gone, as that of who lost a dispute, stays until its last route has.
_BEHIND_US: Final = sa.union(
    sa.select(_o.asn, _p.cidr)
    .join(prefixes, sa.and_(_p.account_id == _o.account_id, _p.asn == _o.asn))
    .where(_o.live, _o.state == constant(CheckState.VALID), _p.state == constant(State.APPROVED)),
    sa.select(_b.asn, _p.cidr)
    .join(prefixes, _p.id == _b.prefix_id)
    .where(_b.behind.is_not(None), UP),
).subquery()
_MEMBERS: Final = compiled(
    sa.select(
        _BEHIND_US.c.asn,
        sa.func.array_agg(
            pg.aggregate_order_by(sa.cast(_BEHIND_US.c.cidr, sa.Text), _BEHIND_US.c.cidr)
        ).label("cidrs"),
    )
    .group_by(_BEHIND_US.c.asn)
    .order_by(_BEHIND_US.c.asn)
)
_NEIGHBOURS: Final = from_text("""
    SELECT DISTINCT neighbour AS asn FROM speakers, unnest(neighbour_ases) AS neighbour
""")


class OwnAsnReader:
    """Reads them outside of transactions, and `disputes` about them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)
        self.disputes = AsnDisputeReader(engine)

    async def page(
        self, account_id: UUID | None, *, after: Cursor | None, limit: int
    ) -> Sequence[OwnAsn]:
        """Live ones in the order of (created_at, id); None: of all accounts."""
        asked = {"account_id": account_id, **page_of(after, limit)}
        return [own_asn_from(row) for row in await self._autocommit.ask(_PAGE, **asked)]

    async def one(self, account_id: UUID, own_asn_id: UUID) -> OwnAsn:
        """A live one.

        Raises:
            OwnAsnNotFound: the account has none.
        """
        asked = {"account_id": account_id, "own_asn_id": own_asn_id}
        return own_asn_from(await self._autocommit.one(GET, OwnAsnNotFound, **asked))

    async def neighbours(self) -> frozenset[Asn]:
        """The ASes of speakers' neighbours, as workers last found them."""
        return frozenset(Asn(row.asn) for row in await self._autocommit.ask(_NEIGHBOURS))

    async def members(self) -> Sequence[Member]:
        """Proven numbers that approved prefixes have as origin, and any of routes that are up."""
        rows = await self._autocommit.ask(_MEMBERS)
        return [Member(Asn(row.asn), tuple(row.cidrs)) for row in rows]
