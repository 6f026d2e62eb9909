"""Revoke letters whose routes are no longer valid by ROA data."""

from dataclasses import dataclass

from byoip.domain.checks.evidence import Failed
from byoip.domain.checks.origin_validation import judge_roas
from byoip.domain.claims.check_waiver import Waivable, excused
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.history import Actor
from byoip.domain.letters.letter import Letter, LetterReference, RevokedBecause
from byoip.ports.checks.rpki import Vrps
from byoip.ports.clock import Clock
from byoip.store.letters.letters import SnapshotNews
from byoip.store.transaction import Store, Transaction
from byoip.usecases.letters.letters import revoke_all

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class WatchLetters:
    """Compare all standing letters with each accepted snapshot of ROA data.

    If a worker dies in between, the next one goes on: the result is kept with each letter, and the
    snapshot counts as done only once all letters have been compared. A snapshot that is replaced
    before that is missed, which can only delay a revocation.
    """

    store: Store
    clock: Clock

    async def __call__(self, *, by: Actor) -> int:
        """Revoke the letters that every snapshot of 24 hours has denied; how many."""
        async with self.store.transaction(actor=by) as tx:
            news = await tx.letters.news()
        if news is None:
            return 0
        revoked, last, more = 0, None, True
        while more:
            page, disturbed = await self._page(news, last)
            for letter in disturbed:
                revoked += await self._hear(letter, news, by)
            more = len(page) == _AT_ONCE
            last = page[-1].reference if page else last
        async with self.store.transaction(actor=by) as tx:
            await tx.letters.heard(news.number)
        return revoked

    async def _page(
        self, news: SnapshotNews, after: LetterReference | None
    ) -> tuple[list[Letter], list[Letter]]:
        """The next letters, and those of them for which the snapshot changes something.

        A letter that was fine and still is needs no record: the next snapshot finds it the same.
        """
        async with self.store.transaction() as tx:
            page = list(await tx.letters.standing(_AT_ONCE, after))
            heard = [await self._heard(tx, one, news) for one in page]
        disturbed = [
            before
            for before, now in zip(page, heard, strict=True)
            if before.rpki != now.rpki and (before.rpki.failing_since or now.rpki.failing_since)
        ]
        return page, disturbed

    async def _hear(self, letter: Letter, news: SnapshotNews, by: Actor) -> int:
        async with self.store.transaction(actor=by) as tx:
            try:
                await tx.claims.lock(letter.claim_id)
            except ClaimNotFound:
                return 0
            current = await self._still_standing(letter, tx)
            if current is None:
                return 0
            heard = await self._heard(tx, current, news)
            await tx.letters.save(heard)
            if not heard.rpki.confirmed:
                return 0
            return await revoke_all(tx, letter.claim_id, RevokedBecause.RPKI)

    async def _still_standing(self, letter: Letter, tx: Transaction) -> Letter | None:
        for one in await tx.letters.of(letter.claim_id):
            if one.reference == letter.reference:
                return one if one.revoked_at is None and one.superseded_by is None else None
        return None

    async def _heard(self, tx: Transaction, letter: Letter, news: SnapshotNews) -> Letter:
        # Or whoever has a letter could keep it, by ROAs for hundreds of others.
        answer = await tx.roas.decisive(letter.facts.prefix, letter.facts.origin)
        # No answer, or one of a newer snapshot, which is compared by its own job: nothing changes.
        if not isinstance(answer, Vrps) or answer.snapshot.number != news.number:
            return letter
        facts = letter.facts
        now = self.clock.now()
        said = judge_roas(facts.prefix, facts.origin, answer.covering, now=now)
        if isinstance(said, Failed):
            said = excused(said, (await tx.waivers.of(letter.claim_id, now)).get(Waivable.RPKI))
        return letter.hear(
            news.number, after=news.after, built_at=answer.snapshot.built_at, said=said
        )
