"""Validation runs and their evidence, route validity, and what registries were asked."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.checks.evidence import Check
from byoip.domain.checks.validation_run import RunResult, RunState, Trigger
from byoip.store.columns import live, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

_OPEN = "state IN ('scheduled', 'running')"

validation_runs = sa.Table(
    "validation_runs",
    metadata,
    uuid_pk(),
    reference("prefix_id", "prefixes.id"),
    text("trigger"),
    text("state"),
    text("result", nullable=True),
    timestamptz("created_at"),
    timestamptz("due_at"),
    timestamptz("started_at", nullable=True),
    timestamptz("finished_at", nullable=True),
    timestamptz("lease_until", nullable=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("retries", sa.Integer, nullable=False),
    one_of("trigger", Trigger),
    one_of("state", RunState),
    one_of("result", RunResult),
    sa.CheckConstraint("(state = 'finished') = (result IS NOT NULL)", name="finished_has_result"),
    sa.CheckConstraint(
        "(state IN ('finished', 'cancelled')) = (finished_at IS NOT NULL)", name="finished_at"
    ),
    sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="running_has_lease"),
    sa.CheckConstraint("attempt >= 0 AND retries >= 0", name="counts"),
    sa.Index("uq_validation_runs_open", "prefix_id", unique=True, postgresql_where=_OPEN),
    sa.Index("ix_validation_runs_page", "prefix_id", "created_at", "id"),
    sa.Index("ix_validation_runs_open", "due_at", "id", postgresql_where=_OPEN),
)

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("run_id", sa.Uuid, sa.ForeignKey("validation_runs.id"), primary_key=True),
    sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
    text("check_name"),
    text("outcome"),
    text("code", nullable=True),  # of a failure its reason, of a silence its fault
    text("seen"),
    text("fix"),
    sa.Column("warnings", pg.ARRAY(sa.Text), nullable=False),
    timestamptz("at"),
    one_of("check_name", Check),
    one_of("outcome", ("passed", "failed", "unanswered")),
    sa.CheckConstraint("(outcome = 'passed') = (code IS NULL)", name="code"),
)

exhibits = sa.Table(
    "exhibits",
    metadata,
    sa.Column("run_id", sa.Uuid, primary_key=True),
    sa.Column("finding", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
    text("asked"),
    text("whom"),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column(
        "sha256", sa.LargeBinary, sa.Computed("sha256(answer)", persisted=True), nullable=False
    ),
    timestamptz("at"),
    sa.ForeignKeyConstraint(["run_id", "finding"], ["findings.run_id", "findings.position"]),
)

registry_overrides = sa.Table(
    "registry_overrides",
    metadata,
    uuid_pk(),
    sa.Column("cidr", pg.CIDR, nullable=False),
    text("registry"),
    text("reason"),
    timestamptz("created_at"),
    timestamptz("removed_at", nullable=True),
    live("removed_at IS NULL"),
    sa.Index("uq_registry_overrides_live_cidr", "cidr", unique=True, postgresql_where="live"),
    sa.Index("ix_registry_overrides_page", "created_at", "id", postgresql_where="live"),
)

# The newest snapshot of ROA data that all routes have been validated against, and when.
origin_watch = sa.Table(
    "origin_watch",
    metadata,
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("snapshot", sa.Integer, nullable=False),
    timestamptz("at"),
    sa.CheckConstraint("singleton", name="one_row"),
)

# Approved space whose origin validation is not "valid", and since which snapshot. Operators,
# metrics and blockers read it; it never withdraws a route.
origin_drifts = sa.Table(
    "origin_drifts",
    metadata,
    reference("prefix_id", "prefixes.id"),
    sa.Column("cidr", pg.CIDR, nullable=False),
    text("validity"),
    sa.Column("snapshot", sa.Integer, nullable=False),
    timestamptz("since"),
    sa.UniqueConstraint("prefix_id", "cidr"),
    one_of("validity", ("invalid", "not_found")),
)

_LONG_AGO = sa.text("'epoch'")

# What we have asked of registries, in small tables that every worker reads before it asks. Counts
# and pauses survive a crash of this program: a crash loop must not reset them and get the operator
# banned. They are committed without waiting for the disk (see registry_budget.py), so a crash of
# the database may lose the last moment. Answers are kept for a minute, in an unlogged table:
# losing one costs one more question.

# One row per registry. Locking it admits the questions to that registry one at a time.
registry_budgets = sa.Table(
    "registry_budgets",
    metadata,
    sa.Column("registry", sa.Text, primary_key=True),
    sa.Column("minute", sa.DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
    sa.Column("asked_in_minute", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("day", sa.DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
    sa.Column("asked_in_day", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("paused_until", sa.DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
)

# The part of it that one account has used.
registry_shares = sa.Table(
    "registry_shares",
    metadata,
    text("registry"),
    sa.Column("account_id", sa.Uuid, nullable=False),
    timestamptz("minute"),
    sa.Column("asked_in_minute", sa.Integer, nullable=False),
    timestamptz("day"),
    sa.Column("asked_in_day", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("registry", "account_id"),
)

# Connections in use. The row of a worker that died counts until it expires.
registry_leases = sa.Table(
    "registry_leases",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
    text("registry"),
    sa.Column("account_id", sa.Uuid, nullable=False),
    timestamptz("expires_at"),
    sa.Index(None, "registry"),
)

# `objects` is JSON: the objects as they were read.
registry_answers = sa.Table(
    "registry_answers",
    metadata,
    text("registry"),
    text("lookup"),
    sa.Column("prefix", pg.CIDR, nullable=False),
    text("asked"),
    text("asked_of"),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column("objects", sa.LargeBinary, nullable=False),
    timestamptz("answered_at"),
    timestamptz("kept_until"),
    sa.PrimaryKeyConstraint("registry", "lookup", "prefix"),
    sa.CheckConstraint(
        "lookup in ('exact_routes', 'more_specific_routes', 'smallest_holder')", name="lookup"
    ),
    sa.Index(None, "kept_until"),
    prefixes=["UNLOGGED"],
)
