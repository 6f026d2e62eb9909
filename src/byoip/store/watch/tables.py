"""What is watched of approved prefixes, which levels that reached, and what is held back."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.watch.dispute import DisputeEnd
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.rises import RiseState
from byoip.store import columns as col
from byoip.store.columns import table

# One for each approved prefix, as long as it is (triggers on prefixes): for which approval, when it
# is looked at next, and when its registry last answered about the route object.
watch_turns = table(
    "watch_turns",
    col.reference("prefix_id", "prefixes.id", key=True),
    col.timestamptz("approved_at"),
    col.timestamptz("due_at"),
    col.text("registry", nullable=True),
    col.timestamptz("answered_at"),
    sa.Index("ix_watch_turns_due", "due_at"),
    sa.Index("ix_watch_turns_answered", "registry", "answered_at", "prefix_id"),
)

# That of the holder begins with the approval (triggers on prefixes). `heard` is 0 where it has not
# heard a file yet, and null where it hears none, since the prefix is not approved any more.
prefix_watches = table(
    "prefix_watches",
    col.reference("prefix_id", "prefixes.id"),
    col.text("signal"),
    col.timestamptz("looked_at", nullable=True),
    col.timestamptz("good_at", nullable=True),
    col.timestamptz("failing_since", nullable=True),
    col.timestamptz("failing_until", nullable=True),
    sa.Column("heard", sa.Integer),
    col.text("level"),
    col.text("seen"),
    col.text("doubt"),
    col.text("baseline"),
    col.text("found"),
    sa.PrimaryKeyConstraint("prefix_id", "signal"),
    col.one_of("signal", Signal),
    col.one_of("level", Level),
    col.check("level_of_failing", "level = 'none' OR failing_since IS NOT NULL"),
    sa.Index(
        "ix_prefix_watches_lost",
        "prefix_id",
        postgresql_where="signal = 'holder' AND failing_since IS NOT NULL",
    ),
    sa.Index("ix_prefix_watches_heard", "heard", "prefix_id", postgresql_where="signal = 'holder'"),
    sa.Index(
        "ix_prefix_watches_unheeded",
        "prefix_id",
        postgresql_where="signal IN ('roa', 'roa_invalid') AND failing_since IS NOT NULL",
    ),
    sa.Index("ix_prefix_watches_level", "signal", "prefix_id", postgresql_where="level <> 'none'"),
)

# Every rise to `warn` or `freeze`, which the breaker of levels counts; append-only but for `state`.
level_rises = table(
    "level_rises",
    col.uuid_pk(),
    col.reference("prefix_id", "prefixes.id"),
    col.text("registry"),
    col.text("signal"),
    col.text("level"),
    col.timestamptz("at"),
    col.text("state"),
    col.timestamptz("settled_at", nullable=True),
    col.one_of("signal", Signal),
    col.one_of("level", Level),
    col.one_of("state", RiseState),
    col.check("settled", "settled_at IS NULL OR state NOT IN ('done', 'held')"),
    # What was done at once counts; what was held does not, also once it is released.
    sa.Index(
        "ix_level_rises_counted", "registry", "signal", "at", postgresql_where="state = 'done'"
    ),
    sa.Index(
        "uq_level_rises_open",
        "prefix_id",
        "signal",
        unique=True,
        postgresql_where="state <> 'done' AND settled_at IS NULL",
    ),
)

# The newest ROA snapshot that all watched prefixes have been compared with.
watch_progress = table(
    "watch_progress",
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("roa_snapshot", sa.Integer, nullable=False),
    col.check("one_row", "singleton"),
)

# What a registry has numbered anew with one of its files: old id to new, where it is one to one.
registry_rekeys = table(
    "registry_rekeys",
    sa.Column("snapshot", sa.Integer, primary_key=True, autoincrement=False),
    col.text("registry"),
    col.timestamptz("at"),
    sa.Column("ids", pg.JSONB, nullable=False),  # {old: new}
)

# Another account has proven space whose holder changed. While one is open, its holder is approved
# and frozen for that, and its claimant pending (triggers).
disputes = table(
    "disputes",
    col.uuid_pk(),
    col.reference("holder_id", "prefixes.id"),
    col.reference("claimant_id", "prefixes.id"),
    col.timestamptz("opened_at"),
    col.timestamptz("decide_from"),
    col.timestamptz("ended_at", nullable=True),
    col.text("ended", nullable=True),
    col.one_of("ended", DisputeEnd),
    col.check("one_end", "(ended IS NULL) = (ended_at IS NULL)"),
    col.check("two", "holder_id <> claimant_id"),
    col.check("decide_from", "decide_from > opened_at"),
    sa.Index(
        "uq_disputes_open",
        "holder_id",
        "claimant_id",
        unique=True,
        postgresql_where="ended_at IS NULL",
    ),
    sa.Index("ix_disputes_claimant", "claimant_id", postgresql_where="ended_at IS NULL"),
    sa.Index("ix_disputes_opened", "opened_at", "id", postgresql_where="ended_at IS NULL"),
)
