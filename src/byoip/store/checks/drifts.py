"""Origin validation of all routes, a page at a time.

Text SQL: hot, each minute, one statement for each page (`benchmarks/reevaluation.py`).

A pass goes through all routes by prefix and range. How far it has come stands in `origin_watch`,
so any worker goes on with it; a snapshot that is newer begins a new pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.checks.origin_drift import LOOKED_AT_EVERY, Drift
from byoip.domain.checks.origin_validation import MOST_COVERING, Validity
from byoip.domain.checks.vrp_snapshot import stale
from byoip.domain.prefix import Prefix
from byoip.store.checks.tables import origin_drifts
from byoip.store.claims.tables import prefixes
from byoip.store.statements import Repository, compiled, from_text


@dataclass(frozen=True, slots=True)
class Reevaluated:
    """A page of routes, held against one snapshot.

    Attributes:
        routes: how many there are.
        drifts: those that are judged otherwise than before.
        last: whether the pass ends with it.
    """

    snapshot: int
    routes: int
    drifts: Sequence[Drift]
    last: bool


_d, _p = origin_drifts.c, prefixes.c

_OF: Final = from_text("""
    SELECT validity FROM origin_drifts AS d
    JOIN prefixes AS p ON p.id = d.prefix_id AND p.cidr = d.cidr WHERE d.prefix_id = :claim_id
""")

# Whoever has a space may sign a million ROAs for it: a bitmap is made of all of them before one is
# looked at, whatever the LIMIT; an index gives one after the other. Until the transaction ends.
ONE_BY_ONE: Final = """set_config('enable_bitmapscan', 'off', true) AS one_by_one,
    set_config('random_page_cost', '1', true) AS by_index"""
# A second worker has nothing to do. "by", "rov": Postgres 15 knows decimals only.
ALONE: Final = from_text(f"""
    SELECT pg_try_advisory_xact_lock(25209, 7499638) AS alone, {ONE_BY_ONE}
""")
# Shared until the page is recorded: so the snapshot stays the one in use, and its rows stay there.
_DUE: Final = from_text("""
    SELECT used.number, built_at, coalesce(judging = used.number, false) AS begun,
        after_prefix, after_cidr
    FROM current_vrp_snapshot AS used JOIN vrp_snapshots USING (number)
        LEFT JOIN origin_watch AS watch ON true
    WHERE coalesce(judging IS NOT NULL OR watch.snapshot < used.number OR at <= :recently, true)
    FOR SHARE OF used
""")
_TURN: Final = from_text("""
    INSERT INTO origin_watch AS kept (snapshot, at, judging, after_prefix, after_cidr)
    VALUES (0, :now, :snapshot, :after_prefix, :after_cidr)
    ON CONFLICT (singleton) DO UPDATE SET judging = excluded.judging,
        after_prefix = excluded.after_prefix, after_cidr = excluded.after_cidr
""")
_LOOKED: Final = from_text("""
    INSERT INTO origin_watch AS kept (snapshot, at) VALUES (:snapshot, :now)
    ON CONFLICT (singleton) DO UPDATE SET snapshot = excluded.snapshot, at = excluded.at,
        judging = NULL, after_prefix = NULL, after_cidr = NULL
