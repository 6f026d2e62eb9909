"""How a page shows what waits for an operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    """The first things of one kind.

    Attributes:
        kind: its name in addresses.
        all: the page that lists all of them.
        runbook: the section of the runbook that says what to do; empty: it says nothing.
        total: how many there are.
    """

    kind: str
    name: str
    all: str
    runbook: str
    needs: Sequence[Need]
    total: int

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.total - len(self.needs)


def facts_of(sections: Sequence[Section]) -> Mapping[str, str]:
    """What each of them says, by what it is called, as its forms carry it."""
    return {f"{of.name}, {one.title}": one.said for of in sections for one in of.needs}
