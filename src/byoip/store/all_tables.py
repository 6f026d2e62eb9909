"""Every table there is: what migrations are compared with."""

from byoip.store.accounts import tables_operating, tables_rate_limits
from byoip.store.bindings import tables_edges
from byoip.store.checks import tables_registry_budget, tables_snapshots
from byoip.store.claims import tables, tables_delegations, tables_history
from byoip.store.letters import tables_letters
from byoip.store.metadata import metadata
from byoip.store.routes import tables_advertising, tables_offboarding
from byoip.store.speakers import tables_routes

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
