"""Validation runs and their evidence, route validity, and what registries were asked."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.checks.evidence import Check
from byoip.domain.checks.validation_run import RunResult, RunState, Trigger
from byoip.domain.claims.check_waiver import Waivable, WaiverEnded
from byoip.domain.perspectives.quorum import End
from byoip.store import columns as col
from byoip.store.columns import table

_OPEN = "state IN ('scheduled', 'running')"

validation_runs = table(
    "validation_runs",
    col.uuid_pk(),
    col.reference("prefix_id", "prefixes.id"),
    col.text("trigger"),
    col.text("state"),
    col.text("result", nullable=True),
    col.timestamptz("created_at"),
    col.timestamptz("due_at"),
    col.timestamptz("started_at", nullable=True),
    col.timestamptz("finished_at", nullable=True),
    col.timestamptz("lease_until", nullable=True),
    # Which of a prefix was recorded last, whatever the clocks of workers say; null of older ones.
    sa.Column("recorded", sa.BigInteger),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("retries", sa.Integer, nullable=False),
    # Of raw answers: bytes that it keeps, when they are due, and what rests on them.
    sa.Column("raw_bytes", sa.Integer, nullable=False, server_default=sa.text("0")),
    col.timestamptz("raw_until", nullable=True),
    sa.Column("grounds_of_approval", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("grounds_of_letter", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("without_token", sa.Uuid),  # came with the request: published nowhere yet
    col.one_of("trigger", Trigger),
    col.one_of("state", RunState),
    col.one_of("result", RunResult),
    col.check("finished_has_result", "(state = 'finished') = (result IS NOT NULL)"),
    col.check("finished_at", "(state IN ('finished', 'cancelled')) = (finished_at IS NOT NULL)"),
    col.check("running_has_lease", "(state = 'running') = (lease_until IS NOT NULL)"),
    col.check("counts", "attempt >= 0 AND retries >= 0"),
    col.check("raw", "raw_bytes >= 0 AND NOT (grounds_of_letter AND raw_until IS NOT NULL)"),
    sa.Index("uq_validation_runs_open", "prefix_id", unique=True, postgresql_where=_OPEN),
    sa.Index("ix_validation_runs_page", "prefix_id", "created_at", "id"),
    sa.Index("ix_validation_runs_open", "due_at", "id", postgresql_where=_OPEN),
    sa.Index(
        "ix_validation_runs_raw",
        "prefix_id",
        "finished_at",
        "id",
        postgresql_where="raw_bytes > 0",
    ),
    sa.Index("ix_validation_runs_due", "raw_until", "id", postgresql_where="raw_until IS NOT NULL"),
)

findings = table(
    "findings",
    sa.Column("run_id", sa.Uuid, sa.ForeignKey("validation_runs.id"), primary_key=True),
    sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
    col.text("check_name"),
    col.text("outcome"),
    col.text("code", nullable=True),  # of a failure its reason, of a silence its fault
    col.text("seen"),
    col.text("fix"),
    sa.Column("warnings", pg.ARRAY(sa.Text), nullable=False),
    col.timestamptz("at"),
    sa.Column("shown_by", pg.JSONB),  # pairs of zones and name servers; null: not known
    col.one_of("check_name", Check),
    col.one_of("outcome", ("passed", "failed", "unanswered")),
    col.check("code", "(outcome = 'passed') = (code IS NULL)"),
)

# Raw answers, each content once; `loose_since` is when a run last gave it up.
raw_answers = table(
    "raw_answers",
    sa.Column("sha256", sa.LargeBinary, primary_key=True),
    sa.Column("packed", sa.LargeBinary, nullable=False),  # zlib
    col.timestamptz("loose_since", nullable=True),
    sa.Index("ix_raw_answers_loose", "loose_since", postgresql_where="loose_since IS NOT NULL"),
)

# Bytes of raw answers that the runs of an account keep; a content counts for each run.
evidence_usage = table(
    "evidence_usage",
    col.reference("account_id", "accounts.id", key=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
)

# `kept` is the digest while the raw answer is; `answer` was the place of older ones.
exhibits = table(
    "exhibits",
    sa.Column("run_id", sa.Uuid, primary_key=True),
    sa.Column("finding", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
    col.text("asked"),
    col.text("whom"),
    sa.Column("answer", sa.LargeBinary),
    sa.Column("sha256", sa.LargeBinary, nullable=False),
    col.timestamptz("at"),
    sa.Column("size_bytes", sa.Integer),
    sa.Column("kept", sa.LargeBinary, sa.ForeignKey("raw_answers.sha256", ondelete="RESTRICT")),
    sa.ForeignKeyConstraint(["run_id", "finding"], ["findings.run_id", "findings.position"]),
    col.check("kept", "kept IS NULL OR kept = sha256 AND answer IS NULL"),
    col.check("size", "answer IS NOT NULL OR size_bytes IS NOT NULL"),
    sa.Index("ix_exhibits_kept", "kept", postgresql_where="kept IS NOT NULL"),
)

registry_overrides = table(
    "registry_overrides",
    col.uuid_pk(),
    sa.Column("cidr", pg.CIDR, nullable=False),
    col.text("registry"),
    col.text("reason"),
    col.timestamptz("created_at"),
    col.timestamptz("removed_at", nullable=True),
    col.live("removed_at IS NULL"),
    sa.Index("uq_registry_overrides_live_cidr", "cidr", unique=True, postgresql_where="live"),
    sa.Index("ix_registry_overrides_page", "created_at", "id", postgresql_where="live"),
)

# Checks that an operator waives for one prefix; see domain/claims/check_waiver.py.
check_waivers = table(
    "check_waivers",
    col.uuid_pk(),
    col.reference("prefix_id", "prefixes.id"),
    col.text("check_name"),
    col.text("reason"),
    col.timestamptz("created_at"),
    col.timestamptz("expires_at"),
    col.timestamptz("ended_at", nullable=True),
    col.text("ended_because", nullable=True),
    col.live("ended_at IS NULL"),
    col.one_of("check_name", Waivable),
    col.one_of("ended_because", WaiverEnded),
    col.check("ended", "(ended_at IS NULL) = (ended_because IS NULL)"),
    col.check("end", "expires_at > created_at"),
    sa.Index(
        "uq_check_waivers_live", "prefix_id", "check_name", unique=True, postgresql_where="live"
    ),
)

# The newest snapshot of ROA data that all routes have been validated against, and when. While a
# pass is on its way: against which snapshot it judges, and the last route that it has judged.
origin_watch = table(
    "origin_watch",
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("snapshot", sa.Integer, nullable=False),
    col.timestamptz("at"),
    sa.Column("judging", sa.Integer),
    sa.Column("after_prefix", sa.Uuid),
    sa.Column("after_cidr", pg.CIDR),
    col.check("one_row", "singleton"),
    col.check(
        "page",
        "(judging IS NULL) = (after_prefix IS NULL) AND (judging IS NULL) = (after_cidr IS NULL)",
    ),
)

# Approved space whose origin validation is not "valid", and since which snapshot. Operators,
# metrics and blockers read it; it never withdraws a route.
origin_drifts = table(
    "origin_drifts",
    col.reference("prefix_id", "prefixes.id"),
    sa.Column("cidr", pg.CIDR, nullable=False),
    col.text("validity"),
    sa.Column("snapshot", sa.Integer, nullable=False),
    col.timestamptz("since"),
    sa.UniqueConstraint("prefix_id", "cidr"),
    col.one_of("validity", ("invalid", "not_found")),
)

_LONG_AGO = sa.text("'epoch'")

# What we have asked of registries, in small tables that every worker reads before it asks. Counts
# and pauses survive a crash of this program: a crash loop must not reset them and get the operator
# banned. They are committed without waiting for the disk (see registry_budget.py), so a crash of
# the database may lose the last moment. Answers are kept for a minute, in an unlogged table:
# losing one costs one more question.

# One row per registry. Locking it admits the questions to that registry one at a time.
registry_budgets = table(
    "registry_budgets",
    sa.Column("registry", sa.Text, primary_key=True),
    sa.Column("minute", sa.DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
    sa.Column("asked_in_minute", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("day", sa.DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
    sa.Column("asked_in_day", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("paused_until", sa.DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
)

# The part of it that one account has used.
registry_shares = table(
    "registry_shares",
    col.text("registry"),
    sa.Column("account_id", sa.Uuid, nullable=False),
    col.timestamptz("minute"),
    sa.Column("asked_in_minute", sa.Integer, nullable=False),
    col.timestamptz("day"),
    sa.Column("asked_in_day", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("registry", "account_id"),
)

# Connections in use. The row of a worker that died counts until it expires.
registry_leases = table(
    "registry_leases",
    sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
    col.text("registry"),
    sa.Column("account_id", sa.Uuid, nullable=False),
    col.timestamptz("expires_at"),
    sa.Index(None, "registry"),
)

# `objects` is JSON: the objects as they were read.
registry_answers = table(
    "registry_answers",
    col.text("registry"),
    col.text("lookup"),
    sa.Column("prefix", pg.CIDR, nullable=False),
    col.text("asked"),
    col.text("asked_of"),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column("objects", sa.LargeBinary, nullable=False),
    col.timestamptz("answered_at"),
    col.timestamptz("kept_until"),
    sa.PrimaryKeyConstraint("registry", "lookup", "prefix"),
    col.check(
        "lookup",
        "lookup in ('exact_routes', 'more_specific_routes', 'smallest_holder', 'aut_num', "
        "'covering_routes')",
    ),
    sa.Index(None, "kept_until"),
    prefixes=["UNLOGGED"],
)

# What each perspective last said; and what it said of things about which not all of them agree.
places_asked = table(
    "places_asked",
    sa.Column("place", sa.Text, primary_key=True),
    col.text("region"),
    col.timestamptz("asked_at"),
    col.timestamptz("answered_at", nullable=True),
    col.timestamptz("silent_since", nullable=True),
    col.text("said"),
    col.text("fault"),
    col.check("either", "answered_at IS NOT NULL OR silent_since IS NOT NULL"),
)
place_sightings = table(
    "place_sightings",
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("about", sa.Uuid, primary_key=True),  # a claim, or an account's AS number
    sa.Column("what", sa.Text, primary_key=True),
    col.text("region"),
    col.text("subject"),
    col.text("ended"),
    col.text("seen"),
    col.timestamptz("at"),
    col.timestamptz("since"),
    col.one_of("ended", End),
    sa.Index("ix_place_sightings_about", "about", "what"),
    sa.Index("ix_place_sightings_at", "at"),
)