""")

# Before all routes: no claim has this id.
_BEGINNING: Final = {"after_prefix": UUID(int=0), "after_cidr": "0.0.0.0/0"}
_PAGE: Final = 1000

# RFC 6811, section 2, as domain/origin_validation.py says it, for a page of routes (a test holds
# the two against each other). Each of the three sources gives its first rows only. What has drifted
# and is no route any more has no ASN here, and is forgotten. Rows are written in the order of ids,
# as every transaction locks several claims.
REEVALUATE: Final = sa.text(f"""
    WITH page AS MATERIALIZED (
        SELECT prefix_id, cidr, max(asn) AS asn FROM (
            (
                SELECT id AS prefix_id, cidr, asn FROM prefixes
                WHERE state = 'approved' AND (id, cidr) > (:after_prefix, :after_cidr)
                ORDER BY 1, 2 LIMIT :page
            ) UNION ALL (
                SELECT route.prefix_id, route.cidr, route.asn
                FROM bgp_prefixes AS route JOIN prefixes ON prefixes.id = route.prefix_id
                WHERE route.live AND (route.advertised OR prefixes.state = 'approved')
                    AND (route.prefix_id, route.cidr) > (:after_prefix, :after_cidr)
                    AND prefixes.id >= :after_prefix
                ORDER BY 1, 2 LIMIT :page
            ) UNION ALL (
                SELECT prefix_id, cidr, NULL FROM origin_drifts
                WHERE (prefix_id, cidr) > (:after_prefix, :after_cidr)
                ORDER BY 1, 2 LIMIT :page
            )
        ) AS known GROUP BY 1, 2 ORDER BY 1, 2 LIMIT :page
    ), routes AS (
        SELECT prefix_id, cidr, asn FROM page WHERE asn IS NOT NULL
    ), judged AS (
        SELECT routes.prefix_id, routes.cidr, CASE
            WHEN too_many THEN NULL
            WHEN valid THEN 'valid'
            WHEN was_valid THEN NULL
            WHEN covered THEN 'invalid'
            WHEN waived THEN 'valid'
            ELSE 'not_found'
        END AS validity, coalesce(valid AND NOT too_many, false) AS by_roa
        FROM routes, LATERAL (
            SELECT EXISTS (
                SELECT FROM check_waivers AS waiver
                WHERE waiver.live AND waiver.prefix_id = routes.prefix_id
                    AND check_name = 'rpki' AND expires_at > :now
            ) AS waived
        ) AS word, LATERAL (
            SELECT bool_or(current AND fits) AS valid, bool_or(fits) AS was_valid,
                bool_or(current) AS covered, count(*) > {MOST_COVERING} AS too_many
            FROM (
                SELECT coalesce(vrps.expires > :now_epoch, true) AS current,
                    vrps.asn = routes.asn AND masklen(routes.cidr) <= vrps.max_length AS fits
                FROM vrps WHERE snapshot = :snapshot AND vrps.prefix >>= routes.cidr
                LIMIT {MOST_COVERING + 1}
            ) AS covering
        ) AS verdict
    ), changed AS (
        SELECT prefix_id, cidr, coalesce(kept.validity, 'valid') AS before, judged.validity
        FROM judged LEFT JOIN origin_drifts AS kept USING (prefix_id, cidr)
        WHERE judged.validity <> coalesce(kept.validity, 'valid')
    ), drifted AS (
        INSERT INTO origin_drifts AS kept (prefix_id, cidr, validity, snapshot, since)
        SELECT prefix_id, cidr, validity, :snapshot, :now FROM changed
        WHERE validity <> 'valid' ORDER BY prefix_id, cidr
        ON CONFLICT (prefix_id, cidr)
        DO UPDATE SET validity = excluded.validity, snapshot = excluded.snapshot
    ), recovered AS (
        DELETE FROM origin_drifts AS kept USING changed
        WHERE (kept.prefix_id, kept.cidr) = (changed.prefix_id, changed.cidr)
            AND changed.validity = 'valid'
    ), forgotten AS (
        DELETE FROM origin_drifts AS kept USING page
        WHERE asn IS NULL AND (kept.prefix_id, kept.cidr) = (page.prefix_id, page.cidr)
    ), confirmed AS (
        -- A route that is locked now is confirmed a minute later.
        UPDATE bgp_prefixes SET last_valid_at = :now WHERE id IN (
            SELECT id FROM bgp_prefixes AS route JOIN judged USING (prefix_id, cidr)
            WHERE advertised AND by_roa
                AND coalesce(last_valid_at, '-infinity') < :now - interval '1 day'
            FOR NO KEY UPDATE OF route SKIP LOCKED
        )
    )
    SELECT counted.*, last.prefix_id AS last_prefix, last.cidr AS last_cidr, changed.*
    FROM (SELECT count(*) AS known, count(asn) AS routes FROM page) AS counted
        LEFT JOIN (SELECT prefix_id, cidr FROM page ORDER BY 1 DESC, 2 DESC LIMIT 1) AS last ON true
        LEFT JOIN changed ON true
    ORDER BY changed.prefix_id, changed.cidr
""")  # noqa: S608 - of a constant
_REEVALUATE: Final = compiled(REEVALUATE)


class DriftRepository(Repository):
    """Drifts, within one transaction."""

    async def of(self, claim_id: UUID) -> Validity | None:
        """What is known of the claim's whole prefix; None: nothing but "valid"."""
        row = await self._session.row(_OF, claim_id=claim_id)
        return None if row is None else Validity(row.validity)

    async def reevaluate(self, now: datetime, page: int = _PAGE) -> Reevaluated | None:
        """Hold the next page of approved claims and routes against the newest snapshot.

        None where there is nothing to do: no snapshot, one older than 24 hours, one that was
        looked at a short while ago, or one that another worker is evaluating.
        """
        (lock,) = await self._session.rows(ALONE)
        if not lock.alone:
            return None
        due = await self._session.row(_DUE, recently=now - LOOKED_AT_EVERY)
        if due is None or stale(due.built_at, now):
            return None
        after = {"after_prefix": due.after_prefix, "after_cidr": due.after_cidr}
        asked = {"snapshot": due.number, "now": now, "now_epoch": int(now.timestamp())}
        rows = await self._session.rows(
            _REEVALUATE, **asked, page=page, **(after if due.begun else _BEGINNING)
        )
        last = rows[0].known < page
        if last:
            await self._session.change(_LOOKED, snapshot=due.number, now=now)
        else:
            at = {"after_prefix": rows[0].last_prefix, "after_cidr": rows[0].last_cidr}
            await self._session.change(_TURN, snapshot=due.number, now=now, **at)
        drifts = [
            Drift(row.prefix_id, Prefix(row.cidr), Validity(row.before), Validity(row.validity))
            for row in rows
            if row.prefix_id is not None
        ]
        return Reevaluated(due.number, rows[0].routes, drifts, last)
