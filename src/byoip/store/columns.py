"""What tables are made of: their metadata, and the kinds of column and constraint."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.schema import SchemaItem

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def table(name: str, *parts: SchemaItem, **options: Any) -> sa.Table:
    """A table of this database; options are SQLAlchemy's."""
    return sa.Table(name, metadata, *parts, **options)


def uuid_pk() -> sa.Column[Any]:
    """A random id, given by the domain."""
    return sa.Column("id", sa.Uuid, primary_key=True)


def reference(
    name: str, target: str, *, nullable: bool = False, key: bool = False
) -> sa.Column[Any]:
    """A foreign key, perhaps the primary key too; nothing it points to is ever deleted."""
    foreign = sa.ForeignKey(target, ondelete="RESTRICT")
    return sa.Column(name, sa.Uuid, foreign, nullable=nullable, primary_key=key)


def text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Text without a length: lengths are refused where text is parsed."""
    return sa.Column(name, sa.Text, nullable=nullable)


def timestamptz(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """A point in time."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def jsonb(name: str) -> sa.Column[Any]:
    """JSON that only this program reads and writes."""
    return sa.Column(name, pg.JSONB, nullable=False)


def computed(name: str, type_: Any, value: str, *, nullable: bool = False) -> sa.Column[Any]:
    """What follows from other columns, and so cannot contradict them."""
    return sa.Column(name, type_, sa.Computed(value, persisted=True), nullable=nullable)


def live(while_: str) -> sa.Column[Any]:
    """Whether the row still counts."""
    return computed("live", sa.Boolean, while_)


def true_or_null(name: str, while_: str) -> sa.Column[Any]:
    """True while the condition holds, else null, which a foreign key does not follow."""
    return computed(name, sa.Boolean, f"nullif({while_}, false)", nullable=True)


def of_live_prefix(name: str) -> sa.ForeignKeyConstraint:
    """While `live_prefix` is true, the row's claim lives: it is not closed from under the row."""
    own = ["prefix_id", "prefix_cidr", "live_prefix"]
    return sa.ForeignKeyConstraint(own, ["prefixes.id", "prefixes.cidr", "prefixes.live"], name)


def check(name: str, condition: str) -> sa.CheckConstraint:
    """A condition on each row; it holds, too, where its value is null."""
    return sa.CheckConstraint(condition, name=name)


def one_of(column: str, values: type[StrEnum] | Iterable[str]) -> sa.CheckConstraint:
    """The values a column may have, from the domain's own enumeration."""
    listed = ", ".join(f"'{value}'" for value in values)
    return check(column, f"{column} IN ({listed})")


def no_overlap(
    name: str, cidr: str, *, where: str, within: str | None = None
) -> pg.ExcludeConstraint:
    """No two rows of which `where` holds share an address, or none of one value of `within`.

    A uuid in a gist index needs btree_gist.
    """
    same = [] if within is None else [(within, "=")]
    ops = {cidr: "inet_ops"}
    return pg.ExcludeConstraint(*same, (cidr, "&&"), name=name, using="gist", ops=ops, where=where)


def constant(value: StrEnum) -> sa.ColumnElement[str]:
    """A value written into the statement, as partial indexes need it.

    Once a statement is prepared, Postgres plans it without knowing its parameters: it could then
    neither use such an index nor find it for ON CONFLICT.
    """
    return sa.literal_column(f"'{value}'", sa.Text)
