"""ASPAs: loaded with a snapshot of ROA data, remembered, and what is known of one customer.

Text SQL: what is known hangs on the snapshots that were accepted since.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from byoip.domain.asn import Asn
from byoip.domain.asns.aspa import ANCHORS, AspaFacts, ListedAspa, OriginStanding
from byoip.domain.checks.evidence import CheckState
from byoip.ports.checks.snapshots import AspaEntries
from byoip.store.asns.asn_statistics import ROW_OF

_AT_ONCE: Final = 10_000
_ADD: Final = sa.text("""
    INSERT INTO aspas (snapshot, customer, providers, expires)
    SELECT :number, (one ->> 0)::bigint, CASE jsonb_typeof(one -> 1) WHEN 'array' THEN
        ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(one -> 1) AS value) END,
        (one ->> 2)::bigint
    FROM jsonb_array_elements(CAST(:rows AS jsonb)) AS one
""")
_COUNTED: Final = sa.text("""
    UPDATE vrp_snapshots SET aspas = :many, aspas_fault = :fault WHERE number = :number
""")
_SEEN: Final = sa.text("""
    INSERT INTO aspa_sightings AS kept (customer, snapshot, seen_at)
    SELECT customer, number, coalesce(accepted_at, attempted_at)
    FROM aspas JOIN vrp_snapshots ON number = snapshot WHERE number = :number ORDER BY customer
    ON CONFLICT (customer) DO UPDATE SET snapshot = excluded.snapshot, seen_at = excluded.seen_at
    WHERE excluded.snapshot > kept.snapshot
""")
_PRUNE: Final = sa.text("""
    DELETE FROM aspas WHERE snapshot IN (SELECT number FROM vrp_snapshots WHERE NOT kept)
""")

_ANCHOR: Final = "CASE found.registry {} ELSE found.registry END".format(
    " ".join(f"WHEN '{key}' THEN '{anchor}'" for key, anchor in ANCHORS.items())
)
_HELD: Final = "('allocated', 'assigned')"


def facts_sql(of: str) -> str:
    """A JSON object of what is known about the customer in the column `asn` of this table.

    `gone_since`: the first accepted snapshot after the last one that had an entry, and after the
    last one that could not have had it.
    """
    asn = f"{of}.asn"
    lacks = "(s.aspas IS NULL OR coalesce((s.counts ->> of_it.anchor)::int, 0) = 0)"
    return f"""(
        SELECT jsonb_build_object(
            'built_at', used.built_at,
            'fault', CASE WHEN used.aspas IS NULL
                THEN coalesce(used.aspas_fault, 'it was loaded by an older version') ELSE '' END,
            'anchored', coalesce((used.counts ->> of_it.anchor)::int, 0) > 0,
            'listed', entry.customer IS NOT NULL,
            'providers', to_jsonb(entry.providers), 'expires', entry.expires,
            'seen_at', seen.seen_at, 'gone_since', gone.since)
        FROM current_vrp_snapshot AS pointer
        JOIN vrp_snapshots AS used ON used.number = pointer.number
        CROSS JOIN LATERAL (
            SELECT CASE count(*) WHEN 1 THEN min({_ANCHOR}) END AS anchor
            FROM ({ROW_OF.format(asn=asn)}) AS found WHERE found.status IN {_HELD}
        ) AS of_it
        LEFT JOIN aspas AS entry ON entry.snapshot = used.number AND entry.customer = {asn}
        LEFT JOIN aspa_sightings AS seen ON seen.customer = {asn}
        LEFT JOIN LATERAL (
            SELECT min(coalesce(later.accepted_at, later.attempted_at)) AS since
            FROM vrp_snapshots AS later
            WHERE later.accepted AND later.number > seen.snapshot
                AND seen.seen_at > used.attempted_at - interval '8 days'
                AND later.number > coalesce((
                    SELECT max(s.number) FROM vrp_snapshots AS s
                    WHERE s.accepted AND s.number > seen.snapshot AND {lacks}), 0)
        ) AS gone ON true
    )"""  # noqa: S608 - of constants


# Of `own`, a row of own_asns: whether another account has proven the number, too.
HELD_IN_DISPUTE: Final = """EXISTS (
    SELECT FROM asn_disputes AS d
    WHERE d.asn = own.asn AND d.holder_id = own.id AND d.ended_at IS NULL)"""
# Of a row of `prefixes`, as its account stands to its origin; null: it has no such number.
STANDING_OF_CLAIM: Final = f"""(
    SELECT jsonb_build_object(
        'state', own.state, 'aspa', {facts_sql("own")}, 'disputed', {HELD_IN_DISPUTE})
    FROM own_asns AS own
    WHERE own.account_id = prefixes.account_id AND own.asn = prefixes.asn
        AND own.ended_at IS NULL)"""  # noqa: S608


def standing_from(kept: Mapping[str, Any] | None) -> OriginStanding:
    """What STANDING_OF_CLAIM gave."""
    if kept is None:
        return OriginStanding()
    return OriginStanding(CheckState(kept["state"]), facts_from(kept["aspa"]), kept["disputed"])


def facts_from(kept: Mapping[str, Any] | None) -> AspaFacts:
    """What `facts_sql` gave; None: there is no ROA data."""
    if kept is None:
        return AspaFacts()
    listed = None
    if kept["listed"]:
        providers, expires = kept["providers"], kept["expires"]
        listed = ListedAspa(
            None if providers is None else tuple(map(Asn, providers)),
            None if expires is None else datetime.fromtimestamp(expires, UTC),
        )
    return AspaFacts(
        built_at=_time(kept["built_at"]),
        fault=kept["fault"],
        anchored=kept["anchored"],
        listed=listed,
        seen_at=_time(kept["seen_at"]),
        gone_since=_time(kept["gone_since"]),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


async def load(connection: AsyncConnection, number: int, entries: AspaEntries) -> None:
    """Load those of a snapshot, in the transaction that loads its ROAs."""
    for start in range(0, len(entries.rows), _AT_ONCE):
        part = entries.rows[start : start + _AT_ONCE]
        rows = json.dumps([[one.customer, one.providers, one.expires] for one in part])
        await connection.execute(_ADD, {"number": number, "rows": rows})
    many = None if entries.fault else len(entries.rows)
    fault = entries.fault or None
    await connection.execute(_COUNTED, {"number": number, "many": many, "fault": fault})


async def remember(connection: AsyncConnection, number: int) -> None:
    """Note of each customer that this snapshot, accepted, has an entry."""
    await connection.execute(_SEEN, {"number": number})


async def prune(connection: AsyncConnection) -> None:
    """Delete those of snapshots that are not kept."""
    await connection.execute(_PRUNE)
