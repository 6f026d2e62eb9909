from dataclasses import dataclass
from uuid import UUID

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.letters.letter import Letter, LetterReference, RevokedBecause
from byoip.ports.clock import Clock
from byoip.store.transaction import Store, Transaction


async def revoke_letters(
    tx: Transaction, claim_id: UUID, because: RevokedBecause, *, reason: str = ""
) -> int:
    """Revoke all letters of a claim that is locked: they speak for the same route; how many.

    Those that were superseded, too: whoever holds an old one is told so at once.
    """
    ending = [one for one in await tx.letters.of(claim_id) if one.revoked_at is None]
    for letter in ending:
        await tx.letters.save(letter.revoke(because, tx.now))
        before = {"reference": str(letter.reference)}
        after = {"because": because.value} | ({"reason": reason} if reason else {})
        tx.record(claim_id, "letter.revoked", before=before, after=after)
    return len(ending)


@dataclass(frozen=True, slots=True)
class RevokeLetter:
    """The operator takes a letter back, and with it every other that speaks for its route.

    No other is written until the claim is approved anew.
    """

    store: Store
    clock: Clock

    async def __call__(
        self, reference: str, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> Letter:
        """Revoke it; one that was revoked before stays as it is.

        Raises:
            LetterNotFound: no letter has this reference.
            InvalidText: the reason.
        """
        why = stated_reason(reason)
        wanted = LetterReference.parse(reference)
        async with self.store.transaction(once, actor=by) as tx:
            letter = await tx.letters.get(wanted)
            try:
                await tx.claims.lock(letter.claim_id)
            except ClaimNotFound:
                pass  # closed, and its letters revoked with it
            else:
                await revoke_letters(tx, letter.claim_id, RevokedBecause.OPERATOR, reason=why.value)
            revoked = await tx.letters.get(wanted)
            await tx.answered(revoked)
        return revoked
