"""The envelope around every answer: models for the document; `answers.py` writes the bytes."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, get_args
from uuid import UUID

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
)
from pydantic_core import to_json

from byoip.domain.asn import LAST_ASN
from byoip.domain.customer_text import LONGEST

ID_PATTERN = "^[0-9a-f]{32}$"
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
SECRET: Final = object()  # marks a member, and nothing in its schema
SecretText: TypeAlias = Annotated[str, SECRET]
"""What a token or secret is, or contains: no answer that may show one is compressed."""


class Wire(BaseModel):
    """What the service sends: every member is always there."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    @classmethod
    def showing(cls, kept: object, /, **given: object) -> Self:
        """What we keep, as the wire shows it: members are its attributes, but for those given."""
        for name in _members_but(cls, frozenset(given)):
            given[name] = getattr(kept, name)
        return cls(**given)


@cache
def _members_but(model: type[BaseModel], given: frozenset[str]) -> tuple[str, ...]:
    """Found once: a list of a thousand asks as often."""
    return tuple(name for name in model.model_fields if name not in given)


Shown: TypeAlias = BaseModel | Mapping[str, object]
"""What an answer shows: a model, or its members by name, where making one takes too long."""

_MEMBERS = msgspec.json.Encoder(uuid_format="hex")


def shown_json(shown: Shown) -> bytes:
    """Its JSON; of members, ids as hex digits and times of UTC, as models have them."""
    if isinstance(shown, BaseModel):
        return shown.__pydantic_serializer__.to_json(shown)
    return _MEMBERS.encode(shown)


def shown_list(shown: Sequence[Shown]) -> bytes:
    """A list of them, of one kind."""
    if shown and isinstance(shown[0], BaseModel):
        return to_json(shown)
    return _MEMBERS.encode(shown)


