"""What a benchmark gives back, and the two tables it is shown in."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

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

    @property
    def cells(self) -> tuple[str, ...]:
        """As a row of a table."""
        met = {True: "met", False: "missed", None: ""}[self.met]
        return (self.what, self.measured, self.ceiling, self.ratio, self.goal, met)


def table(figures: Sequence[Figure], title: str) -> Table:
    """For the terminal."""
    shown = Table(*_HEADINGS, title=title, show_lines=True)
    for figure in figures:
        shown.add_row(*figure.cells)
    return shown


def markdown(figures: Sequence[Figure], title: str) -> str:
    """For the README."""
    rows = [_HEADINGS, ("---",) * len(_HEADINGS), *(figure.cells for figure in figures)]
    return "\n".join([f"{title}:", "", *(f"| {' | '.join(row)} |" for row in rows)])
