"""Services, bindings, edges, and the numbered changes that edges carry out."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.bindings.edge import ChangeKind
from byoip.domain.bindings.service_binding import Provisioning
from byoip.store.columns import live, one_of, reference, text, timestamptz, uuid_pk
from byoip.store.metadata import metadata

services = sa.Table(
    "services",
    metadata,
    uuid_pk(),
    text("name"),
    sa.Column("default_only", sa.Boolean, nullable=False),
    timestamptz("created_at"),
    timestamptz("removed_at", nullable=True),
    live("removed_at IS NULL"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    # What live bindings refer to: a service cannot be retired from under them.
    sa.UniqueConstraint("id", "live", name="uq_services_live"),
    sa.Index("uq_services_live_name", "name", unique=True, postgresql_where="live"),
)

bindings = sa.Table(
    "bindings",
    metadata,
    uuid_pk(),
    sa.Column("prefix_id", sa.Uuid, nullable=False),
    sa.Column("prefix_cidr", pg.CIDR, nullable=False),
    sa.Column("cidr", pg.CIDR, nullable=False),
    reference("service_id", "services.id"),
    text("state"),
    # Its newest change in the feed for edges, and the one that a majority has acknowledged.
    # While they differ, another service may answer, or that of a removed binding; null: none.
    sa.Column("change", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("settled", sa.BigInteger, nullable=False, server_default="0"),
    reference("answering_service_id", "services.id", nullable=True),
    timestamptz("created_at"),
    timestamptz("removed_at", nullable=True),
    sa.Column(
        "is_default", sa.Boolean, sa.Computed("cidr = prefix_cidr", persisted=True), nullable=False
    ),
    live("removed_at IS NULL"),
    # True while it lives, else null, which a foreign key does not follow: a claim cannot be
    # closed from under its bindings.
    sa.Column(
        "live_prefix",
        sa.Boolean,
        sa.Computed("nullif(removed_at IS NULL, false)", persisted=True),
    ),
    sa.ForeignKeyConstraint(
        ["prefix_id", "prefix_cidr", "live_prefix"],
        ["prefixes.id", "prefixes.cidr", "prefixes.live"],
        name="fk_bindings_live_prefix",
    ),
    sa.ForeignKeyConstraint(
        ["service_id", "live_prefix"],
        ["services.id", "services.live"],
        name="fk_bindings_live_service",
    ),
    # The service that still answers cannot be retired before another does.
    sa.Column(
        "answers",
        sa.Boolean,
        sa.Computed("nullif(answering_service_id IS NOT NULL, false)", persisted=True),
    ),
    sa.ForeignKeyConstraint(
        ["answering_service_id", "answers"],
        ["services.id", "services.live"],
        name="fk_bindings_answering_service",
    ),
    sa.CheckConstraint("settled BETWEEN 0 AND change", name="settled"),
    sa.CheckConstraint(
        "state <> 'active' OR removed_at IS NOT NULL "
        "OR answering_service_id IS NOT DISTINCT FROM service_id",
        name="active_answers",
    ),
    sa.CheckConstraint("cidr <<= prefix_cidr", name="inside_prefix"),
    one_of("state", Provisioning),
    # An advertised route refers to this with two columns that are always true: its binding then
    # spans the prefix, lives, and cannot be removed from under it.
    sa.UniqueConstraint("id", "prefix_id", "is_default", "live", name="uq_bindings_live_default"),
    # No two claims answer for one address: a claim whose approval was revoked keeps what it bound,
    # and a claim approved after it has to wait.
    pg.ExcludeConstraint(
        ("prefix_cidr", "&&"),
        name="ex_bindings_default_overlap",
        using="gist",
        ops={"prefix_cidr": "inet_ops"},
        where="live AND is_default",
    ),
    sa.Index("uq_bindings_live_cidr", "prefix_id", "cidr", unique=True, postgresql_where="live"),
    sa.Index("ix_bindings_page", "prefix_id", "created_at", "id", postgresql_where="live"),
    sa.Index("ix_bindings_service_id", "service_id"),
    sa.Index("ix_bindings_answering_service_id", "answering_service_id"),
    sa.Index("ix_bindings_unsettled", "prefix_id", postgresql_where="settled < change"),
)

edges = sa.Table(
    "edges",
    metadata,
    uuid_pk(),
    text("name"),
    sa.Column("acknowledged", sa.BigInteger, nullable=False),
    sa.Column("joins_at", sa.BigInteger),  # null: has never called
    sa.Column("counts", sa.Boolean, nullable=False),
    sa.Column("drained", sa.Boolean, nullable=False),
    sa.Column("feed", sa.Uuid),  # of which `acknowledged` is a number
    timestamptz("registered_at"),
    timestamptz("heard_at", nullable=True),
    timestamptz("removed_at", nullable=True),
    live("removed_at IS NULL"),
    sa.CheckConstraint("acknowledged >= 0", name="acknowledged"),
    sa.CheckConstraint("(joins_at IS NULL) = (heard_at IS NULL)", name="heard"),
    sa.CheckConstraint("NOT counts OR joins_at IS NOT NULL", name="counts"),
    sa.CheckConstraint("NOT counts OR acknowledged >= joins_at", name="has_full_state"),
    sa.Index("uq_edges_live_name", "name", unique=True, postgresql_where="live"),
    sa.Index("ix_edges_name", "name"),
)

# The feed: append-only, so that an edge can read it again from any number.
edge_changes = sa.Table(
    "edge_changes",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    timestamptz("at"),
    text("kind"),
    reference("prefix_id", "prefixes.id"),
    sa.Column("prefix_cidr", pg.CIDR, nullable=False),
    sa.Column("cidr", pg.CIDR, nullable=False),
    reference("binding_id", "bindings.id"),
    reference("service_id", "services.id", nullable=True),
    reference("previous_service_id", "services.id", nullable=True),
    reference("answering_service_id", "services.id", nullable=True),
    sa.Column("answering_cidr", pg.CIDR),
    one_of("kind", ChangeKind),
    sa.CheckConstraint("number >= 1", name="number"),
    sa.CheckConstraint("(kind = 'unbound') = (service_id IS NULL)", name="service"),
    sa.CheckConstraint("(kind = 'bound') = (previous_service_id IS NULL)", name="previous_service"),
    sa.CheckConstraint(
        "kind = 'unbound' OR (answering_service_id IS NOT DISTINCT FROM service_id "
        "AND answering_cidr IS NOT DISTINCT FROM cidr)",
        name="answering_itself",
    ),
    sa.CheckConstraint(
        "num_nulls(answering_service_id, answering_cidr) IN (0, 2)", name="answering"
    ),
    sa.Index("ix_edge_changes_binding", "binding_id", "number"),
    sa.Index("ix_edge_changes_service", "service_id", "number"),
    sa.Index("ix_edge_changes_previous_service", "previous_service_id", "number"),
)

# Updated last in a transaction: a number is given only when all lower ones are committed.
edge_change_counter = sa.Table(
    "edge_change_counter",
    metadata,
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("feed", sa.Uuid, nullable=False, server_default=sa.func.gen_random_uuid()),
    sa.CheckConstraint("singleton", name="one_row"),
)
