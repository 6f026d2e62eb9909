"""Reads a JSON body strictly, once, within limits. No refusal repeats any of its text."""

import json
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any, NoReturn, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from byoip.api.border import refusals
from byoip.api.border.refusals import BODY_LIMIT, Refusals
from byoip.domain.errors import Refusal

ERRORS_SHOWN = 20
# No operation takes half as many. What is done for each value, and for each level above it, would
# take a second for 64 kB that are made for it.
MOST_VALUES = 1000
MOST_LEVELS = 16
_POINTER_LIMIT = 200
_LONGEST_NAME = 40
# NUL is an error in Postgres, a lone surrogate in UTF-8 (RFC 8259, section 8.2).
_UNSAFE = re.compile("[\x00\ud800-\udfff]")

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request) -> bytes:
    """The whole body, counted as it arrives: a declared length may lie or be missing.

    Raises:
        BodyTooLarge: more than 64 KiB.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > BODY_LIMIT:
        raise refusals.BodyTooLarge
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > BODY_LIMIT:
            raise refusals.BodyTooLarge
    return bytes(received)


def require_json(request: Request) -> None:
    """Refuse bodies of another kind.

    Raises:
        WrongMediaType: not application/json, or compressed.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" or "content-encoding" in request.headers:
        raise refusals.WrongMediaType


def parse_body(model: type[Model], raw: bytes) -> Model:
    """Read a model from JSON.

    Raises:
        MalformedJson: not one JSON text in UTF-8, with every member named once; or one of more
            values or levels than any operation takes.
        Refusals: one refusal for each member that is missing, unknown or wrong.
    """
    value = _parse_json(raw)
    if unsafe := list(islice(_unsafe_texts(value), ERRORS_SHOWN)):
        raise Refusals([refusals.FieldInvalid(pointer, _UNSAFE_WHY) for pointer in unsafe])
    try:
        return model.model_validate(value)
    except ValidationError as fault:
        raise Refusals(
            field_refusals(fault.errors(include_url=False, include_input=False), model)
        ) from None


_UNSAFE_WHY = "Text may not contain U+0000 or half a surrogate pair"


def field_refusals(errors: Sequence[Any], model: type[BaseModel] | None = None) -> list[Refusal]:
    """What pydantic found, as refusals, without the input."""
    return [_field_refusal(error, model) for error in errors[:ERRORS_SHOWN]]


def _field_refusal(error: dict[str, Any], model: type[BaseModel] | None) -> Refusal:
    pointer = _pointer(error["loc"])
    match error["type"]:
        case "missing":
            return refusals.FieldMissing(pointer)
        case "extra_forbidden":
            return refusals.FieldUnknown(
                pointer, None if model is None else _meant(model, error["loc"])
            )
        case _:
            return refusals.FieldInvalid(pointer, str(error["msg"]).removeprefix("Value error, "))


def _meant(model: type[BaseModel], location: Sequence[str | int]) -> str | None:
    """The member that was probably meant: the same one a level deeper, or one spelled alike."""
    name, *deeper = location
    if deeper or not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return None
    for member, field in model.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel) and name in kind.model_fields:
                return f"{member}.{name}"
    return next(iter(get_close_matches(name, model.model_fields, 1)), None)


def _pointer(location: Sequence[str | int]) -> str:
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return "".join(f"/{part}" for part in parts)[:_POINTER_LIMIT]


def _parse_json(raw: bytes) -> object:
    try:
        return json.loads(
            raw.decode("utf-8"), object_pairs_hook=_named_once, parse_constant=_no_constants
        )
    except UnicodeDecodeError:
        raise refusals.MalformedJson("it is not UTF-8") from None
    except RecursionError:
        raise refusals.MalformedJson("it is nested too deeply") from None
    except ValueError as fault:
        raise refusals.MalformedJson(_why(fault)) from None


def _why(fault: ValueError) -> str:
    if isinstance(fault, json.JSONDecodeError):
        return f"syntax error at line {fault.lineno}, column {fault.colno}"
    return str(fault) if type(fault) is _UnreadableError else "a number has too many digits"


class _UnreadableError(ValueError):
    """Text that Python would take for JSON."""


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _UnreadableError("a member is named twice in one object")
    return members


def _no_constants(_name: str) -> NoReturn:
    raise _UnreadableError("NaN and Infinity are not JSON")


def _unsafe_texts(body: object) -> Iterator[str]:
    """Where they are, in order.

    Raises:
        MalformedJson: too much to look through.
    """
    left: list[tuple[object, str, int]] = [(body, "", 0)]
    seen = 1
    while left:
        value, pointer, level = left.pop()
        inside: list[tuple[object, str, int]] = []
        if isinstance(value, str) and _UNSAFE.search(value):
            yield pointer
        elif isinstance(value, dict | list):
            seen += len(value)
            if level == MOST_LEVELS:
                raise refusals.MalformedJson("it is nested too deeply")
            if seen > MOST_VALUES:
                raise refusals.MalformedJson(f"it has more than {MOST_VALUES} values")
        if isinstance(value, dict):
            safe = {name: one for name, one in value.items() if not _UNSAFE.search(name)}
            if len(safe) < len(value):
                yield pointer  # the name itself cannot be shown
            inside = [(one, pointer + _pointer((name,)), level + 1) for name, one in safe.items()]
        elif isinstance(value, list):
            inside = [(one, f"{pointer}/{index}", level + 1) for index, one in enumerate(value)]
        left += reversed(inside)
