"""Edges, and the numbered changes that they carry out."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Table,
    Uuid,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import CIDR

from byoip.domain.bindings.edge import ChangeKind
from byoip.store.columns import live, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

edges = Table(
    "edges",
    metadata,
    uuid_pk(),
    text("name"),
    Column("acknowledged", BigInteger, nullable=False),
    Column("joins_at", BigInteger),  # null: never heard
    Column("counts", Boolean, nullable=False),
    Column("drained", Boolean, nullable=False),
    Column("feed", Uuid),  # of which it has acknowledged
    timestamptz("registered_at"),
    timestamptz("heard_at", nullable=True),
    timestamptz("removed_at", nullable=True),
    live("removed_at IS NULL"),
    CheckConstraint("acknowledged >= 0", name="acknowledged"),
    CheckConstraint("(joins_at IS NULL) = (heard_at IS NULL)", name="heard"),
    CheckConstraint("NOT counts OR joins_at IS NOT NULL", name="counts"),
    CheckConstraint("NOT counts OR acknowledged >= joins_at", name="has_full_state"),
    Index("uq_edges_live_name", "name", unique=True, postgresql_where="live"),
    Index("ix_edges_name", "name"),
)

# The feed. Only ever added to, so that it can be replayed from any number.
edge_changes = Table(
    "edge_changes",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    timestamptz("at"),
    text("kind"),
    reference("prefix_id", "prefixes.id"),
    Column("prefix_cidr", CIDR, nullable=False),
    Column("cidr", CIDR, nullable=False),
    reference("binding_id", "bindings.id"),
    reference("service_id", "services.id", nullable=True),
    reference("previous_service_id", "services.id", nullable=True),
    reference("answering_service_id", "services.id", nullable=True),
    Column("answering_cidr", CIDR),
    one_of("kind", ChangeKind),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("(kind = 'unbound') = (service_id IS NULL)", name="service"),
    CheckConstraint("(kind = 'bound') = (previous_service_id IS NULL)", name="previous_service"),
    CheckConstraint(
        "kind = 'unbound' OR (answering_service_id IS NOT DISTINCT FROM service_id "
        "AND answering_cidr IS NOT DISTINCT FROM cidr)",
        name="answering_itself",
    ),
    CheckConstraint("num_nulls(answering_service_id, answering_cidr) IN (0, 2)", name="answering"),
    Index("ix_edge_changes_binding", "binding_id", "number"),
    Index("ix_edge_changes_service", "service_id", "number"),
    Index("ix_edge_changes_previous_service", "previous_service_id", "number"),
)

# Updated last in a transaction: a number is given only when all lower ones are committed.
edge_change_counter = Table(
    "edge_change_counter",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=true()),
    Column("last", BigInteger, nullable=False),
    Column("feed", Uuid, nullable=False, server_default=func.gen_random_uuid()),
    CheckConstraint("singleton", name="one_row"),
)
