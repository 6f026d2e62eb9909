from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Gauge:
    """One gauge of the whole service, the same whichever process is asked.

    Attributes:
        name: in Prometheus' style, with its unit.
        values: label values to value; one entry with () where there is no label.
        label: name of the one label, or empty.
    """

    name: str
    explanation: str
    values: Sequence[tuple[str, float]]
    label: str = ""


class Gauges(Protocol):
    """How is the service doing?"""

    async def read(self) -> Sequence[Gauge]:
        """Read all gauges from the database."""
        ...
