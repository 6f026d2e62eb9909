"""The kinds of column that tables are made of."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Computed,
    DateTime,
    ForeignKey,
    Text,
    Uuid,
    literal_column,
)
from sqlalchemy.dialects.postgresql import JSONB


def uuid_pk() -> Column[Any]:
    """A random id, given by the domain."""
    return Column("id", Uuid, primary_key=True)


def reference(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    """A foreign key; nothing it points to is ever deleted."""
    return Column(name, Uuid, ForeignKey(target, ondelete="RESTRICT"), nullable=nullable)


def text(name: str, *, nullable: bool = False) -> Column[Any]:
    """Text without a length: lengths are refused where text is parsed."""
    return Column(name, Text, nullable=nullable)


def timestamptz(name: str, *, nullable: bool = False) -> Column[Any]:
    """A point in time."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def jsonb(name: str) -> Column[Any]:
    """JSON that only this program reads and writes."""
    return Column(name, JSONB, nullable=False)


def live(while_: str) -> Column[Any]:
    """Whether the row still counts; computed, so that it cannot contradict its cause."""
    return Column("live", Boolean, Computed(while_, persisted=True), nullable=False)


def one_of(column: str, values: type[StrEnum] | Iterable[str]) -> CheckConstraint:
    """The values a column may have, from the domain's own enumeration."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def constant(value: StrEnum) -> ColumnElement[str]:
    """A value written into the statement, as partial indexes need it.

    Once a statement is prepared, Postgres plans it without knowing its parameters: it could then
    neither use such an index nor find it for ON CONFLICT.
    """
    return literal_column(f"'{value}'", Text)
