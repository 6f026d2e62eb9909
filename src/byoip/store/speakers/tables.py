"""What speakers hold, which of it is seen, and paths that no customer asked for."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.store import columns as col
from byoip.store.columns import table

# Who acts for all processes: see `leases.py`. Every write of a holder carries the number; `beat`
# counts renewals, and `process` is for operators.
leases = table(
    "leases",
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("holder", sa.Uuid),  # null: none
    sa.Column("rank", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("beat", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("seconds", sa.Double, nullable=False, server_default=sa.text("0")),
    sa.Column("process", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("backend", sa.Integer),
    sa.Column(
        "renewed_at",
        sa.DateTime(timezone=True),
        nullable=False,
        server_default=sa.func.clock_timestamp(),
    ),
    sa.UniqueConstraint("name", "number"),
)

# As last found, for operators and gauges. Settings say which speakers there are.
speakers = table(
    "speakers",
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("stage", sa.SmallInteger, nullable=False),
    sa.Column("alive", sa.Boolean, nullable=False),
    col.text("fault"),
    sa.Column("held", sa.Integer, nullable=False),
    col.timestamptz("asked_at"),
    # When it last had every route and its sessions came up.
    col.timestamptz("loaded_at", nullable=True),
    # When it last said of every route to which peers it sends it.
    col.timestamptz("told_at", nullable=True),
    # The origin that must not be repeated in paths there: a neighbour is in that AS.
    sa.Column("prepends_lost_as", sa.BigInteger),
    # Its own AS, where a neighbour of it is in that AS, whatever its prepends.
    sa.Column("internal_as", sa.BigInteger),
    # The ASes of its neighbours.
    sa.Column("neighbour_ases", pg.ARRAY(sa.BigInteger), nullable=False, server_default="{}"),
    # Each neighbour by address: whether there is a session with it.
    sa.Column("sessions", pg.JSONB, nullable=False, server_default=sa.text("'{}'")),
    # Since when drains keep all its sessions down.
    col.timestamptz("drained_at", nullable=True),
    sa.Column("local_as", sa.BigInteger),  # its own; null: a version before asked it last
)

# What people have taken out of service; how far that is: `domain/speakers/drain.py`. Rows stay.
speaker_drains = table(
    "speaker_drains",
    col.uuid_pk(),
    col.text("speaker", nullable=True),
    col.text("neighbour", nullable=True),
    sa.Column("stage", sa.SmallInteger),
    sa.Column("by_hand", sa.Boolean, nullable=False),
    col.text("name"),
    col.text("reason"),
    col.timestamptz("since"),
    col.timestamptz("until", nullable=True),
    sa.Column("wait_seconds", sa.Integer, nullable=False),
    sa.Column("loses", sa.Integer, nullable=False),
    col.timestamptz("announced_at", nullable=True),
    col.timestamptz("down_at", nullable=True),
    col.timestamptz("ended_at", nullable=True),
    col.text("ended_by", nullable=True),
    col.timestamptz("undone_at", nullable=True),
    col.check("target", "num_nonnulls(speaker, stage) = 1"),
    col.check("neighbour", "neighbour IS NULL OR speaker IS NOT NULL"),
    col.check(
        "by_hand",
        "CASE WHEN by_hand THEN num_nonnulls(neighbour, down_at) = 2 ELSE until IS NOT NULL END",
    ),
    col.check("numbers", "wait_seconds >= 0 AND loses >= 0"),
    col.check("down", "down_at IS NULL OR announced_at IS NOT NULL"),
    col.check("ended", "num_nulls(ended_at, ended_by) IN (0, 2)"),
    col.check("undone", "undone_at IS NULL OR ended_at IS NOT NULL"),
    sa.Index(
        "uq_speaker_drains_live",
        *("speaker", "neighbour", "stage"),
        unique=True,
        postgresql_where="ended_at IS NULL",
        postgresql_nulls_not_distinct=True,
    ),
)

# Settings of all speakers, which all workers use. `opened` and `noted` say how far one that travels
# has come: the last stage that is told by it, and what was seen before that. Rows stay.
speaker_revisions = table(
    "speaker_revisions",
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    col.text("digest"),
    col.jsonb("speakers"),
    col.text("state"),
    sa.Column("in_doubt", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("opened", sa.SmallInteger),
    sa.Column("noted", pg.JSONB),
    col.text("proposed_by"),
    col.text("reason"),
    col.timestamptz("at"),
    col.timestamptz("ended_at", nullable=True),
    sa.Column("said", sa.Text, nullable=False, server_default=sa.text("''")),
    col.check("number", "number >= 1"),
    col.check("state", "state IN ('travelling', 'in_force', 'replaced', 'taken_back')"),
    col.check("travels", "state = 'travelling' OR num_nulls(opened, noted) = 2"),
    sa.Index(
        "uq_speaker_revisions_live",
        "state",
        unique=True,
        postgresql_where="state IN ('travelling', 'in_force')",
    ),
)

# What the file of each process says of speakers, as long as it runs.
speaker_proposals = table(
    "speaker_proposals",
    sa.Column("process", sa.Uuid, primary_key=True),
    col.text("name"),
    col.text("digest"),
    col.jsonb("speakers"),
    col.timestamptz("seen_at"),
)

# The same of listeners.
listeners = table(
    "listeners",
    sa.Column("name", sa.Text, primary_key=True),
    col.timestamptz("asked_at"),
    col.timestamptz("answered_at", nullable=True),
)

# `may_hold` is written before a speaker is asked to announce, and cleared after it confirmed the
# withdrawal and the withdrawal was seen everywhere. So a path that the speaker holds although it
# was never asked, or after it confirmed the withdrawal, is known as an orphan: a restored backup
# withdraws nothing. A row is what we know now, not history: of a speaker that an operator has us
# forget we know nothing, so its rows go (to say of them that it has withdrawn would be a lie).
applied_routes = table(
    "applied_routes",
    sa.Column("speaker", sa.Text, primary_key=True),
    col.reference("bgp_prefix_id", "bgp_prefixes.id", key=True),
    sa.Column("may_hold", sa.Boolean, nullable=False),
    sa.Column("advertised", sa.Boolean, nullable=False),  # as it last confirmed
    sa.Column("change", sa.BigInteger, nullable=False),  # the one that it confirmed
    col.timestamptz("at"),
    sa.Index("ix_applied_routes_bgp_prefix_id", "bgp_prefix_id"),
)

# Deleted, too, with the speaker or listener that reported them. `at` is when the report was news
# or, while a change is on its way, confirmed; for settled routes the times in `speakers` and
# `listeners` hold.
observed_routes = table(
    "observed_routes",
    col.reference("bgp_prefix_id", "bgp_prefixes.id", key=True),
    sa.Column("seen_by", sa.Text, primary_key=True),
    sa.Column("advertised", sa.Boolean, nullable=False),
    sa.Column("own_word", sa.Boolean, nullable=False),  # a speaker's ADJ-RIB-Out: its own word
    col.timestamptz("at"),
    sa.Index("ix_observed_routes_gone", "at", postgresql_where="NOT advertised AND NOT own_word"),
)

# Which database this was when a reconciler last led, and since when what it says about speakers can
# be true: since its restore from a backup, or a promotion with a loss. See `restores.py`.
incarnation = table(
    "incarnation",
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    col.text("identity"),
    col.timestamptz("since"),
    col.check("one_row", "singleton"),
)

# A speaker whose sessions were up, or that an operator wants opened; settings say which there are.
# `ordered_by`: opens it in spite of what is missing, until its sessions are up.
speaker_records = table(
    "speaker_records",
    sa.Column("speaker", sa.Text, primary_key=True),
    # When a session was last seen established, and how long peers keep its routes from then on.
    col.timestamptz("up_at", nullable=True),
    sa.Column("restart_seconds", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("order_number", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("ordered_by", sa.Text),
    col.check("restart", "restart_seconds >= 0"),
)

# What each speaker held while its sessions were up, less what was withdrawn there. No row of a
# route is referred to: this is what is left where those rows are lost.
held_routes = table(
    "held_routes",
    sa.Column("speaker", sa.Text, primary_key=True),
    sa.Column("cidr", pg.CIDR, primary_key=True),
)

# Processes that remember what this database was: see `witnesses.py`. `seen_at` is by the server's
# clock; `good` is what the process said of the database of that identity when it had become that.
witnesses = table(
    "witnesses",
    sa.Column("process", sa.Uuid, primary_key=True),
    col.text("name"),
    col.timestamptz("seen_at"),
    col.text("identity", nullable=True),
    sa.Column("good", sa.Boolean),
    sa.Column("detail", sa.Text, nullable=False, server_default=sa.text("''")),
    # What it misses, and whether that is all that can be missing.
    sa.Column("routes", pg.ARRAY(sa.Uuid), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("claims", pg.ARRAY(sa.Uuid), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("bounded", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("key", sa.LargeBinary),  # of what it keeps on disk; null: it keeps nothing
    col.check("testified", "num_nulls(identity, good) IN (0, 2)"),
)

# Of the feed of events: after a restore its numbers are given a second time. Events from before
# `shared_until` have the same numbers as in all epochs before; null: that is not known.
feed_epochs = table(
    "feed_epochs",
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "epoch", sa.Uuid, nullable=False, unique=True, server_default=sa.func.gen_random_uuid()
    ),
    col.timestamptz("since"),
    col.timestamptz("shared_until", nullable=True),
)

# Rows of an older database that say advertised: not announced while `change` is the row's, until
# the route is seen to be up, or an operator releases it. Deleted then. `doubted`: a newer change is
# known to be lost, so it stays as it is at each speaker until its owner or an operator speaks.
unreleased_routes = table(
    "unreleased_routes",
    col.reference("bgp_prefix_id", "bgp_prefixes.id", key=True),
    sa.Column("change", sa.BigInteger, nullable=False),
    col.timestamptz("since"),
    col.timestamptz("last_seen", nullable=True),
    sa.Column("doubted", sa.Boolean, nullable=False, server_default=sa.false()),
)

# The append-only ledger of orphans that speakers were told to withdraw; it bounds how many.
orphan_withdrawals = table(
    "orphan_withdrawals",
    col.uuid_pk(),
    col.text("speaker"),
    sa.Column("cidr", pg.CIDR, nullable=False),
    col.text("decided_by"),
    col.text("decided_because"),
    col.timestamptz("at"),
    sa.Index("ix_orphan_withdrawals_at", "at"),
)

# Paths that a speaker holds although no row wants them or a row says it gave them up: operators
# decide. Until then they stay here, also when the speaker does not hold them any more (`gone_at`).
orphan_routes = table(
    "orphan_routes",
    sa.Column("speaker", sa.Text, primary_key=True),
    sa.Column("cidr", pg.CIDR, primary_key=True),
    col.jsonb("path"),
    col.timestamptz("found_at"),
    col.timestamptz("seen_at"),
    sa.Column("decision", sa.Text),  # `withdraw`; null: not decided
    col.text("decided_by", nullable=True),
    col.text("decided_because", nullable=True),
    col.timestamptz("gone_at", nullable=True),
    # Held when this database first met the speaker.
    sa.Column("unknown", sa.Boolean, nullable=False, server_default=sa.false()),
    col.check("decision", "decision IN ('withdraw')"),
    col.check("decided", "num_nulls(decision, decided_by, decided_because) IN (0, 3)"),
)

# Who compares what a speaker holds with what is recorded: see `comparisons.py`.
speaker_comparisons = table(
    "speaker_comparisons",
    sa.Column("speaker", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("holder", sa.Uuid),  # null: none
    col.text("process"),
    sa.Column("beat", sa.BigInteger, nullable=False),
    sa.Column("compared", sa.BigInteger, nullable=False),
    sa.Column("differs", sa.BigInteger, nullable=False),
)

# What operators should know while it lasts; written by the reconciler that leads, and the watcher.
route_alarms = table(
    "route_alarms",
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    col.text("detail"),
    col.timestamptz("since"),
)

# The applied state at one moment; a list of {id, cidr, prepend, change}.
route_snapshots = table(
    "route_snapshots",
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    col.timestamptz("at"),
    col.jsonb("routes"),
    col.check("number", "number >= 1"),
)
