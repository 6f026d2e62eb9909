"""What a benchmark tells, and the two ways in which it is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks.databases import Server

_HEADINGS = ("What", "Measured", "Ceiling, in the same run", "Ratio", "Goal", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number beside what bounds it.

    Attributes:
        measured: the number with its unit, a median of repeated runs where it says so.
        ceiling: what the same work costs without us, measured in the same run.
        ratio: of the measured to the ceiling.
        met: whether the goal was met; None where there is none.
    """

    what: str
    measured: str
    ceiling: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        ceiling = f"[{self.ceiling}]" if self.ceiling else ""
        goal = f"goal {self.goal}: {self._met}" if self.goal else ""
        parts = (self.measured, ceiling, self.ratio, goal)
        return f"{self.what}: {'; '.join(part for part in parts if part)}"

    @property
    def cells(self) -> tuple[str, ...]:
        """As a row of a table."""
        return (self.what, self.measured, self.ceiling, self.ratio, self.goal, self._met)

    @property
    def _met(self) -> str:
        return {True: "met", False: "missed", None: ""}[self.met]


Tell = Callable[[Figure], None]


class Measure(Protocol):
    """What a benchmark is: it tells each figure as soon as it is known.

    `quick` goes the same way with sizes that say nothing.
    """

    def __call__(self, on: Server, tell: Tell, *, quick: bool) -> None:
        """Carry it out on a server."""


def markdown(figures: Sequence[Figure], title: str) -> str:
    """For the README."""
    rows = [_HEADINGS, ("---",) * len(_HEADINGS), *(figure.cells for figure in figures)]
    return "\n".join([f"{title}:", "", *(f"| {' | '.join(row)} |" for row in rows)])
