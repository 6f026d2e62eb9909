"""What is watched of prefixes, within one transaction; a claim's watches go under its lock.

Text SQL: taking turns, breaker and passes are single statements with several parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import sqlalchemy as sa

from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import RiseState, may_rise
from byoip.domain.watch.watch import Watch
from byoip.store.batches import Part, asking
from byoip.store.columns import constant
from byoip.store.statements import compiled, from_row, from_text
from byoip.store.watch.held import HeldRepository
from byoip.store.watch.holders_sql import BY_MOVE, NAMES_ANOTHER
from byoip.store.watch.tables import prefix_watches
from byoip.store.watch.turns import Turns
from byoip.store.watch.views import RoaNews, Unheard

_FIELDS: Final = tuple(one.name for one in fields(Watch))
_CLAIM: Final = sa.bindparam("claim_id", type_=sa.Uuid)
_HOLDER: Final = constant(Signal.HOLDER)
# That of the holder is there before it has heard anything: see tables.py.
_OF: Final = compiled(
    sa.select(*(prefix_watches.c[name] for name in _FIELDS)).where(
        prefix_watches.c.prefix_id == _CLAIM,
        sa.or_(prefix_watches.c.looked_at.is_not(None), prefix_watches.c.signal != _HOLDER),
    )
)
_COLUMNS: Final = ", ".join(_FIELDS)
_PUT_TEXT: Final = f"""
    INSERT INTO prefix_watches (prefix_id, {_COLUMNS})
    VALUES (:claim_id, {", ".join(f":{name}" for name in _FIELDS)})
    ON CONFLICT (prefix_id, signal) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in _FIELDS if name != "signal")}
"""  # noqa: S608 - of names of fields
_PUT: Final = from_text(_PUT_TEXT)
# Without the claim's lock: a pass over all of them that changes nothing but when it was heard.
_PUT_QUIETLY: Final = from_text(f"""{_PUT_TEXT}
    WHERE prefix_watches.failing_since IS NULL AND prefix_watches.baseline = :before
        AND prefix_watches.heard IS NOT NULL
""")

# By the index of those that have heard: what is up to date is not read.
_UNHEARD: Final = from_text(f"""
    SELECT p.id AS prefix_id, p.cidr, {"w." + ", w.".join(_FIELDS)}
    FROM prefix_watches AS w JOIN prefixes AS p ON p.id = w.prefix_id
    WHERE w.signal = 'holder' AND w.heard < :newest AND (w.heard, w.prefix_id) > (:heard, :after)
        AND p.state = 'approved'
    ORDER BY w.heard, w.prefix_id LIMIT :most
""")  # noqa: S608 - of names of fields
_REKEYS: Final = from_text(
    "SELECT snapshot, registry, ids FROM registry_rekeys WHERE snapshot > :heard ORDER BY snapshot"
)

_ROA_NEWS: Final = from_text("""
    SELECT used.number, built_at, (
        SELECT max(number) FROM vrp_snapshots WHERE accepted AND number < used.number
    ) AS after
    FROM current_vrp_snapshot AS used JOIN vrp_snapshots USING (number)
        JOIN origin_watch AS judged ON judged.snapshot = used.number
    WHERE used.number > coalesce((SELECT roa_snapshot FROM watch_progress), 0)
""")
_ROA_HEARD: Final = from_text("""
    INSERT INTO watch_progress AS kept (roa_snapshot) VALUES (:number)
    ON CONFLICT (singleton) DO UPDATE
    SET roa_snapshot = greatest(kept.roa_snapshot, excluded.roa_snapshot)
""")
_BY_DRIFT: Final = (
    "origin_drifts AS why JOIN prefixes AS p ON p.id = prefix_id AND p.cidr = why.cidr"
)
_BY_WATCH: Final = "prefix_watches AS why JOIN prefixes AS p ON p.id = prefix_id"
_DISTURBED_BY: Final = """
    SELECT p.id, p.account_id FROM {why}
    WHERE p.state = 'approved' AND {so} AND NOT EXISTS (
        SELECT FROM prefix_watches AS w WHERE w.prefix_id = p.id
        AND w.signal IN ('roa', 'roa_invalid') AND w.heard >= :number
    )
