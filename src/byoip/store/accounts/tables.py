"""Accounts, their credentials and permits, and the operators' history."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.accounts.credential import Scope
from byoip.domain.accounts.people import Role
from byoip.store import columns as col
from byoip.store.columns import table

_ALL_SCOPES = ", ".join(f"'{scope}'" for scope in Scope)

accounts = table(
    "accounts",
    col.uuid_pk(),
    col.text("name"),
    sa.Column("prefix_quota", sa.Integer, nullable=False),
    col.timestamptz("created_at"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    col.check("prefix_quota", "prefix_quota >= 0"),
)

credentials = table(
    "credentials",
    col.uuid_pk(),
    col.reference("account_id", "accounts.id", nullable=True),  # null: an operator's
    col.text("name"),
    sa.Column("token_sha256", sa.LargeBinary, nullable=False),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    col.timestamptz("created_at"),
    col.timestamptz("expires_at", nullable=True),
    col.timestamptz("revoked_at", nullable=True),
    col.timestamptz("last_used_at", nullable=True),
    col.reference("person_id", "credentials.id", nullable=True),  # whose own token it is
    col.timestamptz("told_expiring_at", nullable=True),
    sa.UniqueConstraint("token_sha256"),
    col.check("token_sha256", "octet_length(token_sha256) = 32"),
    col.check("scopes", f"scopes <@ ARRAY[{_ALL_SCOPES}]::text[]"),
    sa.Index(None, "account_id"),
    sa.Index(None, "person_id", postgresql_where="person_id IS NOT NULL"),
    sa.Index(
        "ix_credentials_expiring",
        "expires_at",
        postgresql_where="(revoked_at IS NULL) AND (account_id IS NOT NULL)",
    ),
)

# Permits that all processes share; `spent_until` runs ahead of the clock as they are spent.
allowances = table(
    "allowances",
    sa.Column("what", sa.Text, primary_key=True),
    sa.Column("who", sa.Uuid, primary_key=True),
    col.timestamptz("spent_until"),
)

# How many permits of a credential or account (`who`; ids are random) all API processes have leased
# together. Unlogged: a crash of the database forgets the counts of five minutes.
rate_windows = table(
    "rate_windows",
    sa.Column("who", sa.Uuid, primary_key=True),
    col.timestamptz("began_at"),
    sa.Column("used", sa.Integer, nullable=False),
    prefixes=["UNLOGGED"],
)

# What is not about one prefix; those events stand in the prefix's own history.
operator_events = table(
    "operator_events",
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    col.text("kind"),
    col.text("actor"),
    col.text("request_id"),
    col.text("reason"),
    col.timestamptz("at"),
    col.jsonb("before"),
    col.jsonb("after"),
    sa.Column("hash", sa.LargeBinary, nullable=False),  # by a trigger (migration 0046)
    col.check("number", "number >= 1"),
    col.check("reason", "reason <> ''"),
    # What operators were told of an account's webhooks.
    sa.Index(
        "ix_operator_events_webhooks",
        sa.text("(after ->> 'account_id'::text)"),
        "at",
        postgresql_where="kind = 'webhook.disabled'",
    ),
)

# Updated last in a transaction: a number is given only when all lower ones are committed.
operator_event_counter = table(
    "operator_event_counter",
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("last", sa.BigInteger, nullable=False),
    col.check("one_row", "singleton"),
)

# What an account has, written by triggers as transactions commit (migration 0013).
account_counters = table(
    "account_counters",
    col.reference("account_id", "accounts.id", key=True),
    sa.Column("live_prefixes", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("open_runs", sa.Integer, nullable=False, server_default=sa.text("0")),
)

# Who signs in on pages. A person acts by a credential, whose token nobody has.
people = table(
    "people",
    col.reference("id", "credentials.id", key=True),
    col.text("role"),
    col.one_of("role", Role),
)

# One-time ways in: used once, for an hour. Of the token only a hash is kept, as of a session's.
sign_in_links = table(
    "sign_in_links",
    col.uuid_pk(),
    col.reference("person_id", "people.id"),
    sa.Column("token_sha256", sa.LargeBinary, nullable=False),
    col.timestamptz("created_at"),
    col.timestamptz("expires_at"),
    col.timestamptz("used_at", nullable=True),
    sa.UniqueConstraint("token_sha256"),
    col.check("token_sha256", "octet_length(token_sha256) = 32"),
    sa.Index(None, "person_id"),
    sa.Index(None, "expires_at"),
)

browser_sessions = table(
    "browser_sessions",
    col.uuid_pk(),
    col.reference("person_id", "people.id"),
    sa.Column("token_sha256", sa.LargeBinary, nullable=False),
    col.timestamptz("created_at"),
    col.timestamptz("last_seen_at"),
    col.timestamptz("expires_at"),
    col.timestamptz("ended_at", nullable=True),
    col.text("agent"),
    col.text("address"),
    col.text("provider_sid", nullable=True),  # the session at the identity provider
    col.timestamptz("checked_at", nullable=True),  # there; null: signed in by a link
    sa.UniqueConstraint("token_sha256"),
    col.check("token_sha256", "octet_length(token_sha256) = 32"),
    sa.Index(None, "person_id"),
    sa.Index(None, "expires_at"),
)

# Whom an identity provider knows as whom. One who was removed here stays, and so is barred, until
# somebody lets them in again.
identities = table(
    "identities",
    col.reference("person_id", "people.id", key=True),
    col.text("issuer"),
    col.text("subject"),
    col.text("granted", nullable=True),  # by the groups of the last time; null: no place here
    col.text("most", nullable=True),  # what was left here; null: nothing was taken
    col.timestamptz("ended_at", nullable=True),
    col.live("ended_at IS NULL"),
    col.one_of("granted", Role),
    col.one_of("most", Role),
    sa.Index("uq_identities_live", "issuer", "subject", unique=True, postgresql_where="live"),
)

# Of logout tokens that came: one counts once, as long as it is fresh.
logout_tokens = table(
    "logout_tokens",
    sa.Column("token_sha256", sa.LargeBinary, primary_key=True),
    col.timestamptz("expires_at"),
    col.check("token_sha256", "octet_length(token_sha256) = 32"),
    sa.Index(None, "expires_at"),
)
