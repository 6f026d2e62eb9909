"""Hold watched prefixes against each accepted snapshot of ROA data."""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

from byoip.domain.checks.evidence import Failed, Outcome, Passed, Reason
from byoip.domain.checks.origin_validation import judge_roas
from byoip.domain.claims.check_waiver import Waivable, excused
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.history import Actor
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.watch import Watch
from byoip.ports.checks.rpki import Vrps
from byoip.store.transaction import Store, Transaction
from byoip.store.watch.views import RoaNews
from byoip.usecases.jobs.isolate_rows import IsolatedRows
from byoip.usecases.watch.levels import note

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class HearRoas:
    """Compare prefixes that are not valid, or were not, with the snapshot that judged routes.

    A snapshot that is replaced before that is missed: then the time of what fails starts again.
    """

    store: Store

    async def __call__(self, rows: IsolatedRows, until: float, *, by: Actor) -> None:
        """Once for each snapshot. What is left then, and by a worker that dies, the next run hears.

        Args:
            rows: of the run.
            until: by the event loop's clock; after it one prefix more, at most, is heard.
            by: who hears.
        """
        async with self.store.transaction() as tx:
            news = await tx.watches.roa_news()
        if news is None:
            return
        last, more = UUID(int=0), True
        while more:
            async with self.store.transaction() as tx:
                page = await tx.watches.disturbed(news.number, last, _AT_ONCE)
            for claim_id in page:
                with rows.row(claim_id):
                    await self._hear(claim_id, news, by)
                if asyncio.get_running_loop().time() >= until:
                    return
            more = len(page) == _AT_ONCE
            last = page[-1] if page else last
        async with self.store.transaction() as tx:
            await tx.watches.roa_heard(news.number)

    async def _hear(self, claim_id: UUID, news: RoaNews, by: Actor) -> None:
        async with self.store.transaction(actor=by) as tx:
            try:
                claim = await tx.claims.lock(claim_id)
            except ClaimNotFound:
                return
            answer = await tx.roas.decisive(claim.prefix, claim.asn)
            if not (claim.approved and isinstance(answer, Vrps)):
                return
            if answer.snapshot.number != news.number:
                return  # a newer one, which is heard by itself
            said = judge_roas(claim.prefix, claim.asn, answer.covering, now=tx.now)
            waivers = await tx.waivers.of(claim.id, tx.now)
            await _note(tx, claim, excused(said, waivers.get(Waivable.RPKI)), news)


async def _note(tx: Transaction, claim: Claim, said: Outcome, news: RoaNews) -> None:
    known = await tx.watches.of(claim.id)
    for signal in (Signal.ROA, Signal.ROA_INVALID):
        before = known.get(signal, Watch(signal))
        if before.heard is not None and before.heard >= news.number:
            continue
        after = replace(_heard(before, said, news), heard=news.number)
        if before.failing or after.failing:
            claim = await note(tx, claim, before, after)


def _heard(watch: Watch, said: Outcome, news: RoaNews) -> Watch:
    at = news.built_at
    match said:
        case Failed(reason, seen) if watch.signal is Signal.ROA or reason is not Reason.ROA_MISSING:
            return watch.bad(at, seen, unbroken=watch.heard == news.after)
        case Failed() | Passed():
            return watch.good(at, said.seen)
        case _:
            return watch.silent(at, said.seen)
