"""What waits for operators, as the page of it reads it every half minute: so many rows at most.

Text SQL: each statement counts all and gives the first, whatever a bad day brings.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from byoip.domain.claims.lifecycle import Standing
from byoip.store.accounts.accounts import account_from
from byoip.store.accounts.operator_views import (
    AccountView,
    HeardOf,
    Listening,
    ShownAlarm,
)
from byoip.store.autocommit import AutocommitPool
from byoip.store.speakers.routes import Alarm
from byoip.store.statements import AnyRow, from_row, from_text

# An alarm about a route has the id of its BGP prefix as its subject.
_ALARMS: Final = from_text("""
    SELECT k.kind, k.many, a.subject, a.detail, a.since, a.of_route, b.prefix_id AS claim_id
    FROM (SELECT kind, count(*) AS many FROM route_alarms
        WHERE kind = ANY(CAST(:kinds AS text[])) GROUP BY kind) AS k
    CROSS JOIN LATERAL (
        SELECT subject, detail, since, subject ~ '^[0-9a-f]{32}$' AS of_route FROM route_alarms
        WHERE kind = k.kind ORDER BY subject OFFSET :first LIMIT :most) AS a
    LEFT JOIN bgp_prefixes AS b ON b.id = CASE WHEN a.of_route THEN CAST(a.subject AS uuid) END
    ORDER BY k.kind, a.subject
""")
# One of which only routes are left that it may have is gone as well: each name is one look at the
# primary key.
_SPEAKERS: Final = from_text("""
    WITH RECURSIVE told AS (
        SELECT min(speaker) AS name FROM applied_routes
        UNION ALL SELECT (SELECT min(speaker) FROM applied_routes WHERE speaker > told.name)
        FROM told WHERE told.name IS NOT NULL
    )
    SELECT name, coalesce(s.alive, false) AS alive, coalesce(s.fault, '') AS fault, s.asked_at
    FROM speakers AS s FULL JOIN told USING (name) WHERE name IS NOT NULL ORDER BY name
""")
_ORDERS: Final = from_text("SELECT speaker, order_number FROM speaker_records")
_LISTENERS: Final = from_text("SELECT name, asked_at, answered_at FROM listeners ORDER BY name")
_STANDING: Final = from_text(
    "SELECT count(*) AS many FROM prefixes WHERE live AND standing <> 'ok' AND standing = :standing"
)
_USED_UP: Final = from_text("""
    SELECT a.*, h.claims, count(*) OVER () AS many FROM accounts AS a
    CROSS JOIN LATERAL (SELECT count(*) AS claims FROM prefixes AS p
        WHERE p.account_id = a.id AND p.live) AS h
    WHERE h.claims >= a.prefix_quota ORDER BY a.created_at, a.id OFFSET :first LIMIT :most
""")
_KEPT: Final = from_text("""
    SELECT (SELECT count(*) FROM accounts) AS accounts,
        (SELECT count(*) FROM services) AS services,
        (SELECT count(*) FROM reservations) + (SELECT count(*) FROM registry_overrides) AS space
""")


class NeedReader:
    """One statement each."""

    def __init__(self, autocommit: AutocommitPool) -> None:
        self._autocommit = autocommit

    async def alarms(
        self, kinds: Sequence[str], *, first: int = 0, most: int
    ) -> dict[str, tuple[Sequence[ShownAlarm], int]]:
        """Of each of these kinds that stands some, behind as many; and how many stand."""
        rows = await self._autocommit.ask(_ALARMS, kinds=list(kinds), first=first, most=most)
        found: dict[str, tuple[list[ShownAlarm], int]] = {}
        for row in rows:
            shown = ShownAlarm(_alarm(row), row.since, row.of_route, row.claim_id)
            found.setdefault(row.kind, ([], row.many))[0].append(shown)
        return {**found}

    async def speakers(self) -> Sequence[HeardOf]:
        """All that are on record, by name."""
        return [from_row(HeardOf, row) for row in await self._autocommit.ask(_SPEAKERS)]

    async def orders(self) -> Mapping[str, int]:
        """How often operators have ordered that a speaker be opened, by speaker."""
        rows = await self._autocommit.ask(_ORDERS)
        return {row.speaker: row.order_number for row in rows}

    async def listeners(self) -> Sequence[Listening]:
        """All that were asked, by name."""
        return [from_row(Listening, row) for row in await self._autocommit.ask(_LISTENERS)]

    async def standing(self, standing: Standing) -> int:
        """How many live prefixes stand so."""
        rows = await self._autocommit.ask(_STANDING, standing=standing.value)
        many: int = rows[0].many
        return many

    async def used_up(self, *, first: int, most: int) -> tuple[Sequence[AccountView], int]:
        """Accounts that have as many prefixes as they may, and how many there are."""
        rows = await self._autocommit.ask(_USED_UP, first=first, most=most)
        found = [AccountView(account_from(row), row.claims) for row in rows]
        return found, rows[0].many if rows else 0

    async def kept(self, what: str) -> int:
        """How many `accounts`, `services`, or words on `space` there ever were."""
        (row,) = await self._autocommit.ask(_KEPT)
        many: int = getattr(row, what)
        return many


def _alarm(row: AnyRow) -> Alarm:
    return Alarm(row.kind, row.subject, row.detail)
