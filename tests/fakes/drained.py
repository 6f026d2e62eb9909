"""The sessions of a twin of a speaker that a person, or byoip, takes down."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from math import inf
from typing import Any

from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import GRACEFUL_SHUTDOWN, Path
from byoip.ports.speakers.speaker import NotDrained


class Drained(ABC):
    """Mixed into the twin.

    Attributes:
        noted: what it remembers; forgotten with a restart.
        drained: neighbours that get GRACEFUL_SHUTDOWN; the same.
        undrainable: why it cannot be made to say so; empty: it can.
    """

    noted: set[str]
    drained: set[str]
    undrainable = ""
    _enabled: set[str]
    _paths: dict[Prefix, Path]

    async def disable(self, address: str, *, until: float = inf) -> None:
        if not address:
            raise ValueError("which neighbour?")
        await self._answer("disable", address=address, until=until)

    async def drain(
        self, addresses: Collection[str], *, resend: Collection[str] = (), until: float = inf
    ) -> None:
        await self._answer("drain", until=until)
        if self.undrainable:
            raise NotDrained(self.undrainable)
        del resend  # this twin's neighbours hear at once
        self.drained = set(addresses)
        self._tell(self._paths)

    async def notes(self) -> Collection[str]:
        await self._answer("notes")
        return frozenset(self.noted)

    async def note(self, text: str, *, until: float = inf) -> None:
        await self._answer("note", until=until)
        self.noted.add(text)

    def disable_by_hand(self, address: str) -> None:
        """As a person does at the speaker itself."""
        self._enabled.discard(address)
        self._tell(self._paths)

    def enable_by_hand(self, address: str) -> None:
        """The same."""
        self._enabled.add(address)
        self._tell(self._paths)

    def sent_as(self, address: str, path: Path | None) -> Path | None:
        """How it sends a path to a neighbour."""
        if path is None or address not in self.drained:
            return path
        return replace(path, communities=path.communities | {GRACEFUL_SHUTDOWN})

    @abstractmethod
    async def _answer(self, method: Any, *args: Any, **more: Any) -> None:
        """Answer a call, or do not."""

    @abstractmethod
    def _tell(self, prefixes: Iterable[Prefix] | Mapping[Prefix, Path]) -> None:
        """Have listeners hear of these again."""
