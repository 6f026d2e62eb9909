"""Services, bindings, edges, and the numbered changes that edges carry out."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    Uuid,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import CIDR, ExcludeConstraint

from byoip.domain.bindings.edge import ChangeKind
from byoip.domain.bindings.service_binding import Provisioning
from byoip.store.columns import live, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

services = Table(
    "services",
    metadata,
    uuid_pk(),
    text("name"),
    Column("default_only", Boolean, nullable=False),
    timestamptz("created_at"),
    timestamptz("removed_at", nullable=True),
    live("removed_at IS NULL"),
    Column("version", Integer, nullable=False, server_default="1"),
    # What live bindings refer to: a service cannot be retired from under them.
    UniqueConstraint("id", "live", name="uq_services_live"),
    Index("uq_services_live_name", "name", unique=True, postgresql_where="live"),
)

bindings = Table(
    "bindings",
    metadata,
    uuid_pk(),
    Column("prefix_id", Uuid, nullable=False),
    Column("prefix_cidr", CIDR, nullable=False),
    Column("cidr", CIDR, nullable=False),
    reference("service_id", "services.id"),
    text("state"),
    # Its newest change in the feed for edges, and the one that a majority has acknowledged.
    # While they differ, another service may answer, or that of a removed binding; null: none.
    Column("change", BigInteger, nullable=False, server_default="0"),
    Column("settled", BigInteger, nullable=False, server_default="0"),
    reference("answering_service_id", "services.id", nullable=True),
    timestamptz("created_at"),
    timestamptz("removed_at", nullable=True),
    Column("is_default", Boolean, Computed("cidr = prefix_cidr", persisted=True), nullable=False),
    live("removed_at IS NULL"),
    # True while it lives, else null, which a foreign key does not follow: a claim cannot be
    # closed from under its bindings.
    Column(
        "live_prefix",
        Boolean,
        Computed("nullif(removed_at IS NULL, false)", persisted=True),
    ),
    ForeignKeyConstraint(
        ["prefix_id", "prefix_cidr", "live_prefix"],
        ["prefixes.id", "prefixes.cidr", "prefixes.live"],
        name="fk_bindings_live_prefix",
    ),
    ForeignKeyConstraint(
        ["service_id", "live_prefix"],
        ["services.id", "services.live"],
        name="fk_bindings_live_service",
    ),
    # The service that still answers cannot be retired before another does.
    Column(
        "answers",
        Boolean,
        Computed("nullif(answering_service_id IS NOT NULL, false)", persisted=True),
    ),
    ForeignKeyConstraint(
        ["answering_service_id", "answers"],
        ["services.id", "services.live"],
        name="fk_bindings_answering_service",
    ),
    CheckConstraint("settled BETWEEN 0 AND change", name="settled"),
    CheckConstraint(
        "state <> 'active' OR removed_at IS NOT NULL "
        "OR answering_service_id IS NOT DISTINCT FROM service_id",
        name="active_answers",
    ),
    CheckConstraint("cidr <<= prefix_cidr", name="inside_prefix"),
    one_of("state", Provisioning),
    # An advertised route refers to this with two columns that are always true: its binding then
    # spans the prefix, lives, and cannot be removed from under it.
    UniqueConstraint("id", "prefix_id", "is_default", "live", name="uq_bindings_live_default"),
    # No two claims answer for one address: a claim whose approval was revoked keeps what it bound,
    # and a claim approved after it has to wait.
    ExcludeConstraint(
        ("prefix_cidr", "&&"),
        name="ex_bindings_default_overlap",
        using="gist",
        ops={"prefix_cidr": "inet_ops"},
        where="live AND is_default",
    ),
    Index("uq_bindings_live_cidr", "prefix_id", "cidr", unique=True, postgresql_where="live"),
    Index("ix_bindings_page", "prefix_id", "created_at", "id", postgresql_where="live"),
    Index("ix_bindings_service_id", "service_id"),
    Index("ix_bindings_answering_service_id", "answering_service_id"),
    Index("ix_bindings_unsettled", "prefix_id", postgresql_where="settled < change"),
)

edges = Table(
    "edges",
    metadata,
    uuid_pk(),
    text("name"),
    Column("acknowledged", BigInteger, nullable=False),
    Column("joins_at", BigInteger),  # null: has never called
    Column("counts", Boolean, nullable=False),
    Column("drained", Boolean, nullable=False),
    Column("feed", Uuid),  # of which `acknowledged` is a number
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

# The feed: append-only, so that an edge can read it again from any number.
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
