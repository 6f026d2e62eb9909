"""The kinds of column that tables are made of."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg


def uuid_pk() -> sa.Column[Any]:
    """A random id, given by the domain."""
    return sa.Column("id", sa.Uuid, primary_key=True)


def reference(name: str, target: str, *, nullable: bool = False) -> sa.Column[Any]:
    """A foreign key; nothing it points to is ever deleted."""
    return sa.Column(name, sa.Uuid, sa.ForeignKey(target, ondelete="RESTRICT"), nullable=nullable)


def text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Text without a length: lengths are refused where text is parsed."""
    return sa.Column(name, sa.Text, nullable=nullable)


def timestamptz(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """A point in time."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def jsonb(name: str) -> sa.Column[Any]:
    """JSON that only this program reads and writes."""
    return sa.Column(name, pg.JSONB, nullable=False)


def live(while_: str) -> sa.Column[Any]:
    """Whether the row still counts; computed, so that it cannot contradict its cause."""
    return sa.Column("live", sa.Boolean, sa.Computed(while_, persisted=True), nullable=False)


def one_of(column: str, values: type[StrEnum] | Iterable[str]) -> sa.CheckConstraint:
    """The values a column may have, from the domain's own enumeration."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def constant(value: StrEnum) -> sa.ColumnElement[str]:
    """A value written into the statement, as partial indexes need it.

    Once a statement is prepared, Postgres plans it without knowing its parameters: it could then
    neither use such an index nor find it for ON CONFLICT.
    """
    return sa.literal_column(f"'{value}'", sa.Text)
