"""Accounts, their credentials and permits, and the operators' history."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    true,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY

from byoip.domain.accounts.credential import Scope
from byoip.store.columns import jsonb, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

_ALL_SCOPES = ", ".join(f"'{scope}'" for scope in Scope)

accounts = Table(
    "accounts",
    metadata,
    uuid_pk(),
    text("name"),
    Column("prefix_quota", Integer, nullable=False),
    timestamptz("created_at"),
    Column("version", Integer, nullable=False, server_default="1"),
    CheckConstraint("prefix_quota >= 0", name="prefix_quota"),
)

credentials = Table(
    "credentials",
    metadata,
    uuid_pk(),
    reference("account_id", "accounts.id", nullable=True),  # null: an operator's
    text("name"),
    Column("token_sha256", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    timestamptz("created_at"),
    timestamptz("expires_at", nullable=True),
    timestamptz("revoked_at", nullable=True),
    timestamptz("last_used_at", nullable=True),
    UniqueConstraint("token_sha256"),
    CheckConstraint("octet_length(token_sha256) = 32", name="token_sha256"),
    CheckConstraint(f"scopes <@ ARRAY[{_ALL_SCOPES}]::text[]", name="scopes"),
    Index(None, "account_id"),
)

# Permits that all processes share; `spent_until` runs ahead of the clock as they are spent.
allowances = Table(
    "allowances",
    metadata,
    Column("what", Text, primary_key=True),
    Column("who", Uuid, primary_key=True),
    timestamptz("spent_until"),
)

# How many permits of a credential or account (`who`; ids are random) all API processes have leased
# together. Unlogged: a crash of the database forgets the counts of five minutes.
rate_windows = Table(
    "rate_windows",
    metadata,
    Column("who", Uuid, primary_key=True),
    timestamptz("began_at"),
    Column("used", Integer, nullable=False),
    prefixes=["UNLOGGED"],
)

# What is not about one prefix; those events stand in the prefix's own history.
operator_events = Table(
    "operator_events",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    text("kind"),
    text("actor"),
    text("request_id"),
    text("reason"),
    timestamptz("at"),
    jsonb("before"),
    jsonb("after"),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("reason <> ''", name="reason"),
)

# Updated last in a transaction: a number is given only when all lower ones are committed.
operator_event_counter = Table(
    "operator_event_counter",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=true()),
    Column("last", BigInteger, nullable=False),
    CheckConstraint("singleton", name="one_row"),
)

# What an account has, written by triggers as transactions commit (migration 0013).
account_counters = Table(
    "account_counters",
    metadata,
    Column("account_id", Uuid, ForeignKey("accounts.id", ondelete="RESTRICT"), primary_key=True),
    Column("live_prefixes", Integer, nullable=False, server_default=sql("0")),
    Column("open_runs", Integer, nullable=False, server_default=sql("0")),
)
