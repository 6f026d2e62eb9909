"""Alarms for routes whose origin nobody vouches for any more, and for those an ASPA excludes.

The settings may have changed since they were announced, the proof of a customer's own number been
taken back, or an ASPA of it published without the operator, which its owner is told as well. They
stay up: none withdraws anything.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.asns.aspa import judge_pair
from byoip.domain.checks.evidence import Failed, Outcome, Passed, Reason, Unanswered
from byoip.domain.history import Actor
from byoip.domain.routes.bgp_prefix import BgpPrefix
from byoip.ports.clock import Clock
from byoip.store.routes.excluded import ExcludedRoutes
from byoip.store.speakers.routes import Alarm, Routes
from byoip.store.transaction import Store, Transaction

KIND: Final = "foreign_origin"
_BY: Final = Actor("worker", "watch-origins")
_Pairs: TypeAlias = dict[tuple[UUID, Asn, Asn], Outcome]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WatchOrigins:
    """One look at all routes that are desired.

    Attributes:
        offered: the ASNs that the operator announces from.
    """

    store: Store
    routes: Routes
    clock: Clock
    offered: Collection[Asn]

    async def __call__(self) -> None:
        """Have an alarm stand for each such route, and for no other.

        Raises:
            StoreUnavailable: alarms stand as before.
        """
        async with self.store.transaction() as tx:
            found = await tx.bgp_prefixes.of_other_origins(self.offered)
        standing = [Alarm(KIND, one.id.hex, f"{one.cidr} {one.asn}") for one in found]
        new = await self.routes.replace_alarms(KIND, standing, self.clock.now())
        if new:
            _log.error("%d routes are up with an origin that is not the operator's", len(new))
        async with self.store.transaction(actor=_BY) as tx:
            if many := await _hear_aspas(tx):
                _log.error("%d routes are up that an ASPA of their origin excludes", many)


async def _hear_aspas(tx: Transaction) -> int:
    """Alarms of routes that an ASPA excludes, and in the histories that it does, or no longer.

    Without an answer an alarm that stands goes on, and none is raised: how many are new.
    """
    kept = ExcludedRoutes(tx.session)
    told = {one.id.hex: one for one in await kept.told()}
    known = told | {one.id.hex: one for one in await tx.bgp_prefixes.excluded(tx.now)}
    pairs: _Pairs = {}
    said = {subject: await _judged(tx, one, pairs) for subject, one in known.items()}
    excluded = [
        known[subject]
        for subject, one in said.items()
        if _excludes(one) or (isinstance(one, Unanswered) and subject in told)
    ]
    new = await kept.stand(excluded, tx.now)
    over = await kept.end_others(excluded)
    again = {one for one in over if one in known}  # it is up still, and no ASPA says no
    await tx.events.lock_claims({known[one].claim_id for one in {*new, *again}})
    for subject in sorted({*new, *again}):
        kind = "aspa.excludes_operator" if subject in new else "aspa.recovered"
        tx.record(known[subject].claim_id, kind, after=_shown(known[subject], said[subject]))
    return len(new)


async def _judged(tx: Transaction, route: BgpPrefix, known: _Pairs) -> Outcome:
    """By its own row; of one without an ASPA, what settings say by now of announcing it again."""
    if route.behind is None:
        return Passed("Its origin is the operator's.")
    pair = route.account_id, route.asn, route.behind
    if pair not in known:
        (own,) = await tx.session.look(tx.own_asns.standing(route.account_id, route.asn))
        without = tx.rules.without_aspa
        known[pair] = judge_pair(route.asn, route.behind, own.aspa, tx.now, without=without)
    return known[pair]


def _excludes(said: Outcome) -> bool:
    """Whether an ASPA does: that there is none is the operator's policy, and changes nothing up."""
    return isinstance(said, Failed) and said.reason is Reason.ASPA_EXCLUDES_OPERATOR


def _shown(route: BgpPrefix, said: Outcome) -> dict[str, object]:
    shown = {"bgp_prefix_id": route.id.hex, "cidr": str(route.cidr), "asn": route.asn.number}
    fix = {"fix": said.fix} if isinstance(said, Failed) else {}
    return {**shown, "seen": said.seen, **fix}
