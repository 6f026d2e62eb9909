"""Validation runs, their evidence, and the append-only history."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from byoip.domain.checks.evidence import Check
from byoip.domain.checks.validation_run import RunResult, RunState, Trigger
from byoip.store.columns import jsonb, one_of, reference, text, timestamptz, uuid_pk
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
    one_of("trigger", Trigger),
    one_of("state", RunState),
    one_of("result", RunResult),
    CheckConstraint("(state = 'finished') = (result IS NOT NULL)", name="finished_has_result"),
    CheckConstraint(
        "(state IN ('finished', 'cancelled')) = (finished_at IS NOT NULL)", name="finished_at"
    ),
    CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="running_has_lease"),
    CheckConstraint("attempt >= 0 AND retries >= 0", name="counts"),
    Index("uq_validation_runs_open", "prefix_id", unique=True, postgresql_where=_OPEN),
    Index("ix_validation_runs_page", "prefix_id", "created_at", "id"),
    Index("ix_validation_runs_open", "due_at", "id", postgresql_where=_OPEN),
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

exhibits = Table(
    "exhibits",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("finding", SmallInteger, primary_key=True, autoincrement=False),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    text("asked"),
    text("whom"),
    Column("answer", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, Computed("sha256(answer)", persisted=True), nullable=False),
    timestamptz("at"),
    ForeignKeyConstraint(["run_id", "finding"], ["findings.run_id", "findings.position"]),
)

events = Table(
    "events",
    metadata,
    Column("prefix_id", Uuid, ForeignKey("prefixes.id", ondelete="RESTRICT"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    reference("account_id", "accounts.id"),
    Column("account_number", BigInteger, nullable=False),
    text("kind"),
    text("actor"),
    text("request_id"),
    timestamptz("at"),
    jsonb("before"),
    jsonb("after"),
    CheckConstraint("number >= 1 AND account_number >= 1", name="number"),
    UniqueConstraint("account_id", "account_number"),
)

# Updated last in a transaction: a number is given only when all lower ones are committed.
event_counters = Table(
    "event_counters",
    metadata,
    Column("prefix_id", Uuid, ForeignKey("prefixes.id", ondelete="RESTRICT"), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

# The same for all claims of an account together.
account_event_counters = Table(
    "account_event_counters",
    metadata,
    Column("account_id", Uuid, ForeignKey("accounts.id", ondelete="RESTRICT"), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("credential_id", Uuid, ForeignKey("credentials.id"), primary_key=True),
    Column("method", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("version", Integer),
    timestamptz("created_at"),
    Index(None, "created_at"),
)
