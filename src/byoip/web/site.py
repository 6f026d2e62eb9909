"""What the pages are made of. The composition fills it in; there are no globals."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Status: TypeAlias = Callable[[], Awaitable[Mapping[str, str]]]
"""What each probe of this process says, by name: `ok`, or what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything behind the pages.

    Attributes:
        status: whether this process can serve.
    """

    status: Status
