"""Tables of offboardings, of jobs' kill switches, and of the sets that jobs act on."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    false,
)
from sqlalchemy.dialects.postgresql import ARRAY

from byoip.domain.jobs.job_history import JobKind
from byoip.domain.routes.offboarding import End, Step
from byoip.store.columns import jsonb, live, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

# A prefix has the standing `offboarding` only while it has such a live row that has not turned
# back, and the row names the request for it: a trigger on prefixes checks this. No id, no act.
offboardings = Table(
    "offboardings",
    metadata,
    uuid_pk(),
    reference("prefix_id", "prefixes.id"),
    text("actor"),
    text("request_id"),
    timestamptz("began_at"),
    text("step"),
    Column("contested", Boolean, nullable=False),
    jsonb("routes"),  # what was withdrawn, to be restored
    jsonb("bindings"),  # what was unbound, to be restored
    timestamptz("grace_until", nullable=True),
    reference("parked_by", "breaker_trips.id", nullable=True),
    Column("paced", Boolean, nullable=False, server_default=false()),
    timestamptz("ended_at", nullable=True),
    text("ending", nullable=True),
    live("ended_at IS NULL"),
    text("taken_in", nullable=True),  # enrolled by a run: for withdrawing, or for closing
    one_of("step", Step),
    one_of("ending", End),
    one_of("taken_in", [Step.WITHDRAW, Step.GRACE]),
    CheckConstraint("actor <> '' AND request_id <> ''", name="asked"),
    CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name="ended"),
    CheckConstraint("step <> 'grace' OR grace_until IS NOT NULL", name="grace"),
    Index("uq_offboardings_live", "prefix_id", unique=True, postgresql_where="live"),
    Index("ix_offboardings_began", "began_at", "id", postgresql_where="live"),
    Index("ix_offboardings_parked", "parked_by", postgresql_where="parked_by IS NOT NULL"),
)

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

__all__ = ["job_runs", "job_switches", "offboardings"]
