"""Origin validation of all routes at once.

Text SQL: hot, each minute one statement over every route (`benchmarks/reevaluation.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.checks.origin_drift import LOOKED_AT_EVERY, Drift
from byoip.domain.checks.origin_validation import Validity
from byoip.domain.checks.vrp_snapshot import stale
from byoip.domain.prefix import Prefix
from byoip.store.checks.tables import origin_drifts
from byoip.store.claims.tables import prefixes
from byoip.store.statements import Repository, compiled, from_text


@dataclass(frozen=True, slots=True)
class Reevaluated:
    """All routes, held against one snapshot.

    Attributes:
        routes: how many there are.
        drifts: those that are judged otherwise than before.
    """

    snapshot: int
    routes: int
    drifts: Sequence[Drift]


_d, _p = origin_drifts.c, prefixes.c

_OF: Final = from_text("""
    SELECT validity FROM origin_drifts AS d
    JOIN prefixes AS p ON p.id = d.prefix_id AND p.cidr = d.cidr WHERE d.prefix_id = :claim_id
""")

# A second worker has nothing to do.
_ALONE: Final = from_text("SELECT pg_try_advisory_xact_lock(0x6279, 0x726F76) AS alone")
_DUE: Final = from_text("""
    SELECT number, built_at FROM current_vrp_snapshot JOIN vrp_snapshots USING (number)
    WHERE NOT EXISTS (SELECT FROM origin_watch WHERE snapshot >= number AND at > :recently)
""")
_LOOKED: Final = from_text("""
    INSERT INTO origin_watch AS kept (snapshot, at) VALUES (:snapshot, :now)
    ON CONFLICT (singleton) DO UPDATE SET snapshot = excluded.snapshot, at = excluded.at
""")

# RFC 6811, section 2, as domain/origin_validation.py says it, for all routes at once (a test holds
# the two against each other). Rows are written in the order of ids, as every transaction locks
# several claims.
REEVALUATE: Final = sa.text("""
    WITH routes AS (
        SELECT id AS prefix_id, cidr, asn FROM prefixes WHERE state = 'approved'
        UNION
        SELECT route.prefix_id, route.cidr, route.asn
        FROM bgp_prefixes AS route JOIN prefixes ON prefixes.id = route.prefix_id
        WHERE route.live AND (route.advertised OR prefixes.state = 'approved')
    ), judged AS (
        SELECT routes.prefix_id, routes.cidr, CASE
            WHEN valid THEN 'valid'
            WHEN was_valid THEN NULL
            WHEN covered THEN 'invalid'
            ELSE 'not_found'
        END AS validity
        FROM routes, LATERAL (
            SELECT bool_or(current AND fits) AS valid, bool_or(fits) AS was_valid,
                bool_or(current) AS covered
            FROM (
                SELECT coalesce(vrps.expires > :now_epoch, true) AS current,
                    vrps.asn = routes.asn AND masklen(routes.cidr) <= vrps.max_length AS fits
                FROM vrps WHERE snapshot = :snapshot AND vrps.prefix >>= routes.cidr
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
        DELETE FROM origin_drifts AS kept WHERE NOT EXISTS (
            SELECT FROM routes WHERE (prefix_id, cidr) = (kept.prefix_id, kept.cidr)
        )
    ), confirmed AS (
        -- A route that is locked now is confirmed a minute later.
        UPDATE bgp_prefixes SET last_valid_at = :now WHERE id IN (
            SELECT id FROM bgp_prefixes AS route JOIN judged USING (prefix_id, cidr)
            WHERE advertised AND validity = 'valid'
                AND coalesce(last_valid_at, '-infinity') < :now - interval '1 day'
            FOR NO KEY UPDATE OF route SKIP LOCKED
        )
    )
    SELECT counted.routes, changed.*
    FROM (SELECT count(*) AS routes FROM judged) AS counted LEFT JOIN changed ON true
    ORDER BY prefix_id, cidr
""")
_REEVALUATE: Final = compiled(REEVALUATE)


class DriftRepository(Repository):
    """Drifts, within one transaction."""

    async def of(self, claim_id: UUID) -> Validity | None:
        """What is known of the claim's whole prefix; None: nothing but "valid"."""
        row = await self._session.row(_OF, claim_id=claim_id)
        return None if row is None else Validity(row.validity)

    async def reevaluate(self, now: datetime) -> Reevaluated | None:
        """Hold all approved claims and all routes against the newest snapshot, in one query.

        None where there is nothing to do: no snapshot, one older than 24 hours, one that was
        looked at a short while ago, or one that another worker is evaluating.
        """
        (lock,) = await self._session.rows(_ALONE)
        if not lock.alone:
            return None
        due = await self._session.row(_DUE, recently=now - LOOKED_AT_EVERY)
        if due is None or stale(due.built_at, now):
            return None
        asked = {"snapshot": due.number, "now": now, "now_epoch": int(now.timestamp())}
        rows = await self._session.rows(_REEVALUATE, **asked)
        await self._session.change(_LOOKED, snapshot=due.number, now=now)
        drifts = [
            Drift(row.prefix_id, Prefix(row.cidr), Validity(row.before), Validity(row.validity))
            for row in rows
            if row.prefix_id is not None
        ]
        return Reevaluated(due.number, rows[0].routes, drifts)
