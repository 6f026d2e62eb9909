"""Another place from which the same is asked."""

from typing import Protocol

from byoip.domain.perspectives.place import Place
from byoip.ports.checks.dns import ReverseDns
from byoip.ports.checks.registry import RouteRegistry


class Perspective(ReverseDns, RouteRegistry, Protocol):
    """What do reverse zones and registries say, asked from there? What it cannot ask is silence."""

    @property
    def place(self) -> Place:
        """Where it stands."""
        ...
