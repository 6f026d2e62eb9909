"""Webhooks, and what came of the last attempts to send to them."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.hooks.message import About
from byoip.domain.hooks.webhook import DisabledBy, WebhookState
from byoip.store import columns as col
from byoip.store.columns import table

# `live` says which still count; the last hundred of an account that do not stay for a month. No
# secret is kept: see `adapters/hooks/signing.py`.
webhooks = table(
    "webhooks",
    col.uuid_pk(),
    col.reference("account_id", "accounts.id"),
    col.text("url"),
    col.text("description"),
    sa.Column("kinds", pg.ARRAY(sa.Text), nullable=False),
    col.text("state"),
    col.text("because", nullable=True),
    col.text("key_id"),
    sa.Column("generation", sa.Integer, nullable=False),
    col.timestamptz("former_until", nullable=True),
    col.text("public_key"),
    col.text("created_by"),
    sa.Column("epoch", sa.Uuid, nullable=False),
    sa.Column("cursor", sa.BigInteger, nullable=False),
    sa.Column("delivered", sa.BigInteger, nullable=False),
    sa.Column("test_asked", sa.Boolean, nullable=False),
    sa.Column("again", pg.ARRAY(sa.BigInteger), nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    col.timestamptz("failing_since", nullable=True),
    col.timestamptz("next_at"),
    sa.Column("sent", sa.BigInteger, nullable=False),
    col.timestamptz("created_at"),
    col.timestamptz("modified_at"),
    col.timestamptz("ended_at", nullable=True),
    # Which worker sends to it, until when it may, by the database's clock.
    sa.Column("holder", sa.Uuid),
    col.timestamptz("held_until", nullable=True),
    col.live("ended_at IS NULL"),
    sa.Index("ix_webhooks_page", "account_id", "created_at", "id", postgresql_where="live"),
    sa.Index("ix_webhooks_all", "created_at", "id", postgresql_where="live"),
    sa.Index(
        "ix_webhooks_serving",
        "next_at",
        postgresql_where="live AND (state <> 'disabled')",
    ),
    col.one_of("state", WebhookState),
    col.one_of("because", DisabledBy),
    col.check("disabled", "(state = 'disabled') = (because IS NOT NULL)"),
    col.check("cursor", "0 <= delivered AND delivered <= cursor"),
    col.check("generation", "generation >= 1"),
    col.check("failing", "(failures = 0) = (failing_since IS NULL)"),
    col.check("held", "(holder IS NULL) = (held_until IS NULL)"),
)

# The last hundred attempts of each, for a month at most.
webhook_deliveries = table(
    "webhook_deliveries",
    col.reference("webhook_id", "webhooks.id", key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    col.text("about"),
    sa.Column("event_number", sa.BigInteger, nullable=False),
    col.text("message_id"),
    col.timestamptz("at"),
    sa.Column("status", sa.Integer),
    sa.Column("seconds", sa.Float, nullable=False),
    col.text("said"),
    sa.Index("ix_webhook_deliveries_at", "at"),
    col.one_of("about", About),
)