class Strict(BaseModel):
    """What clients send: exact types, no unknown members."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def read_id(text: object) -> UUID:
    """Read an id in its one spelling, 32 lowercase hexadecimal digits.

    Raises:
        ValueError: anything else.
    """
    if not isinstance(text, str):
        raise ValueError("Ids are 32 lowercase hexadecimal digits")  # noqa: TRY004 - as any text
    return _read_id(text)


@lru_cache(maxsize=10_000)
def _read_id(text: str) -> UUID:
    """Of a request the same ones are read several times, of a client in most of its requests."""
    if not _ID.fullmatch(text):
        raise ValueError("Ids are 32 lowercase hexadecimal digits")
    return UUID(int=int(text, 16))


def example(**members: Any) -> ConfigDict:
    """The one example of a model."""
    return ConfigDict(json_schema_extra={"examples": [members]})


def _hex(kept: object) -> object:
    return kept.hex if isinstance(kept, UUID) else kept


def _text(kept: object) -> str | None:
    return None if kept is None else str(kept)  # None is refused as one, not shown as "None"


_ID_SCHEMA = {"type": "string", "pattern": ID_PATTERN}
Id: TypeAlias = Annotated[str, BeforeValidator(_hex), WithJsonSchema(_ID_SCHEMA)]
# Of a value that we keep, as a prefix or a name: its text.
Text: TypeAlias = Annotated[str, BeforeValidator(_text)]
IdIn: TypeAlias = Annotated[UUID, BeforeValidator(read_id), WithJsonSchema(_ID_SCHEMA)]
# Documented here, enforced by the domain, whose refusals say more than "out of bounds".
AsnIn: TypeAlias = Annotated[
    int,
    Field(
        description="Origin ASN: one that the operator announces from, or one that the account "
        "has proven as its own.",
        json_schema_extra={"minimum": 1, "maximum": LAST_ASN},
    ),
]
TextIn: TypeAlias = Annotated[
    str,
    Field(
        description=f"Up to {LONGEST} characters, without control characters.",
        json_schema_extra={"maxLength": LONGEST},
    ),
]
# Written so that openapi-generator makes working types of these constants: it makes no type of a
# bare "null", and the text "true" of a boolean constant that names its type.
Yes: TypeAlias = Annotated[Literal[True], WithJsonSchema({"const": True})]
No: TypeAlias = Annotated[Literal[False], WithJsonSchema({"const": False})]
Nothing: TypeAlias = Annotated[None, WithJsonSchema({"type": ["object", "null"], "const": None})]
Time: TypeAlias = Annotated[datetime, AfterValidator(lambda time: time.astimezone(UTC))]


class ErrorSource(Wire):
    """Where in the body."""

    pointer: str = Field(description="JSON pointer (RFC 6901).", examples=["/cidr"])


class Error(Wire):
    """One reason why a request was refused."""

    code: int = Field(description="Stable number, one to one with `name`.", ge=1000)
    name: str = Field(description="Stable name.")
    message: str = Field(description="For people; may change.")
    source: ErrorSource | None
    documentation_url: str


class Message(Wire):
    """A remark beside a success."""

    code: int
    name: str
    message: str


class Failure(Wire):
    """A refused request, or a fault of the service."""

    success: No
    errors: list[Error]
    messages: list[Message]
    result: Nothing


class Success(Wire):
    """An answer; `result` follows."""

    success: Yes
    errors: list[Error] = Field(max_length=0)
    messages: list[Message]


class Done(Success):
    """The request was carried out, and there is nothing to show."""

    result: Nothing


class PageInfo(Wire):
    """Where a page stands in its list."""

    count: int = Field(description="How many are in this answer.")
    per_page: int
    cursor: str | None = Field(description="Give it back as `cursor` for what follows.")


class CountedPageInfo(PageInfo):
    """The same for a list that is short enough to be counted."""

    total_count: int


class NumberedPageInfo(Wire):
    """Where a page stands in a list whose pages have numbers."""

    count: int = Field(description="How many are in this answer.")
    page: int
    per_page: int
    total_count: int


class EventPageInfo(Wire):
    """Where the client goes on reading."""

    count: int
    per_page: int
    cursor: str | None = Field(description="Give it back as `after`; null when there are no more.")
    epoch: Id | None = Field(
        description="Of prefixes' events: give it back as `epoch` with `after`. After the service "
        "was restored from a backup, numbers are given a second time, and this is another one. "
        "Null in other lists.",
    )


@cache
def shows_secret(kind: object) -> bool:
    """Whether a model, or a type of its members, has a member somewhere that is a `SecretText`."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        members = kind.model_fields.values()
        return any(shows_secret(one) for of in members for one in (of.annotation, *of.metadata))
    return kind is SECRET or any(shows_secret(one) for one in get_args(kind))


def answer_of(model: type[Wire], name: str = "") -> type[BaseModel]:
    """The envelope of one: schema `<Name>Answer`, where the name is the model's unless given."""
    return create_model(f"{name or model.__name__}Answer", __base__=Success, result=model)


def list_of(model: type[Wire], name: str = "") -> type[BaseModel]:
    """The envelope of a page of a list: schema `<Name>ListAnswer`."""
    return _list_of(model, name, PageInfo)


def counted_list_of(model: type[Wire], name: str = "") -> type[BaseModel]:
    """The envelope of a list that is whole unless `per_page` is given."""
    return _list_of(model, name, CountedPageInfo)


def numbered_list_of(model: type[Wire]) -> type[BaseModel]:
    """The envelope of a list whose pages have numbers."""
    return _list_of(model, "", NumberedPageInfo)


def event_list_of(model: type[Wire]) -> type[BaseModel]:
    """The envelope of a page of a history."""
    return _list_of(model, "", EventPageInfo)


@cache
def _list_of(model: type[Wire], name: str, info: type[Wire]) -> type[BaseModel]:
    name = f"{name or model.__name__}ListAnswer"
    fields: dict[str, Any] = {"result": list[model], "result_info": info}  # type: ignore[valid-type]
    return create_model(name, __base__=Success, **fields)
