"""The counters of all feeds, as one statement: which of them are where.

Text SQL, on the driver: it asks Postgres for a moment, and costs nothing where nothing was written.
"""

from typing import Final
from uuid import UUID

# What waiting readers of the feed of edges wait for: no claim and no account.
EDGE_CHANGES: Final = UUID("00000000-0000-0000-0000-0000000000ed")

# A snapshot that says the same as before has the same rows in sight: then nothing more is asked,
# however many feeds are waited for. A transaction's number stands in it from its first write to its
# end.
MOMENT: Final = b"SELECT pg_current_snapshot()::text"

NEWS: Final = f"""
    WITH asked AS MATERIALIZED (
        SELECT about FROM unnest(%(about)s::uuid[]) AS about
    )
    SELECT pg_current_snapshot()::text AS moment, found.about, found.last
    FROM (SELECT) AS once LEFT JOIN (
        SELECT about, last FROM asked JOIN event_counters ON prefix_id = about
        UNION ALL
        SELECT about, last FROM asked JOIN account_event_counters ON account_id = about
        UNION ALL
        SELECT about, last FROM asked, edge_change_counter WHERE about = '{EDGE_CHANGES}'
    ) AS found ON true
""".encode()  # noqa: S608 - of a constant
