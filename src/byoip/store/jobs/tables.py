"""The switches of jobs that withdraw or close by themselves, and what their runs did."""

from sqlalchemy import Boolean, CheckConstraint, Column, Computed, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from byoip.domain.jobs.job_history import JobKind
from byoip.store.columns import jsonb, one_of, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

job_switches = Table(
    "job_switches",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("stopped", Boolean, nullable=False),
    timestamptz("at"),
    text("by"),
    text("because"),
    one_of("kind", JobKind),
    CheckConstraint("because <> ''", name="because"),
)

# Written before a job acts. At most one refused set of a kind waits for an operator.
job_runs = Table(
    "job_runs",
    metadata,
    uuid_pk(),
    text("kind"),
    timestamptz("at"),
    text("request_id"),
    Column("listed", Integer, nullable=False),
    jsonb("sample"),
    Column("acted", Integer, nullable=False),
    text("refused"),
    timestamptz("allowed_at", nullable=True),
    text("allowed_by", nullable=True),
    text("allowed_because", nullable=True),
    timestamptz("used_at", nullable=True),
    Column("ids", ARRAY(Uuid), nullable=False, server_default="{}"),  # all of them
    Column("measured", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column(
        "waits",
        Boolean,
        Computed("refused <> '' AND used_at IS NULL", persisted=True),
        nullable=False,
    ),
    one_of("kind", JobKind),
    CheckConstraint(
        "listed >= 1 AND acted >= 0 AND failed >= 0 AND acted + failed <= listed", name="acted"
    ),
    CheckConstraint("measured BETWEEN 0 AND listed", name="measured"),
    CheckConstraint("refused = '' OR acted = 0", name="refused"),
    CheckConstraint("num_nulls(allowed_at, allowed_by, allowed_because) IN (0, 3)", name="allowed"),
    Index("uq_job_runs_waiting", "kind", unique=True, postgresql_where="waits"),
    Index("ix_job_runs_kind", "kind", "at", postgresql_where="refused = ''"),
)
