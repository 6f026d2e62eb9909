"""The alarms of routes that an ASPA of their origin excludes, within one transaction.

A page at a time, and only of what has changed: so the run after one that died, or that another
worker began, goes on where that came to. Text SQL, for arrays, and whether a row is new.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.store.asns.aspas import facts_sql
from byoip.store.routes.alien_origins import EXCLUDED
from byoip.store.routes.tables import bgp_prefixes
from byoip.store.speakers.tables import route_alarms
from byoip.store.statements import AnyRow, Repository, compiled, from_text

KIND: Final = "aspa_excludes_operator"
_b, _alarm = bgp_prefixes.c, route_alarms.c
_AFTER: Final = sa.bindparam("after", type_=sa.Text)
_PAGE: Final = sa.bindparam("page", type_=sa.Integer)
_SUBJECT: Final = sa.func.replace(sa.cast(_b.id, sa.Text), "-", "")
_DETAIL: Final = sa.func.format("%s AS%s AS%s", _b.cidr, _b.behind, _b.asn)
_TOLD: Final = (
    sa.exists()
    .where(_alarm.kind == KIND, _alarm.subject == _SUBJECT, _alarm.detail == _DETAIL)
    .correlate(bgp_prefixes)
)
_COLUMNS: Final = (_b.id, _b.prefix_id, _b.cidr, _b.asn, _b.behind)
UNTOLD: Final = compiled(
    sa.select(_SUBJECT.label("subject"), *_COLUMNS)
    .where(_b.advertised, _b.behind.is_not(None), EXCLUDED, ~_TOLD)
    .where(_b.id > sa.cast(_AFTER, sa.Uuid))
    .order_by(_b.id)
    .limit(_PAGE)
)
# What is no id is the subject of no route.
_ID: Final = sa.case(
    (_alarm.subject.regexp_match("^[0-9a-f]{32}$"), sa.cast(_alarm.subject, sa.Uuid))
)
_UP: Final = sa.and_(_b.id == _ID, _b.advertised, _b.behind.is_not(None))
TOLD: Final = compiled(
    sa.select(_alarm.subject, *_COLUMNS)
    .select_from(route_alarms.outerjoin(bgp_prefixes, _UP))
    .where(_alarm.kind == KIND, _alarm.subject > _AFTER, ~EXCLUDED)
    .order_by(_alarm.subject)
    .limit(_PAGE)
)
_FACTS: Final = from_text(f"""
    SELECT asked.asn, {facts_sql("asked")} AS aspa
    FROM unnest(CAST(:asns AS bigint[])) AS asked (asn)
""")  # noqa: S608 - of constants
# "by", "asp": one worker records at a time.
_ALONE: Final = from_text("SELECT pg_try_advisory_xact_lock(25209, 6386544) AS alone")
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
    WHERE kind = :kind AND subject = ANY(CAST(:subjects AS text[])) RETURNING subject
""")


@dataclass(frozen=True, slots=True)
class BehindUs:
    """A route that is desired behind an AS of the operator's.

    Attributes:
        asn: its origin, which is its account's.
        behind: the operator's, next to it.
    """

    id: UUID
    claim_id: UUID
    cidr: Prefix
    asn: Asn
    behind: Asn

    @property
    def subject(self) -> str:
        """Of its alarm."""
        return self.id.hex


@dataclass(frozen=True, slots=True)
class Told:
    """An alarm that stands; its route is None if that is not desired so any more."""

    subject: str
    route: BehindUs | None


class ExcludedRoutes(Repository):
    """Which of them are told of, by a standing alarm."""

    async def untold(self, now: datetime, after: UUID, page: int) -> Sequence[BehindUs]:
        """Those that are excluded and have no such alarm yet, by ids."""
        asked = {"after": after.hex, "page": page, "now_epoch": int(now.timestamp())}
        rows = await self._session.rows(UNTOLD, **asked)
        return [_route(row) for row in rows]

    async def told(self, now: datetime, after: str, page: int) -> Sequence[Told]:
        """Alarms of which the snapshot in use does not say that they go on, by subjects."""
        asked = {"after": after, "page": page, "now_epoch": int(now.timestamp())}
        rows = await self._session.rows(TOLD, **asked)
        return [Told(row.subject, None if row.id is None else _route(row)) for row in rows]

    async def facts(self, asns: Collection[Asn]) -> Mapping[Asn, Mapping[str, Any] | None]:
        """What is known of these customers' ASPAs, for `facts_from`."""
        rows = await self._session.rows(_FACTS, asns=[one.number for one in asns])
        return {Asn(row.asn): row.aspa for row in rows}

    async def alone(self) -> bool:
        """Whether no other worker records now; to be asked before anything else is written."""
        (lock,) = await self._session.rows(_ALONE)
        return bool(lock.alone)

    async def stand(self, routes: Collection[BehindUs], now: datetime) -> Collection[str]:
        """Have an alarm stand for each of these; the subjects of new ones."""
        details = {one.subject: f"{one.cidr} {one.behind} {one.asn}" for one in routes}
        of = {"kind": KIND, "subjects": list(details)}
        rows = await self._session.rows(_RAISE, **of, details=list(details.values()), now=now)
        return {row.subject for row in rows if row.is_new}

    async def end(self, subjects: Collection[str]) -> Collection[str]:
        """End these alarms; the subjects of those that this ended."""
        rows = await self._session.rows(_END, kind=KIND, subjects=list(subjects))
        return {row.subject for row in rows}


def _route(row: AnyRow) -> BehindUs:
    return BehindUs(row.id, row.prefix_id, Prefix(row.cidr), Asn(row.asn), Asn(row.behind))