"""
# Both lists are short: what is valid, and was, is not read. Accounts take turns: who has very many
# keeps nobody else from being heard.
_DISTURBED: Final = from_text(f"""
    SELECT id FROM (
        {_DISTURBED_BY.format(why=_BY_DRIFT, so="true")} UNION {
    _DISTURBED_BY.format(
        why=_BY_WATCH,
        so="why.signal IN ('roa', 'roa_invalid') AND why.failing_since IS NOT NULL",
    )
}) AS listed ORDER BY row_number() OVER (PARTITION BY account_id ORDER BY id), id LIMIT :most
""")  # noqa: S608 - of constants

# Revoked since, or closed: what was frozen for another holder, or one more file would have frozen;
# or of which statistics name another than as it was last held against them, or as it moved away.
_LOST: Final = from_text(
    f"""
    SELECT (SELECT count(*) FROM prefixes
        WHERE account_id = :account_id AND cidr && :prefix AND 'holder' = ANY(frozen_for)
            AND state <> 'approved' AND frozen_for <> '{{}}'
    ) + (SELECT count(*) FROM prefix_watches AS w JOIN prefixes AS p ON p.id = w.prefix_id
        WHERE w.signal = 'holder' AND p.account_id = :account_id AND p.cidr && :prefix
            AND p.state <> 'approved' AND (w.failing_since IS NOT NULL
                OR w.looked_at > :since AND w.baseline <> '' AND {NAMES_ANOTHER})
    ) + (SELECT count(*) FROM prefix_moves AS m JOIN prefixes AS p ON p.id = m.prefix_id
        WHERE m.from_account_id = :account_id AND m.ended = 'moved' AND m.ended_at > :since
            AND m.holder <> '' AND p.cidr && :prefix AND {BY_MOVE}
    ) AS lost
    """,  # noqa: S608 - of constants
    selects=["lost"],
)

# One rise of a registry and signal at a time, or two workers would count each other's not.
_LOCK: Final = "SELECT pg_advisory_xact_lock(25211, hashtext(:registry || ' ' || :signal))"
_ALONE: Final = from_text(_LOCK)
_OPEN: Final = from_text("""
    SELECT id, state FROM level_rises
    WHERE prefix_id = :claim_id AND signal = :signal AND state <> 'done' AND settled_at IS NULL
    FOR UPDATE
""")
# Of the account and of each other one; the row is there also where nothing rose.
_COUNTED: Final = from_text("""
    SELECT
        coalesce(bool_or(mine), false) AS mine,
        coalesce(max(risen) FILTER (WHERE its_own), 0) AS own,
        coalesce(array_agg(risen) FILTER (WHERE NOT its_own), '{}') AS others,
        (SELECT count(*) FROM prefixes WHERE state = 'approved' AND registry = :registry) AS held
    FROM (
        SELECT
            p.account_id = :account_id AS its_own, count(DISTINCT p.id) AS risen,
            bool_or(p.id = :claim_id) AS mine
        FROM level_rises AS r JOIN prefixes AS p ON p.id = r.prefix_id
        WHERE r.registry = :registry AND r.signal = :signal AND r.state = 'done' AND r.at > :since
        GROUP BY p.account_id
    ) AS of_accounts
""")
_RISE: Final = from_text("""
    INSERT INTO level_rises (id, prefix_id, registry, signal, level, at, state)
    VALUES (:id, :claim_id, :registry, :signal, :level, :now, :state)
""")
_STILL_HELD: Final = from_text("UPDATE level_rises SET level = :level WHERE id = :id")
_SETTLE: Final = from_text("""
    UPDATE level_rises SET settled_at = :now,
        state = CASE state WHEN 'held' THEN 'recovered' ELSE state END
    WHERE prefix_id = :claim_id AND signal = :signal AND state <> 'done' AND settled_at IS NULL
