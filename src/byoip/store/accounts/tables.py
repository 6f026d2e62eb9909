"""Accounts, their credentials and permits, and the operators' history."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.accounts.credential import Scope
from byoip.store.columns import jsonb, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

_ALL_SCOPES = ", ".join(f"'{scope}'" for scope in Scope)

accounts = sa.Table(
    "accounts",
    metadata,
    uuid_pk(),
    text("name"),
    sa.Column("prefix_quota", sa.Integer, nullable=False),
    timestamptz("created_at"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.CheckConstraint("prefix_quota >= 0", name="prefix_quota"),
)

credentials = sa.Table(
    "credentials",
    metadata,
    uuid_pk(),
    reference("account_id", "accounts.id", nullable=True),  # null: an operator's
    text("name"),
    sa.Column("token_sha256", sa.LargeBinary, nullable=False),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    timestamptz("created_at"),
    timestamptz("expires_at", nullable=True),
    timestamptz("revoked_at", nullable=True),
    timestamptz("last_used_at", nullable=True),
    sa.UniqueConstraint("token_sha256"),
    sa.CheckConstraint("octet_length(token_sha256) = 32", name="token_sha256"),
    sa.CheckConstraint(f"scopes <@ ARRAY[{_ALL_SCOPES}]::text[]", name="scopes"),
    sa.Index(None, "account_id"),
)

# Permits that all processes share; `spent_until` runs ahead of the clock as they are spent.
allowances = sa.Table(
    "allowances",
    metadata,
    sa.Column("what", sa.Text, primary_key=True),
    sa.Column("who", sa.Uuid, primary_key=True),
    timestamptz("spent_until"),
)

# How many permits of a credential or account (`who`; ids are random) all API processes have leased
# together. Unlogged: a crash of the database forgets the counts of five minutes.
rate_windows = sa.Table(
    "rate_windows",
    metadata,
    sa.Column("who", sa.Uuid, primary_key=True),
    timestamptz("began_at"),
    sa.Column("used", sa.Integer, nullable=False),
    prefixes=["UNLOGGED"],
)

# What is not about one prefix; those events stand in the prefix's own history.
operator_events = sa.Table(
    "operator_events",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    text("kind"),
    text("actor"),
    text("request_id"),
    text("reason"),
    timestamptz("at"),
    jsonb("before"),
    jsonb("after"),
    sa.CheckConstraint("number >= 1", name="number"),
    sa.CheckConstraint("reason <> ''", name="reason"),
)

# Updated last in a transaction: a number is given only when all lower ones are committed.
operator_event_counter = sa.Table(
    "operator_event_counter",
    metadata,
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.CheckConstraint("singleton", name="one_row"),
)
