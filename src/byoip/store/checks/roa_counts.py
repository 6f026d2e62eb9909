"""How many entries each trust anchor had over time, as text: from what is kept of each snapshot."""

from typing import Final

from byoip.store.accounts.operator_views import RoaCounts
from byoip.store.statements import AnyRow, from_text

# Of each step what was used last, and what was refused last.
ROA_COUNTS: Final = from_text("""
    WITH taken AS (
        SELECT date_bin(CAST(:step AS interval), attempted_at, CAST(:since AS timestamptz)) AS at,
            number, accepted, counts
        FROM vrp_snapshots WHERE attempted_at >= CAST(:since AS timestamptz)
    )
    SELECT at,
        (array_agg(counts ORDER BY number DESC) FILTER (WHERE accepted))[1] AS counts,
        (array_agg(counts ORDER BY number DESC)
            FILTER (WHERE NOT accepted AND counts IS NOT NULL))[1] AS refused,
        count(*) FILTER (WHERE NOT accepted) AS many_refused
    FROM taken GROUP BY at ORDER BY at
""")


def counts_from(row: AnyRow) -> RoaCounts:
    """A row of them."""
    return RoaCounts(row.at, row.counts or {}, row.refused or {}, row.many_refused)
