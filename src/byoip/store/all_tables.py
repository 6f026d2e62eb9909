"""Every table there is: what migrations are compared with."""

from byoip.store import (
    tables,
    tables_advertising,
    tables_delegations,
    tables_edges,
    tables_history,
    tables_letters,
    tables_offboarding,
    tables_operating,
    tables_rate_limits,
    tables_registry_budget,
    tables_routes,
    tables_snapshots,
)
from byoip.store.metadata import metadata

__all__ = [
    "metadata",
    "tables",
    "tables_advertising",
    "tables_delegations",
    "tables_edges",
    "tables_history",
    "tables_letters",
    "tables_offboarding",
    "tables_operating",
    "tables_rate_limits",
    "tables_registry_budget",
    "tables_routes",
    "tables_snapshots",
]
