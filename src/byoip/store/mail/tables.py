"""Addresses of mail, how far each has come in its account's events, and what else it is told."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.mail.addressee import MailState
from byoip.domain.mail.notice import NoticeKind
from byoip.store import columns as col
from byoip.store.columns import table

# `live` says which still count. Of a code only a hash is kept.
mail_addresses = table(
    "mail_addresses",
    col.uuid_pk(),
    col.reference("account_id", "accounts.id"),
    col.text("address"),
    sa.Column("topics", pg.ARRAY(sa.Text), nullable=False),
    col.text("state"),
    sa.Column("code_asked", sa.Boolean, nullable=False),
    col.timestamptz("code_asked_at"),
    sa.Column("code_sha256", sa.LargeBinary),
    col.timestamptz("code_until", nullable=True),
    sa.Column("epoch", sa.Uuid, nullable=False),
    sa.Column("cursor", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("held_up", sa.Boolean, nullable=False),
    col.timestamptz("next_at"),
    col.timestamptz("last_sent_at", nullable=True),
    col.text("said"),
    col.text("created_by"),
    col.timestamptz("created_at"),
    col.timestamptz("modified_at"),
    col.timestamptz("ended_at", nullable=True),
    # Which worker sends to it, and until when it may, by the database's clock.
    sa.Column("holder", sa.Uuid),
    col.timestamptz("held_until", nullable=True),
    col.live("ended_at IS NULL"),
    sa.Index(
        "uq_mail_addresses_live", "account_id", "address", unique=True, postgresql_where="live"
    ),
    sa.Index("ix_mail_addresses_page", "account_id", "created_at", "id", postgresql_where="live"),
    sa.Index(
        "ix_mail_addresses_serving", "next_at", postgresql_where="live AND (state <> 'parked')"
    ),
    col.one_of("state", MailState),
    col.check("until", "until > cursor"),
    col.check("code", "(code_sha256 IS NULL) = (code_until IS NULL)"),
    col.check("held", "(holder IS NULL) = (held_until IS NULL)"),
)

# What is told that stands in no feed; a row goes as its mail, `mailing`, was taken.
mail_notices = table(
    "mail_notices",
    col.uuid_pk(),
    col.reference("address_id", "mail_addresses.id"),
    col.text("kind"),
    sa.Column("about", sa.Uuid, nullable=False),
    col.timestamptz("at"),
    col.jsonb("after"),
    sa.Column("mailing", sa.Uuid),
    sa.Index(None, "address_id"),
    sa.Index(
        "uq_mail_notices_untold",
        *("address_id", "kind", "about"),
        unique=True,
        postgresql_where="mailing IS NULL",
    ),
    col.one_of("kind", NoticeKind),
)
