"""A speaker that this process cannot be connected to: it is left alone, and all others are not."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from math import inf
from typing import NoReturn

from byoip.domain.asn import Asn
from byoip.domain.prefix import Family, Prefix
from byoip.domain.routes.route import Path
from byoip.ports.speakers.speaker import Neighbour, SpeakerUnanswered


class UnreachableSpeaker:
    """Never answers, and says why."""

    def __init__(self, name: str, why: str) -> None:
        """Take the name, and why there is no way to it."""
        self._name = name
        self._why = why

    @property
    def name(self) -> str:
        """As the settings name it."""
        return self._name

    async def local_as(self) -> Asn:
        """Not to be had."""
        self._refuse()

    async def held(self) -> Sequence[Path]:
        """Not to be had."""
        self._refuse()

    async def held_of(self, prefixes: Collection[Prefix]) -> Sequence[Path]:
        """Not to be had."""
        del prefixes
        self._refuse()

    async def count(self) -> int:
        """Not to be had."""
        self._refuse()

    def surprises(self) -> AsyncIterator[None]:
        """Not to be had."""
        self._refuse()

    async def close_imports(self, *, until: float = inf) -> None:
        """Not to be done."""
        del until
        self._refuse()

    async def takes_ours(self, families: Collection[Family], *, until: float = inf) -> bool:
        """Not to be had."""
        del families, until
        self._refuse()

    async def announce(self, paths: Sequence[Path], *, until: float = inf) -> None:
        """Not to be done."""
        del paths, until
        self._refuse()

    async def withdraw(self, paths: Sequence[Path], *, until: float = inf) -> None:
        """Not to be done."""
        del paths, until
        self._refuse()

    async def neighbours(self) -> Sequence[Neighbour]:
        """Not to be had."""
        self._refuse()

    async def enable(self, address: str, *, until: float = inf) -> None:
        """Not to be done."""
        del address, until
        self._refuse()

    async def disable(self, address: str, *, until: float = inf) -> None:
        """Not to be done."""
        del address, until
        self._refuse()

    async def drain(
        self, addresses: Collection[str], *, resend: Collection[str] = (), until: float = inf
    ) -> None:
        """Not to be done."""
        del addresses, resend, until
        self._refuse()

    async def notes(self) -> Collection[str]:
        """Not to be had."""
        self._refuse()

    async def note(self, text: str, *, until: float = inf) -> None:
        """Not to be done."""
        del text, until
        self._refuse()

    async def sent(self, prefixes: Collection[Prefix]) -> Mapping[str, frozenset[Prefix]]:
        """Not to be had."""
        del prefixes
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise SpeakerUnanswered(f"{self._name}: {self._why}")
