"""Speakers announce routes to the Internet; listeners tell us what the Internet sees."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol, TypeAlias

from byoip.domain.asn import Asn
from byoip.domain.foreign_text import brief, printable
from byoip.domain.prefix import Family, Prefix
from byoip.domain.routes.route import Path


class SpeakerUnanswered(Exception):  # noqa: N818 - a state of affairs: it may have done it, or not
    """A speaker or listener could not be asked, or did not answer in time.

    It may have done what it was asked all the same: this is never "no". What it said may stand in
    the text, which is kept and shown.
    """

    def __init__(self, said: str) -> None:
        super().__init__(brief(printable(brief(said))))


class ImportsOpen(Exception):  # noqa: N818 - a state of affairs
    """A speaker answers, but cannot be made to refuse what its neighbours send."""


class NotDrained(Exception):  # noqa: N818 - a state of affairs
    """A speaker answers, but cannot be made to tell a neighbour that its routes are to go."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A BGP session of a speaker.

    Attributes:
        address: the peer's.
        enabled: False while it is administratively down.
        established: whether the session is up, for the families that it carries.
        restart_seconds: how long it asks the peer to keep its routes while it restarts (RFC 4724);
            0: not at all.
        comes_up: whether it comes up by itself when the speaker starts, before that is loaded.
    """

    address: str
    asn: Asn
    enabled: bool
    established: bool
    restart_seconds: int = 0
    comes_up: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """An established BGP session of a listener.

    Attributes:
        since: when it came up, in the listener's own words: to be compared with its own only.
        routes: how many routes it has from there.
    """

    since: str
    routes: int


Feeds: TypeAlias = Mapping[str, Feed]
"""A listener's established sessions, by name."""


class Speaker(Protocol):
    """One BGP speaker that announces for us.

    Every method has a deadline, and raises SpeakerUnanswered if it could not be asked. What changes
    something ends by `until` (`boottime`), and sends nothing after it: then another process may be
    telling the speaker something else.
    """

    @property
    def name(self) -> str:
        """As the settings name it."""
        ...

    async def local_as(self) -> Asn:
        """Its own AS."""
        ...

    async def held(self) -> Sequence[Path]:
        """All paths that it originates, of both families; none that it learnt from a peer."""
        ...

    async def held_of(self, prefixes: Collection[Prefix]) -> Sequence[Path]:
        """The same of exactly these prefixes."""
        ...

    async def count(self) -> int:
        """To how many prefixes it has a path, as it counts itself: quick, however many."""
        ...

    def surprises(self) -> AsyncIterator[None]:
        """Yield when none can be missed any more; then whenever it changed what it was not told.

        Each calls for another look at all that it holds, the first one too.

        Raises:
            SpeakerUnanswered: it cannot be watched, or not any longer.
        """
        ...

    async def close_imports(self, *, until: float = inf) -> None:
        """Have it accept no route from any neighbour, and drop what it accepted; idempotent.

        Raises:
            ImportsOpen: it cannot be made to.
        """
        ...

    async def takes_ours(self, families: Collection[Family], *, until: float = inf) -> bool:
        """Whether a probe path of each family, put there and taken away, appeared in between.

        Established sessions would send it on: to be asked while there is none.
        """
        ...

    async def announce(self, paths: Sequence[Path], *, until: float = inf) -> None:
        """Add paths, or replace those for the same prefixes; in bulk, and idempotent."""
        ...

    async def withdraw(self, paths: Sequence[Path], *, until: float = inf) -> None:
        """Delete exactly these paths, each named by its prefix; absent ones are no error.

        There is no way to say "all": an empty sequence does nothing.
        """
        ...

    async def neighbours(self) -> Sequence[Neighbour]:
        """Its sessions."""
        ...

    async def enable(self, address: str, *, until: float = inf) -> None:
        """Let a session that is administratively down come up; idempotent."""
        ...

    async def disable(self, address: str, *, until: float = inf) -> None:
        """Take a session down administratively; idempotent."""
        ...

    async def drain(
        self, addresses: Collection[str], *, resend: Collection[str] = (), until: float = inf
    ) -> None:
        """Have exactly these neighbours get all routes with GRACEFUL_SHUTDOWN (RFC 8326).

        It holds for what is sent from now on; neighbours of `resend` are sent all routes once more.
        Forgotten with a restart.

        Raises:
            NotDrained: it cannot be made to.
        """
        ...

    async def notes(self) -> Collection[str]:
        """What was given to `note` since it started."""
        ...

    async def note(self, text: str, *, until: float = inf) -> None:
        """Remember a short text, until it ends: a speaker that has restarted remembers none."""
        ...

    async def sent(self, prefixes: Collection[Prefix]) -> Mapping[str, frozenset[Prefix]]:
        """Which of the prefixes are in the ADJ-RIB-Out of each established session, by address."""
        ...


class Listener(Protocol):
    """A router other than our speakers that hears what they announce."""

    @property
    def name(self) -> str:
        """As the settings name it."""
        ...

    async def sees(self, prefixes: Collection[Prefix]) -> Mapping[Prefix, Collection[Asn]]:
        """The origins under which it sees each of these prefixes; not seen: no key.

        Raises:
            SpeakerUnanswered: it could not be asked; that does not mean "not seen".
        """
        ...

    async def feeds(self) -> Feeds:
        """Its established sessions: quick, however many routes it has.

        Raises:
            SpeakerUnanswered: it could not be asked, or no session is established.
        """
        ...
