"""The alarms of routes that an ASPA of their origin excludes, within one transaction.

Several workers look: of an alarm that both raise or end, one is told that it did. Text SQL, for
arrays, and whether a row is new.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from byoip.domain.routes.bgp_prefix import BgpPrefix
from byoip.store.routes.bgp_prefixes import BGP_PREFIX, bgp_prefix_from
from byoip.store.routes.tables import bgp_prefixes
from byoip.store.speakers.tables import route_alarms
from byoip.store.statements import Repository, compiled, from_text

KIND: Final = "aspa_excludes_operator"
_b, _alarm = bgp_prefixes.c, route_alarms.c
# Subjects of other kinds are no ids: these are found before they are read as such.
_told = (
    sa.select(sa.cast(_alarm.subject, sa.Uuid).label("id"))
    .where(_alarm.kind == KIND)
    .cte("told")
    .prefix_with("MATERIALIZED")
)
_TOLD: Final = compiled(
    BGP_PREFIX.join(_told, _told.c.id == _b.id)
    .where(_b.advertised, _b.behind.is_not(None))
    .order_by(_b.id)
)
_LOCK: Final = from_text("SELECT FROM route_alarms WHERE kind = :kind ORDER BY subject FOR UPDATE")
_RAISE: Final = from_text("""
    INSERT INTO route_alarms AS kept (kind, subject, detail, since)
    SELECT :kind, subject, detail, :now
    FROM unnest(CAST(:subjects AS text[]), CAST(:details AS text[])) AS raised (subject, detail)
    ORDER BY subject
    ON CONFLICT (kind, subject) DO UPDATE SET detail = excluded.detail
    WHERE kept.detail IS DISTINCT FROM excluded.detail
    RETURNING subject, xmax = 0 AS is_new
""")
_END: Final = from_text("""
    DELETE FROM route_alarms
    WHERE kind = :kind AND NOT subject = ANY(CAST(:subjects AS text[])) RETURNING subject
""")


class ExcludedRoutes(Repository):
    """Which of them are told of, by a standing alarm."""

    async def told(self) -> Sequence[BgpPrefix]:
        """Those with an alarm that are desired still, behind an AS of the operator's.

        All their alarms are locked: another worker that looks waits until this one has ended some.
        """
        await self._session.rows(_LOCK, kind=KIND)
        return [bgp_prefix_from(row) for row in await self._session.rows(_TOLD)]

    async def stand(self, routes: Collection[BgpPrefix], now: datetime) -> Collection[str]:
        """Have an alarm stand for each of these; the subjects of new ones."""
        details = {one.id.hex: f"{one.cidr} {one.behind} {one.asn}" for one in routes}
        of = {"kind": KIND, "subjects": list(details)}
        rows = await self._session.rows(_RAISE, **of, details=list(details.values()), now=now)
        return {row.subject for row in rows if row.is_new}

    async def end_others(self, routes: Collection[BgpPrefix]) -> Collection[str]:
        """End the alarms of all others; the subjects of those that this ended."""
        asked = {"kind": KIND, "subjects": [one.id.hex for one in routes]}
        return {row.subject for row in await self._session.rows(_END, **asked)}
