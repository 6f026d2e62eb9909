"""The judge of a scenario: owners' requests, compared with what a real router wrote down."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from byoip.domain.prefix import Prefix
from tests.announcing import Fleet
from tests.real.edge import Edge

_ON_ITS_WAY = timedelta(seconds=5)  # from a withdrawal's request until the router has it


@dataclass
class Judge:
    """Asks for routes as their owners do, and notes when.

    Attributes:
        ledger: of each route, since when it is wanted, or not wanted, in order.
    """

    fleet: Fleet
    edge: Edge
    ledger: dict[Prefix, list[tuple[datetime, bool]]] = field(default_factory=dict)

    async def announce(self, *prefixes: Prefix, prepend: int = 0) -> None:
        self._note(prefixes, wanted=True)
        await self.fleet.announce(*prefixes, prepend=prepend)

    async def withdraw(self, *prefixes: Prefix) -> None:
        self._note(prefixes, wanted=False)
        await self.fleet.withdraw(*prefixes)

    def have_announced(self, *prefixes: Prefix) -> None:
        """They are up, or wanted up, from the beginning; a database may have lost who wants it."""
        self._note(prefixes, wanted=True)

    def may_go(self, *prefixes: Prefix) -> None:
        """From now on: an operator is about to decide it."""
        self._note(prefixes, wanted=False)

    async def lists(self) -> dict[str, list[str]]:
        """Routes lost unasked, announced unasked, and accepted but not carried out by now."""
        lost = [
            f"{one.prefix} at {one.at:%H:%M:%S.%f} from {one.speaker}"
            for one in self.edge.router.losses()
            if self._wanted(one.prefix, one.at)
        ]
        announced = [
            f"{one.prefix} at {one.at:%H:%M:%S.%f} from {one.speaker}"
            for one in self.edge.router.changes()
            if one.what == "added"
            and not self._wanted(one.prefix, one.at)
            and not self._wanted(one.prefix, one.at - _ON_ITS_WAY)
        ]
        # In its table, and not by our listener: without a session that does not answer, and a
        # graceful restart keeps routes meanwhile.
        seen = await asyncio.to_thread(self._shown)
        now = datetime.now()  # noqa: DTZ005 - as the router writes it down
        wanted = {one for one in self.ledger if self._wanted(one, now)}
        left = [str(one) for one in sorted(wanted ^ seen, key=str)]
        return {"lost": lost, "announced": announced, "not carried out": left}

    def _shown(self) -> set[Prefix]:
        return {one for one in self.ledger if self.edge.router.shows(one)}

    def _note(self, prefixes: tuple[Prefix, ...], *, wanted: bool) -> None:
        now = datetime.now()  # noqa: DTZ005 - the same
        for one in prefixes:
            self.ledger.setdefault(one, []).append((now, wanted))

    def _wanted(self, prefix: Prefix, at: datetime) -> bool:
        last = False
        for since, wanted in self.ledger.get(prefix, ()):
            last = wanted if since <= at else last
        return last


def named(lists: dict[str, list[str]]) -> dict[str, list[str]]:
    """The prefixes in each list, as often as they are there, without times and speakers."""
    return {kind: sorted(one.split()[0] for one in each) for kind, each in lists.items()}


FLAWLESS: dict[str, list[str]] = {"lost": [], "announced": [], "not carried out": []}
