"""Rows to objects and back: fields with their column's name by themselves, the others as given."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, TypeVar

from byoip.store.statements import AnyRow

_Made = TypeVar("_Made")


def from_row(kind: type[_Made], row: AnyRow, /, **given: Any) -> _Made:
    """A dataclass; a field that is not given is the row's column of that name, as it is.

    So what is more than the driver's own type (an enumeration, a prefix) has to be given.
    """
    made: Any = kind
    names = (one.name for one in fields(made) if one.name not in given)
    return kind(**given, **{name: getattr(row, name) for name in names})


def to_row(source: object, columns: Iterable[str], /, **given: Any) -> dict[str, Any]:
    """What these columns hold; one that is not given is the source's attribute of that name."""
    return {name: given[name] if name in given else getattr(source, name) for name in columns}
