"""The switches of jobs that withdraw or close by themselves, and what their runs did."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.jobs.job_history import JobKind
from byoip.store.columns import jsonb, one_of, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

job_switches = sa.Table(
    "job_switches",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("stopped", sa.Boolean, nullable=False),
    timestamptz("at"),
    text("by"),
    text("because"),
    one_of("kind", JobKind),
    sa.CheckConstraint("because <> ''", name="because"),
)

# Written before a job acts. At most one refused set of a kind waits for an operator.
job_runs = sa.Table(
    "job_runs",
    metadata,
    uuid_pk(),
    text("kind"),
    timestamptz("at"),
    text("request_id"),
    sa.Column("listed", sa.Integer, nullable=False),
    jsonb("sample"),
    sa.Column("acted", sa.Integer, nullable=False),
    text("refused"),
    timestamptz("allowed_at", nullable=True),
    text("allowed_by", nullable=True),
    text("allowed_because", nullable=True),
    timestamptz("used_at", nullable=True),
    sa.Column("ids", pg.ARRAY(sa.Uuid), nullable=False, server_default="{}"),  # all of them
    sa.Column("measured", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failed", sa.Integer, nullable=False, server_default="0"),
    sa.Column(
        "waits",
        sa.Boolean,
        sa.Computed("refused <> '' AND used_at IS NULL", persisted=True),
        nullable=False,
    ),
    one_of("kind", JobKind),
    sa.CheckConstraint(
        "listed >= 1 AND acted >= 0 AND failed >= 0 AND acted + failed <= listed", name="acted"
    ),
    sa.CheckConstraint("measured BETWEEN 0 AND listed", name="measured"),
    sa.CheckConstraint("refused = '' OR acted = 0", name="refused"),
    sa.CheckConstraint(
        "num_nulls(allowed_at, allowed_by, allowed_because) IN (0, 3)", name="allowed"
    ),
    sa.Index("uq_job_runs_waiting", "kind", unique=True, postgresql_where="waits"),
    sa.Index("ix_job_runs_kind", "kind", "at", postgresql_where="refused = ''"),
)
