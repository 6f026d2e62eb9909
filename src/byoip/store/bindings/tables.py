"""Services, bindings, edges, and the numbered changes that edges carry out."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.bindings.edge import ChangeKind
from byoip.domain.bindings.service_binding import Provisioning
from byoip.store import columns as col
from byoip.store.columns import table

services = table(
    "services",
    col.uuid_pk(),
    col.text("name"),
    sa.Column("default_only", sa.Boolean, nullable=False),
    col.timestamptz("created_at"),
    col.timestamptz("removed_at", nullable=True),
    col.live("removed_at IS NULL"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    # What live bindings refer to: a service cannot be retired from under them.
    sa.UniqueConstraint("id", "live", name="uq_services_live"),
    sa.Index("uq_services_live_name", "name", unique=True, postgresql_where="live"),
)

bindings = table(
    "bindings",
    col.uuid_pk(),
    sa.Column("prefix_id", sa.Uuid, nullable=False),
    sa.Column("prefix_cidr", pg.CIDR, nullable=False),
    sa.Column("cidr", pg.CIDR, nullable=False),
    col.reference("service_id", "services.id"),
    col.text("state"),
    # Its newest change in the feed for edges, and the one that a majority has acknowledged.
    # While they differ, another service may answer, or that of a removed binding; null: none.
    sa.Column("change", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("settled", sa.BigInteger, nullable=False, server_default="0"),
    col.reference("answering_service_id", "services.id", nullable=True),
    col.timestamptz("created_at"),
    col.timestamptz("removed_at", nullable=True),
    col.computed("is_default", sa.Boolean, "cidr = prefix_cidr"),
    col.live("removed_at IS NULL"),
    col.true_or_null("live_prefix", "removed_at IS NULL"),
    col.of_live_prefix("fk_bindings_live_prefix"),
    sa.ForeignKeyConstraint(
        ["service_id", "live_prefix"],
        ["services.id", "services.live"],
        name="fk_bindings_live_service",
    ),
    # The service that still answers cannot be retired before another does.
    col.true_or_null("answers", "answering_service_id IS NOT NULL"),
    sa.ForeignKeyConstraint(
        ["answering_service_id", "answers"],
        ["services.id", "services.live"],
        name="fk_bindings_answering_service",
    ),
    col.check("settled", "settled BETWEEN 0 AND change"),
    col.check(
        "active_answers",
        "state <> 'active' OR removed_at IS NOT NULL "
        "OR answering_service_id IS NOT DISTINCT FROM service_id",
    ),
    col.check("inside_prefix", "cidr <<= prefix_cidr"),
    col.one_of("state", Provisioning),
    # An advertised route refers to this with two columns that are always true: its binding then
    # spans the prefix, lives, and cannot be removed from under it.
    sa.UniqueConstraint("id", "prefix_id", "is_default", "live", name="uq_bindings_live_default"),
    # No two claims answer for one address: a claim whose approval was revoked keeps what it bound,
    # and a claim approved after it has to wait.
    col.no_overlap("ex_bindings_default_overlap", "prefix_cidr", where="live AND is_default"),
    sa.Index("uq_bindings_live_cidr", "prefix_id", "cidr", unique=True, postgresql_where="live"),
    sa.Index("ix_bindings_page", "prefix_id", "created_at", "id", postgresql_where="live"),
    sa.Index("ix_bindings_service_id", "service_id"),
    sa.Index("ix_bindings_answering_service_id", "answering_service_id"),
    sa.Index("ix_bindings_unsettled", "prefix_id", postgresql_where="settled < change"),
)

edges = table(
    "edges",
    col.uuid_pk(),
    col.text("name"),
    sa.Column("acknowledged", sa.BigInteger, nullable=False),
    sa.Column("joins_at", sa.BigInteger),  # null: has never called
    sa.Column("counts", sa.Boolean, nullable=False),
    sa.Column("drained", sa.Boolean, nullable=False),
    sa.Column("feed", sa.Uuid),  # of which `acknowledged` is a number
    col.timestamptz("registered_at"),
    col.timestamptz("heard_at", nullable=True),
    col.timestamptz("removed_at", nullable=True),
    col.live("removed_at IS NULL"),
    col.check("acknowledged", "acknowledged >= 0"),
    col.check("heard", "(joins_at IS NULL) = (heard_at IS NULL)"),
    col.check("counts", "NOT counts OR joins_at IS NOT NULL"),
    col.check("has_full_state", "NOT counts OR acknowledged >= joins_at"),
    sa.Index("uq_edges_live_name", "name", unique=True, postgresql_where="live"),
    sa.Index("ix_edges_name", "name"),
)

# The feed: append-only, so that an edge can read it again from any number.
edge_changes = table(
    "edge_changes",
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    col.timestamptz("at"),
    col.text("kind"),
    col.reference("prefix_id", "prefixes.id"),
    sa.Column("prefix_cidr", pg.CIDR, nullable=False),
    sa.Column("cidr", pg.CIDR, nullable=False),
    col.reference("binding_id", "bindings.id"),
    col.reference("service_id", "services.id", nullable=True),
    col.reference("previous_service_id", "services.id", nullable=True),
    col.reference("answering_service_id", "services.id", nullable=True),
    sa.Column("answering_cidr", pg.CIDR),
    col.one_of("kind", ChangeKind),
    col.check("number", "number >= 1"),
    col.check("service", "(kind = 'unbound') = (service_id IS NULL)"),
    col.check("previous_service", "(kind = 'bound') = (previous_service_id IS NULL)"),
    col.check(
        "answering_itself",
        "kind = 'unbound' OR (answering_service_id IS NOT DISTINCT FROM service_id "
        "AND answering_cidr IS NOT DISTINCT FROM cidr)",
    ),
    col.check("answering", "num_nulls(answering_service_id, answering_cidr) IN (0, 2)"),
    sa.Index("ix_edge_changes_binding", "binding_id", "number"),
    sa.Index("ix_edge_changes_service", "service_id", "number"),
    sa.Index("ix_edge_changes_previous_service", "previous_service_id", "number"),
)

# Updated last in a transaction: a number is given only when all lower ones are committed.
edge_change_counter = table(
    "edge_change_counter",
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("feed", sa.Uuid, nullable=False, server_default=sa.func.gen_random_uuid()),
    col.check("one_row", "singleton"),
)