""")
_COUNTED_FOR: Final = timedelta(days=1)


class WatchRepository(Turns, HeldRepository):
    """Watches, turns and rises."""

    async def of(self, claim_id: UUID) -> Mapping[Signal, Watch]:
        """All signals of a claim; one that was never heard is missing."""
        rows = await self._session.rows(_OF, claim_id=claim_id)
        return {one.signal: one for one in map(watch_from, rows)}

    async def put(self, claim_id: UUID, watch: Watch) -> None:
        """Keep what is known of a signal."""
        values = {name: getattr(watch, name) for name in _FIELDS}
        await self._session.change(_PUT, claim_id=claim_id, **values)

    async def put_of_approval(self, claim_id: UUID, watch: Watch) -> None:
        """The same, together with what is written last; but after the approval, which clears all.

        So by the name of the write of a claim: of two of a name the first is done before.
        """
        values = {name: getattr(watch, name) for name in _FIELDS}
        await self._session.put_off("claim", _PUT, {"claim_id": claim_id, **values})

    async def put_quietly(self, claim_id: UUID, before: Watch, after: Watch) -> None:
        """Keep that all is as it was; another worker's word that it is not goes before."""
        values = {name: getattr(after, name) for name in _FIELDS}
        asked = {"claim_id": claim_id, "before": before.baseline}
        await self._session.change(_PUT_QUIETLY, **asked, **values)

    def lost(self, account_id: UUID, prefix: Prefix, since: datetime) -> Part:
        """Whether the account had overlapping space that has another holder by now: for a look.

        Its zone and route object may still be there, so no proof of it counts alone. What it gave
        up, or moved away, before any file told of that counts if it had it after `since`.
        """
        of = {"account_id": account_id, "prefix": prefix.network, "since": since}
        return asking(_LOST, lambda rows: bool(rows[0].lost), **of)

    async def unheard(self, newest: int, after: tuple[int, UUID], most: int) -> Sequence[Unheard]:
        """Approved prefixes that have not been held against the newest file.

        In the order of (number of the file that was heard last, id): those behind `after`.
        """
        last = {"heard": after[0], "after": after[1]}
        rows = await self._session.rows(_UNHEARD, newest=newest, most=most, **last)
        return [
            Unheard(
                row.prefix_id,
                Prefix(row.cidr),
                Watch(Signal.HOLDER) if row.looked_at is None else watch_from(row),
            )
            for row in rows
        ]

    async def rekeys(self, heard: int) -> Sequence[tuple[int, str, Mapping[str, str]]]:
        """Of files after that number: number, registry, old ids to new ones; in order."""
        rows = await self._session.rows(_REKEYS, heard=heard)
        return [(row.snapshot, row.registry, row.ids) for row in rows]

    async def roa_news(self) -> RoaNews | None:
        """The ROA snapshot in use, once all routes were judged by it and until it is heard."""
        row = await self._session.row(_ROA_NEWS)
        return None if row is None else RoaNews(row.number, row.after, row.built_at)

    async def roa_heard(self, number: int) -> None:
        """Record that all prefixes have been compared with a snapshot."""
        await self._session.change(_ROA_HEARD, number=number)

    async def disturbed(self, number: int, most: int) -> Sequence[UUID]:
        """Approved prefixes that are not valid, or were not as they were heard last.

        Not those that are on record as compared with the snapshot of this number.
        """
        rows = await self._session.rows(_DISTURBED, number=number, most=most)
        return [row.id for row in rows]

    async def rise(self, claim: Claim, signal: Signal, level: Level, now: datetime) -> RiseState:
        """Count a rise against what a day may bring; HELD: it is not done now."""
        of = {"registry": claim.registry or "", "signal": signal}
        await self._session.rows(_ALONE, **of)
        this = {"claim_id": claim.id, **of}
        open_ = await self._session.row(_OPEN, claim_id=claim.id, signal=signal)
        if open_ is not None and open_.state == RiseState.RELEASED:
            await self.settle(claim.id, signal, now)
            return RiseState.RELEASED
        if open_ is not None:  # held, or dropped and not carried out yet
            await self._session.change(_STILL_HELD, id=open_.id, level=level)
            return RiseState.HELD
        asked = {"account_id": claim.account_id, "since": now - _COUNTED_FOR, **this}
        (counted,) = await self._session.rows(_COUNTED, **asked)
        free = counted.mine or may_rise(counted.own, counted.others, counted.held)
        state = RiseState.DONE if free else RiseState.HELD
        await self._session.change(_RISE, id=uuid4(), level=level, now=now, state=state, **this)
        return state

    async def settle(self, claim_id: UUID, signal: Signal, now: datetime) -> int:
        """End what is open of a prefix's rise; what was held has recovered. How many rows."""
        return await self._session.change(_SETTLE, claim_id=claim_id, signal=signal, now=now)


def watch_from(row: Any) -> Watch:
    """A row with the columns of a watch."""
    return from_row(Watch, row, signal=Signal(row.signal), level=Level(row.level))
