"""Validation runs and their evidence, route validity, and what registries were asked."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    true,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY, CIDR

from byoip.domain.checks.evidence import Check
from byoip.domain.checks.validation_run import RunResult, RunState, Trigger
from byoip.store.columns import live, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

_OPEN = "state IN ('scheduled', 'running')"

validation_runs = Table(
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
    Column("attempt", Integer, nullable=False),
    Column("retries", Integer, nullable=False),
    # Of raw answers: bytes that it keeps, when they are due, and what rests on them.
    Column("raw_bytes", Integer, nullable=False, server_default=sql("0")),
    timestamptz("raw_until", nullable=True),
    Column("grounds_of_approval", Boolean, nullable=False, server_default=false()),
    Column("grounds_of_letter", Boolean, nullable=False, server_default=false()),
    one_of("trigger", Trigger),
    one_of("state", RunState),
    one_of("result", RunResult),
    CheckConstraint("(state = 'finished') = (result IS NOT NULL)", name="finished_has_result"),
    CheckConstraint(
        "(state IN ('finished', 'cancelled')) = (finished_at IS NOT NULL)", name="finished_at"
    ),
    CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="running_has_lease"),
    CheckConstraint("attempt >= 0 AND retries >= 0", name="counts"),
    CheckConstraint(
        "raw_bytes >= 0 AND NOT (grounds_of_letter AND raw_until IS NOT NULL)", name="raw"
    ),
    Index("uq_validation_runs_open", "prefix_id", unique=True, postgresql_where=_OPEN),
    Index("ix_validation_runs_page", "prefix_id", "created_at", "id"),
    Index("ix_validation_runs_open", "due_at", "id", postgresql_where=_OPEN),
    Index(
        "ix_validation_runs_raw",
        "prefix_id",
        "finished_at",
        "id",
        postgresql_where="raw_bytes > 0",
    ),
    Index("ix_validation_runs_due", "raw_until", "id", postgresql_where="raw_until IS NOT NULL"),
)

findings = Table(
    "findings",
    metadata,
    Column("run_id", Uuid, ForeignKey("validation_runs.id"), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    text("check_name"),
    text("outcome"),
    text("code", nullable=True),  # of a failure its reason, of a silence its fault
    text("seen"),
    text("fix"),
    Column("warnings", ARRAY(Text), nullable=False),
    timestamptz("at"),
    one_of("check_name", Check),
    one_of("outcome", ("passed", "failed", "unanswered")),
    CheckConstraint("(outcome = 'passed') = (code IS NULL)", name="code"),
)

# Raw answers, each content once; `loose_since` is when a run last gave it up.
raw_answers = Table(
    "raw_answers",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("packed", LargeBinary, nullable=False),  # zlib
    timestamptz("loose_since", nullable=True),
    Index("ix_raw_answers_loose", "loose_since", postgresql_where="loose_since IS NOT NULL"),
)

# Bytes of raw answers that the runs of an account keep; a content counts for each run.
evidence_usage = Table(
    "evidence_usage",
    metadata,
    Column("account_id", Uuid, ForeignKey("accounts.id", ondelete="RESTRICT"), primary_key=True),
    Column("bytes", BigInteger, nullable=False),
)

# `kept` is the digest while the raw answer is; `answer` was the place of older ones.
exhibits = Table(
    "exhibits",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("finding", SmallInteger, primary_key=True, autoincrement=False),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    text("asked"),
    text("whom"),
    Column("answer", LargeBinary),
    Column("sha256", LargeBinary, nullable=False),
    timestamptz("at"),
    Column("size_bytes", Integer),
    Column("kept", LargeBinary, ForeignKey("raw_answers.sha256", ondelete="RESTRICT")),
    ForeignKeyConstraint(["run_id", "finding"], ["findings.run_id", "findings.position"]),
    CheckConstraint("kept IS NULL OR kept = sha256 AND answer IS NULL", name="kept"),
    CheckConstraint("answer IS NOT NULL OR size_bytes IS NOT NULL", name="size"),
    Index("ix_exhibits_kept", "kept", postgresql_where="kept IS NOT NULL"),
)

registry_overrides = Table(
    "registry_overrides",
    metadata,
    uuid_pk(),
    Column("cidr", CIDR, nullable=False),
    text("registry"),
    text("reason"),
    timestamptz("created_at"),
    timestamptz("removed_at", nullable=True),
    live("removed_at IS NULL"),
    Index("uq_registry_overrides_live_cidr", "cidr", unique=True, postgresql_where="live"),
    Index("ix_registry_overrides_page", "created_at", "id", postgresql_where="live"),
)

# The newest snapshot of ROA data that all routes have been validated against, and when. While a
# pass is on its way: against which snapshot it judges, and the last route that it has judged.
origin_watch = Table(
    "origin_watch",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=true()),
    Column("snapshot", Integer, nullable=False),
    timestamptz("at"),
    Column("judging", Integer),
    Column("after_prefix", Uuid),
    Column("after_cidr", CIDR),
    CheckConstraint("singleton", name="one_row"),
    CheckConstraint(
        "(judging IS NULL) = (after_prefix IS NULL) AND (judging IS NULL) = (after_cidr IS NULL)",
        name="page",
    ),
)

# Approved space whose origin validation is not "valid", and since which snapshot. Operators,
# metrics and blockers read it; it never withdraws a route.
origin_drifts = Table(
    "origin_drifts",
    metadata,
    reference("prefix_id", "prefixes.id"),
    Column("cidr", CIDR, nullable=False),
    text("validity"),
    Column("snapshot", Integer, nullable=False),
    timestamptz("since"),
    UniqueConstraint("prefix_id", "cidr"),
    one_of("validity", ("invalid", "not_found")),
)

_LONG_AGO = sql("'epoch'")

# What we have asked of registries, in small tables that every worker reads before it asks. Counts
# and pauses survive a crash of this program: a crash loop must not reset them and get the operator
# banned. They are committed without waiting for the disk (see registry_budget.py), so a crash of
# the database may lose the last moment. Answers are kept for a minute, in an unlogged table:
# losing one costs one more question.

# One row per registry. Locking it admits the questions to that registry one at a time.
registry_budgets = Table(
    "registry_budgets",
    metadata,
    Column("registry", Text, primary_key=True),
    Column("minute", DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
    Column("asked_in_minute", Integer, nullable=False, server_default=sql("0")),
    Column("day", DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
    Column("asked_in_day", Integer, nullable=False, server_default=sql("0")),
    Column("paused_until", DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
)

# The part of it that one account has used.
registry_shares = Table(
    "registry_shares",
    metadata,
    text("registry"),
    Column("account_id", Uuid, nullable=False),
    timestamptz("minute"),
    Column("asked_in_minute", Integer, nullable=False),
    timestamptz("day"),
    Column("asked_in_day", Integer, nullable=False),
    PrimaryKeyConstraint("registry", "account_id"),
)

# Connections in use. The row of a worker that died counts until it expires.
registry_leases = Table(
    "registry_leases",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=sql("gen_random_uuid()")),
    text("registry"),
    Column("account_id", Uuid, nullable=False),
    timestamptz("expires_at"),
    Index(None, "registry"),
)

# `objects` is JSON: the objects as they were read.
registry_answers = Table(
    "registry_answers",
    metadata,
    text("registry"),
    text("lookup"),
    Column("prefix", CIDR, nullable=False),
    text("asked"),
    text("asked_of"),
    Column("answer", LargeBinary, nullable=False),
    Column("objects", LargeBinary, nullable=False),
    timestamptz("answered_at"),
    timestamptz("kept_until"),
    PrimaryKeyConstraint("registry", "lookup", "prefix"),
    CheckConstraint(
        "lookup in ('exact_routes', 'more_specific_routes', 'smallest_holder')", name="lookup"
    ),
    Index(None, "kept_until"),
    prefixes=["UNLOGGED"],
)
