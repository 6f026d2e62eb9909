"""What speakers hold, which of it is seen, and paths that no customer asked for."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    true,
)
from sqlalchemy.dialects.postgresql import CIDR

from byoip.store.columns import jsonb, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

# As last found, for operators and gauges. Settings say which speakers there are.
speakers = Table(
    "speakers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("stage", SmallInteger, nullable=False),
    Column("alive", Boolean, nullable=False),
    text("fault"),
    Column("held", Integer, nullable=False),
    timestamptz("asked_at"),
    # When it last had every route and its sessions came up.
    timestamptz("loaded_at", nullable=True),
    # When it last said of every route to which peers it sends it.
    timestamptz("told_at", nullable=True),
)

# The same of listeners.
listeners = Table(
    "listeners",
    metadata,
    Column("name", Text, primary_key=True),
    timestamptz("asked_at"),
    timestamptz("answered_at", nullable=True),
)

# `may_hold` is written before a speaker is asked to announce, and cleared after it confirmed the
# withdrawal and the withdrawal was seen everywhere. So a path that the speaker holds although it
# was never asked, or after it confirmed the withdrawal, is known as an orphan: a restored backup
# withdraws nothing. A row is what we know now, not history: of a speaker that an operator has us
# forget we know nothing, so its rows go (to say of them that it has withdrawn would be a lie).
applied_routes = Table(
    "applied_routes",
    metadata,
    Column("speaker", Text, primary_key=True),
    Column(
        "bgp_prefix_id", Uuid, ForeignKey("bgp_prefixes.id", ondelete="RESTRICT"), primary_key=True
    ),
    Column("may_hold", Boolean, nullable=False),
    Column("advertised", Boolean, nullable=False),  # as it last confirmed
    Column("change", BigInteger, nullable=False),  # the one that it confirmed
    timestamptz("at"),
    Index("ix_applied_routes_bgp_prefix_id", "bgp_prefix_id"),
)

# Deleted, too, with the speaker or listener that reported them. `at` is when the report was news
# or, while a change is on its way, confirmed; for settled routes the times in `speakers` and
# `listeners` hold.
observed_routes = Table(
    "observed_routes",
    metadata,
    Column(
        "bgp_prefix_id", Uuid, ForeignKey("bgp_prefixes.id", ondelete="RESTRICT"), primary_key=True
    ),
    Column("seen_by", Text, primary_key=True),
    Column("advertised", Boolean, nullable=False),
    Column("own_word", Boolean, nullable=False),  # a speaker's ADJ-RIB-Out: its own word
    timestamptz("at"),
    Index("ix_observed_routes_gone", "at", postgresql_where="NOT advertised AND NOT own_word"),
)

# Which database this was when a reconciler last led. If it is another now, it was restored from a
# backup, and what it says about speakers is old: see `restores.py`.
incarnation = Table(
    "incarnation",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=true()),
    text("identity"),
    timestamptz("since"),
    CheckConstraint("singleton", name="one_row"),
)

# The append-only ledger of orphans that speakers were told to withdraw; it bounds how many.
orphan_withdrawals = Table(
    "orphan_withdrawals",
    metadata,
    uuid_pk(),
    text("speaker"),
    Column("cidr", CIDR, nullable=False),
    text("decided_by"),
    text("decided_because"),
    timestamptz("at"),
    Index("ix_orphan_withdrawals_at", "at"),
)

# Paths that a speaker holds although no row wants them or a row says it gave them up: operators
# decide.
orphan_routes = Table(
    "orphan_routes",
    metadata,
    Column("speaker", Text, primary_key=True),
    Column("cidr", CIDR, primary_key=True),
    jsonb("path"),
    timestamptz("found_at"),
    timestamptz("seen_at"),
    Column("decision", Text),  # `withdraw`; null: not decided
    text("decided_by", nullable=True),
    text("decided_because", nullable=True),
    CheckConstraint("decision IN ('withdraw')", name="decision"),
    CheckConstraint("num_nulls(decision, decided_by, decided_because) IN (0, 3)", name="decided"),
)

# What operators should know while it lasts; written by the reconciler that leads.
route_alarms = Table(
    "route_alarms",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    text("detail"),
    timestamptz("since"),
)

# The applied state at one moment; a list of {id, cidr, prepend, change}.
route_snapshots = Table(
    "route_snapshots",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    timestamptz("at"),
    jsonb("routes"),
    CheckConstraint("number >= 1", name="number"),
)
