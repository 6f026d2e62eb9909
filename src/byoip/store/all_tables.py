"""Every table there is: what migrations are compared with."""

from byoip.store import tables
from byoip.store.accounts import tables as accounts
from byoip.store.asns import tables as asns
from byoip.store.bindings import tables as bindings
from byoip.store.checks import tables as checks
from byoip.store.checks import tables_snapshots as snapshots
from byoip.store.claims import tables as claims
from byoip.store.columns import metadata
from byoip.store.hooks import tables as hooks
from byoip.store.jobs import tables as jobs
from byoip.store.letters import tables as letters
from byoip.store.mail import tables as mail
from byoip.store.routes import tables as routes
from byoip.store.speakers import tables as speakers
from byoip.store.watch import tables as watch

__all__ = [
    "accounts",
    "asns",
    "bindings",
    "checks",
    "claims",
    "hooks",
    "jobs",
    "letters",
    "mail",
    "metadata",
    "routes",
    "snapshots",
    "speakers",
    "tables",
    "watch",
]
