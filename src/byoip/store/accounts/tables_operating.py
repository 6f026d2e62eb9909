"""What operators decide besides prefixes, and the history of it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Table,
    true,
)
from sqlalchemy.dialects.postgresql import CIDR, ExcludeConstraint

from byoip.store.columns import jsonb, live, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

# A trigger on prefixes keeps others from approved or new claims on reserved space.
reservations = Table(
    "reservations",
    metadata,
    uuid_pk(),
    Column("cidr", CIDR, nullable=False),
    reference("account_id", "accounts.id", nullable=True),  # null: nobody may claim it
    text("reason"),
    timestamptz("created_at"),
    timestamptz("released_at", nullable=True),
    live("released_at IS NULL"),
    # The space lock shares its keys by these lengths: see transaction.py.
    CheckConstraint("masklen(cidr) >= CASE family(cidr) WHEN 4 THEN 8 ELSE 16 END", name="length"),
    ExcludeConstraint(
        ("cidr", "&&"),
        name="ex_reservations_overlap",
        using="gist",
        ops={"cidr": "inet_ops"},
        where="live",
    ),
    Index("ix_reservations_page", "created_at", "id", postgresql_where="live"),
)

registry_overrides = Table(
    "registry_overrides",
    metadata,
    uuid_pk(),
    Column("cidr", CIDR, nullable=False),
    text("registry"),
    text("reason"),
    timestamptz("created_at"),
    timestamptz("removed_at", nullable=True),
    live("removed_at IS NULL"),
    Index("uq_registry_overrides_live_cidr", "cidr", unique=True, postgresql_where="live"),
    Index("ix_registry_overrides_page", "created_at", "id", postgresql_where="live"),
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
