"""Alarms for routes whose origin nobody vouches for any more, and for those an ASPA excludes.

The settings may have changed since they were announced, the proof of a customer's own number been
taken back, or an ASPA of it published without the operator, which its owner is told as well. They
stay up: none withdraws anything.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.asns.aspa import judge_pair
from byoip.domain.checks.evidence import Failed, Outcome, Reason, Unanswered
from byoip.domain.history import Actor
from byoip.ports.clock import Clock
from byoip.store.asns.aspas import facts_from
from byoip.store.routes.excluded import BehindUs, ExcludedRoutes
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.transaction import Store, Transaction
from byoip.usecases.jobs.isolate_rows import IsolatedRows

KIND: Final = "foreign_origin"
_BY: Final = Actor("worker", "watch-origins")
_NONE: Final = UUID(int=0)  # no route has this id
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Heard:
    """An alarm that begins or ends.

    Attributes:
        route: None: it is not up so any more, and nobody is told.
        said: of that route.
    """

    subject: str
    route: BehindUs | None = None
    said: Outcome | None = None


@dataclass(frozen=True, slots=True)
class WatchOrigins:
    """One look at all routes that are desired.

    Attributes:
        offered: the ASNs that the operator announces from.
        page: of how many routes that an ASPA excludes, or no longer, one transaction tells: their
            owners' writes wait for it.
    """

    store: Store
    routes: Routes
    clock: Clock
    offered: Collection[Asn]
    page: int = 200

    async def __call__(self) -> None:
        """Have an alarm stand for each such route, and for no other.

        Raises:
            StoreUnavailable: what was not recorded yet stands as before.
            RowsFailed: some routes could not be judged or recorded; all others were.
        """
        async with self.store.transaction() as tx:
            found = await tx.bgp_prefixes.of_other_origins(self.offered)
        standing = [Alarm(KIND, one.id.hex, f"{one.cidr} {one.asn}") for one in found]
        new = await self.routes.replace_alarms(KIND, standing, self.clock.now())
        if new:
            _log.error("%d routes are up with an origin that is not the operator's", len(new))
        rows = IsolatedRows("watch_origins")
        if await self._hear_excluded(rows):
            await self._hear_others(rows)
        rows.require_all_done()

    async def _hear_excluded(self, rows: IsolatedRows) -> bool:
        """Raise alarms of routes that an ASPA excludes; False: another worker does."""
        after, more, many, alone = _NONE, True, 0, True
        while more and alone:
            async with self.store.transaction() as tx:
                page = await ExcludedRoutes(tx.session).untold(tx.now, after, self.page)
                said = await _judged(tx, page, rows)
            new = [
                (one.id, _Heard(one.subject, one, said[one.id]))
                for one in page
                if _excludes(said.get(one.id))
            ]
            done = await rows.together(new, self._raise)
            alone = None not in done
            many += sum(one or 0 for one in done)
            more, after = len(page) == self.page, page[-1].id if page else after
        if many:
            _log.error("%d routes are up that an ASPA of their origin excludes", many)
        return alone

    async def _hear_others(self, rows: IsolatedRows) -> None:
        """End alarms of routes that none excludes; without an answer one goes on."""
        after, more, alone = "", True, True
        while more and alone:
            async with self.store.transaction() as tx:
                page = await ExcludedRoutes(tx.session).told(tx.now, after, self.page)
                said = await _judged(tx, [one.route for one in page if one.route], rows)
            over = [
                (one.route.id, _Heard(one.subject, one.route, said[one.route.id]))
                if one.route
                else (_NONE, _Heard(one.subject))
                for one in page
                if one.route is None or _is_over(said.get(one.route.id))
            ]
            alone = None not in await rows.together(over, self._end)
            more, after = len(page) == self.page, page[-1].subject if page else after

    async def _raise(self, heard: Sequence[_Heard]) -> int | None:
        """How many are new; None: another worker records."""
        async with self.store.transaction(actor=_BY) as tx:
            kept = ExcludedRoutes(tx.session)
            if not await kept.alone():
                return None
            new = await kept.stand([one.route for one in heard if one.route], tx.now)
            await _tell(tx, "aspa.excludes_operator", [one for one in heard if one.subject in new])
            return len(new)

    async def _end(self, heard: Sequence[_Heard]) -> int | None:
        """How many ended now; None: another worker records."""
        async with self.store.transaction(actor=_BY) as tx:
            kept = ExcludedRoutes(tx.session)
            if not await kept.alone():
                return None
            over = await kept.end([one.subject for one in heard])
            await _tell(tx, "aspa.recovered", [one for one in heard if one.subject in over])
            return len(over)


async def _tell(tx: Transaction, kind: str, heard: Sequence[_Heard]) -> None:
    """In the histories of those that are up."""
    of = [(one.route, one.said) for one in heard if one.route and one.said]
    await tx.events.lock_claims({route.claim_id for route, _ in of})
    for route, said in of:
        tx.record(route.claim_id, kind, after=_shown(route, said))


async def _judged(
    tx: Transaction, routes: Sequence[BehindUs], rows: IsolatedRows
) -> dict[UUID, Outcome]:
    """By routes' ids; of those without an ASPA, what settings say by now of announcing again."""
    if not routes:
        return {}
    facts = await ExcludedRoutes(tx.session).facts({one.asn for one in routes})
    without, said = tx.rules.without_aspa, dict[UUID, Outcome]()
    for one in routes:
        with rows.row(one.id):  # what is kept of its origin may be unreadable
            of = facts_from(facts[one.asn])
            said[one.id] = judge_pair(one.asn, one.behind, of, tx.now, without=without)
    return said


def _excludes(said: Outcome | None) -> bool:
    """Whether an ASPA does: that there is none is the operator's policy, and changes nothing up."""
    return isinstance(said, Failed) and said.reason is Reason.ASPA_EXCLUDES_OPERATOR


def _is_over(said: Outcome | None) -> bool:
    return said is not None and not isinstance(said, Unanswered) and not _excludes(said)


def _shown(route: BehindUs, said: Outcome) -> dict[str, object]:
    shown = {"bgp_prefix_id": route.id.hex, "cidr": str(route.cidr), "asn": route.asn.number}
    fix = {"fix": said.fix} if isinstance(said, Failed) else {}
    return {**shown, "seen": said.seen, **fix}
