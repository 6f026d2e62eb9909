"""The record of a refusal: how its class, which knows no HTTP, looks on the wire."""

from dataclasses import dataclass
from functools import partial

from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix

PREFIX = Prefix.parse("198.18.0.0/23")
"""Stands in the examples."""


@dataclass(frozen=True, slots=True)
class Record:
    """How a refusal looks on the wire, and what the error page says of it.

    Attributes:
        status: of the HTTP answer.
        code: stable number, at least 1000, one for each name.
        sample: an example for the documents; its class is what the record is of.
        remedy: what the client can do, for the error page.
        definitive: asking again unchanged cannot help. Official clients repeat 409 and 429 by
            themselves, so these answers carry `x-should-retry: false`.
    """

    status: int
    code: int
    sample: Refusal
    remedy: str
    definitive: bool = False


not_found = partial(Record, 404)
conflict = partial(Record, 409, definitive=True)
invalid = partial(Record, 422)
