"""Reads query parameters strictly: what the operation does not know is refused, never ignored.

An ignored or misread filter is how a list of "what to delete" becomes a list of everything.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError

from byoip.api.border.refusals import QueryParameterInvalid, QueryParameterUnknown

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
_MOST = 20


class QueryParameters:
    """The parameters that an operation's signature names; all have defaults."""

    def __init__(self, annotations: Mapping[str, Any]) -> None:
        self._types = {name: _base_type(hint) for name, hint in annotations.items()}
        self._adapters: dict[str, TypeAdapter[Any]] = {
            name: TypeAdapter(hint) for name, hint in annotations.items()
        }

    def read(self, query: bytes) -> dict[str, Any]:
        """The values that a query gives; the query is not empty.

        Raises:
            QueryParameterUnknown: the operation has no parameter of this name.
            QueryParameterInvalid: a value is empty, repeated, out of bounds, or of another type.
        """
        values: dict[str, Any] = {}
        for name, text in self._pairs(query):
            if name not in self._types:
                raise QueryParameterUnknown(self._types)
            if name in values:
                raise QueryParameterInvalid(name, "is given more than once")
            values[name] = self._value(name, text)
        return values

    def _pairs(self, query: bytes) -> list[tuple[str, str]]:
        try:
            return parse_qsl(
                query.decode("ascii"),
                keep_blank_values=True,
                strict_parsing=True,
                errors="strict",
                max_num_fields=_MOST,
            )
        except ValueError:  # UnicodeError is one
            raise QueryParameterUnknown(self._types) from None

    def _value(self, name: str, text: str) -> object:
        if not text:
            raise QueryParameterInvalid(name, "is empty")
        if "\0" in text:  # Postgres cannot be asked for it
            raise QueryParameterInvalid(name, "holds U+0000")
        try:
            return self._adapters[name].validate_python(_typed(self._types[name], text))
        except (ValidationError, ValueError, KeyError):
            raise QueryParameterInvalid(name, f"is not {_wanted(self._types[name])}") from None


_WANTED = {
    int: "a whole number within its bounds",
    bool: "true or false",
    str: "text of the form that this parameter has",
}


def _wanted(kind: type) -> str:
    return f"one of {', '.join(kind)}" if issubclass(kind, StrEnum) else _WANTED[kind]


def _typed(kind: type, text: str) -> object:
    if kind is bool:
        return _BOOLEANS[text]
    if issubclass(kind, StrEnum):
        return kind(text)
    if kind is int:
        if not _NUMBER.fullmatch(text):
            raise ValueError(text)
        return int(text)
    return text


def _base_type(hint: Any) -> type:
    """`int` of `Annotated[int | None, ...]`."""
    if get_origin(hint) is Annotated:
        return _base_type(get_args(hint)[0])
    kinds = [hint]
    if get_origin(hint) in {Union, UnionType}:
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    kind = kinds[0]
    word = isinstance(kind, type) and issubclass(kind, StrEnum)
    if len(kinds) != 1 or (kind not in _WANTED and not word):
        raise TypeError(f"a query parameter cannot be {hint}")
    return kind  # type: ignore[no-any-return]  # typing hands out Any
