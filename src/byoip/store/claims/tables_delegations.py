"""What owners let other accounts use."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    Table,
    Uuid,
)
from sqlalchemy.dialects.postgresql import CIDR, ExcludeConstraint

from byoip.store.columns import live, reference, timestamptz, uuid_pk
from byoip.store.metadata import metadata

delegations = Table(
    "delegations",
    metadata,
    uuid_pk(),
    Column("prefix_id", Uuid, nullable=False),
    Column("prefix_cidr", CIDR, nullable=False),
    Column("cidr", CIDR, nullable=False),
    reference("account_id", "accounts.id"),  # who may use it
    timestamptz("created_at"),
    timestamptz("expires_at", nullable=True),
    # An expired row lives on until its end is recorded: no constraint can look at the clock.
    timestamptz("ended_at", nullable=True),
    live("ended_at IS NULL"),
    # True while it lives, else null, which a foreign key does not follow: a claim cannot be
    # closed from under its delegations.
    Column("live_prefix", Boolean, Computed("nullif(ended_at IS NULL, false)", persisted=True)),
    ForeignKeyConstraint(
        ["prefix_id", "prefix_cidr", "live_prefix"],
        ["prefixes.id", "prefixes.cidr", "prefixes.live"],
        name="fk_delegations_live_prefix",
    ),
    CheckConstraint("cidr <<= prefix_cidr", name="inside_prefix"),
    CheckConstraint("expires_at > created_at", name="expires_at"),
    # No address is delegated twice, even by two owners.
    ExcludeConstraint(
        ("cidr", "&&"),
        name="ex_delegations_overlap",
        using="gist",
        ops={"cidr": "inet_ops"},
        where="live",
    ),
    Index("ix_delegations_page", "prefix_id", "created_at", "id", postgresql_where="live"),
    Index("ix_delegations_account", "account_id", "created_at", "id", postgresql_where="live"),
    Index("ix_delegations_expiring", "expires_at", postgresql_where="live"),
)
