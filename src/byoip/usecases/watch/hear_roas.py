"""Hold watched prefixes against each accepted snapshot of ROA data."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from byoip.domain.checks.evidence import Outcome, Unanswered
from byoip.domain.checks.origin_validation import judge_roas, valid_until
from byoip.domain.claims.check_waiver import Waivable, excused
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.history import Actor
from byoip.domain.watch.levels import NOT_RENEWED, Signal
from byoip.domain.watch.roas import hear_roas
from byoip.domain.watch.watch import Watch
from byoip.ports.checks.rpki import NoVrps
from byoip.store.transaction import Store, Transaction
from byoip.store.watch.ending_roas import ending_roas
from byoip.store.watch.views import RoaNews
from byoip.usecases.jobs.isolate_rows import IsolatedRows
from byoip.usecases.watch.levels import note

_LISTED = 5000  # more than are heard in a run; what is left is the next run's


@dataclass(frozen=True, slots=True)
class HearRoas:
    """Compare prefixes that are not valid, were not, or not for long, with the snapshot in use.

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
        for which in (_disturbed, _ending):
            async with self.store.transaction() as tx:
                listed = await which(tx, news)
            for claim_id in listed:
                with rows.row(claim_id):
                    await self._hear(claim_id, news, by)
                if asyncio.get_running_loop().time() >= until:
                    return
            if len(listed) == _LISTED:
                return
        async with self.store.transaction() as tx:
            await tx.watches.roa_heard(news.number)

    async def _hear(self, claim_id: UUID, news: RoaNews, by: Actor) -> None:
        async with self.store.transaction(actor=by) as tx:
            try:
                claim = await tx.claims.lock(claim_id)
            except ClaimNotFound:
                return
            if not claim.approved:
                return
            answer = await tx.roas.decisive(claim.prefix, claim.asn)
            said: Outcome
            ends: datetime | None = None
            if isinstance(answer, NoVrps):
                said = Unanswered(answer.fault, answer.detail)
            elif answer.snapshot.number != news.number:
                return  # a newer one, which is heard by itself
            else:
                said = judge_roas(claim.prefix, claim.asn, answer.covering, now=tx.now)
                ends = valid_until(claim.prefix, claim.asn, answer.covering, now=tx.now)
            waivers = await tx.waivers.of(claim.id, tx.now)
            await _note(tx, claim, excused(said, waivers.get(Waivable.RPKI)), ends, news)


async def _disturbed(tx: Transaction, news: RoaNews) -> Sequence[UUID]:
    return await tx.watches.disturbed(news.number, _LISTED)


async def _ending(tx: Transaction, news: RoaNews) -> Sequence[UUID]:
    return await ending_roas(tx.session, news.number, news.built_at + NOT_RENEWED, _LISTED)


async def _note(
    tx: Transaction, claim: Claim, said: Outcome, ends: datetime | None, news: RoaNews
) -> None:
    known = await tx.watches.of(claim.id)
    for signal in (Signal.ROA, Signal.ROA_INVALID):
        before = known.get(signal, Watch(signal))
        if before.heard is not None and before.heard >= news.number:
            continue
        unbroken = before.heard == news.after
        after = hear_roas(before, said, news.built_at, until=ends, unbroken=unbroken)
        after = replace(after, heard=news.number)
        # Also what says nothing: what is not on record would be listed again in each run, and who
        # has many of these would keep all others from being heard.
        if signal is Signal.ROA or before.failing or after.failing:
            claim = await note(tx, claim, before, after)
