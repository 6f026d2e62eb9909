"""What speakers hold, which of it is seen, and paths that no customer asked for."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.store.columns import jsonb, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

# As last found, for operators and gauges. Settings say which speakers there are.
speakers = sa.Table(
    "speakers",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("stage", sa.SmallInteger, nullable=False),
    sa.Column("alive", sa.Boolean, nullable=False),
    text("fault"),
    sa.Column("held", sa.Integer, nullable=False),
    timestamptz("asked_at"),
    # When it last had every route and its sessions came up.
    timestamptz("loaded_at", nullable=True),
    # When it last said of every route to which peers it sends it.
    timestamptz("told_at", nullable=True),
)

# The same of listeners.
listeners = sa.Table(
    "listeners",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    timestamptz("asked_at"),
    timestamptz("answered_at", nullable=True),
)

# `may_hold` is written before a speaker is asked to announce, and cleared after it confirmed the
# withdrawal and the withdrawal was seen everywhere. So a path that the speaker holds although it
# was never asked, or after it confirmed the withdrawal, is known as an orphan: a restored backup
# withdraws nothing. A row is what we know now, not history: of a speaker that an operator has us
# forget we know nothing, so its rows go (to say of them that it has withdrawn would be a lie).
applied_routes = sa.Table(
    "applied_routes",
    metadata,
    sa.Column("speaker", sa.Text, primary_key=True),
    sa.Column(
        "bgp_prefix_id",
        sa.Uuid,
        sa.ForeignKey("bgp_prefixes.id", ondelete="RESTRICT"),
        primary_key=True,
    ),
    sa.Column("may_hold", sa.Boolean, nullable=False),
    sa.Column("advertised", sa.Boolean, nullable=False),  # as it last confirmed
    sa.Column("change", sa.BigInteger, nullable=False),  # the one that it confirmed
    timestamptz("at"),
    sa.Index("ix_applied_routes_bgp_prefix_id", "bgp_prefix_id"),
)

# Deleted, too, with the speaker or listener that reported them. `at` is when the report was news
# or, while a change is on its way, confirmed; for settled routes the times in `speakers` and
# `listeners` hold.
observed_routes = sa.Table(
    "observed_routes",
    metadata,
    sa.Column(
        "bgp_prefix_id",
        sa.Uuid,
        sa.ForeignKey("bgp_prefixes.id", ondelete="RESTRICT"),
        primary_key=True,
    ),
    sa.Column("seen_by", sa.Text, primary_key=True),
    sa.Column("advertised", sa.Boolean, nullable=False),
    sa.Column("own_word", sa.Boolean, nullable=False),  # a speaker's ADJ-RIB-Out: its own word
    timestamptz("at"),
)

# Which database this was when a reconciler last led. If it is another now, it was restored from a
# backup, and what it says about speakers is old: see `restores.py`.
incarnation = sa.Table(
    "incarnation",
    metadata,
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    text("identity"),
    timestamptz("since"),
    sa.CheckConstraint("singleton", name="one_row"),
)

# The append-only ledger of orphans that speakers were told to withdraw; it bounds how many.
orphan_withdrawals = sa.Table(
    "orphan_withdrawals",
    metadata,
    uuid_pk(),
    text("speaker"),
    sa.Column("cidr", pg.CIDR, nullable=False),
    text("decided_by"),
    text("decided_because"),
    timestamptz("at"),
    sa.Index("ix_orphan_withdrawals_at", "at"),
)

# Paths that a speaker holds although no row wants them or a row says it gave them up: operators
# decide.
orphan_routes = sa.Table(
    "orphan_routes",
    metadata,
    sa.Column("speaker", sa.Text, primary_key=True),
    sa.Column("cidr", pg.CIDR, primary_key=True),
    jsonb("path"),
    timestamptz("found_at"),
    timestamptz("seen_at"),
    sa.Column("decision", sa.Text),  # `withdraw`; null: not decided
    text("decided_by", nullable=True),
    text("decided_because", nullable=True),
    sa.CheckConstraint("decision IN ('withdraw')", name="decision"),
    sa.CheckConstraint(
        "num_nulls(decision, decided_by, decided_because) IN (0, 3)", name="decided"
    ),
)

# What operators should know while it lasts; written by the reconciler that leads.
route_alarms = sa.Table(
    "route_alarms",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    text("detail"),
    timestamptz("since"),
)

# The applied state at one moment; a list of {id, cidr, prepend, change}.
route_snapshots = sa.Table(
    "route_snapshots",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    timestamptz("at"),
    jsonb("routes"),
    sa.CheckConstraint("number >= 1", name="number"),
)
