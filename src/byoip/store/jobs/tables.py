"""The switches of jobs that withdraw or close by themselves, and what their runs did."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.jobs.job_history import JobKind
from byoip.store import columns as col
from byoip.store.columns import table

job_switches = table(
    "job_switches",
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("stopped", sa.Boolean, nullable=False),
    col.timestamptz("at"),
    col.text("by"),
    col.text("because"),
    col.one_of("kind", JobKind),
    col.check("because", "because <> ''"),
)

# Written before a job acts. At most one refused set of a kind waits for an operator.
job_runs = table(
    "job_runs",
    col.uuid_pk(),
    col.text("kind"),
    col.timestamptz("at"),
    col.text("request_id"),
    sa.Column("listed", sa.Integer, nullable=False),
    col.jsonb("sample"),
    sa.Column("acted", sa.Integer, nullable=False),
    col.text("refused"),
    col.timestamptz("allowed_at", nullable=True),
    col.text("allowed_by", nullable=True),
    col.text("allowed_because", nullable=True),
    col.timestamptz("used_at", nullable=True),
    sa.Column("ids", pg.ARRAY(sa.Uuid), nullable=False, server_default="{}"),  # all of them
    sa.Column("measured", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failed", sa.Integer, nullable=False, server_default="0"),
    col.computed("waits", sa.Boolean, "refused <> '' AND used_at IS NULL"),
    col.one_of("kind", JobKind),
    col.check("acted", "listed >= 1 AND acted >= 0 AND failed >= 0 AND acted + failed <= listed"),
    col.check("measured", "measured BETWEEN 0 AND listed"),
    col.check("refused", "refused = '' OR acted = 0"),
    col.check("allowed", "num_nulls(allowed_at, allowed_by, allowed_because) IN (0, 3)"),
    sa.Index("uq_job_runs_waiting", "kind", unique=True, postgresql_where="waits"),
    sa.Index("ix_job_runs_kind", "kind", "at", postgresql_where="refused = ''"),
)
