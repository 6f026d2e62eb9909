"""How a page shows what waits for an operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Act:
    """A form: what it does, and what it touches, said before.

    Attributes:
        what: see `operator/acts.py`.
        about: hidden fields that name what it is about.
        seen: stands for what was read for it; see `operator/drawn.py`.
        down: it may take something down, or lets it go on.
        typed: what a person types before it is done; empty: nothing. See `untyped`.
    """

    what: str
    label: str
    touches: str
    about: Mapping[str, str]
    seen: str
    down: bool = False
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits.

    Attributes:
        link: a page with more.
    """

    title: str
    said: str
    since: datetime | None = None
    link: str = ""
    acts: Sequence[Act] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Things of one kind; `more` of them are not shown."""

    name: str
    needs: Sequence[Need] = field(default_factory=tuple)
    more: int = 0
