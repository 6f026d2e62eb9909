"""How letters of agency that the operator wrote are revoked."""

from uuid import UUID

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.letters.letter import Letter, LetterReference, RevokedBecause
from byoip.domain.operator_text import stated_reason
from byoip.store.transaction import Transaction


async def revoke(tx: Transaction, reference: str, *, reason: str) -> Letter:
    """Take a letter back, as an operator, and with it every other letter for its route.

    No other letter is written until the claim is approved again. A letter that was revoked before
    keeps its reason, and what follows from the operator's word stands in the history.

    Raises:
        InvalidText: the reason.
        LetterNotFound: no letter has this reference.
    """
    why = stated_reason(reason)
    wanted = LetterReference.parse(reference)
    letter = await tx.letters.get(wanted)
    try:
        claim = await tx.claims.lock(letter.claim_id)
    except ClaimNotFound:
        return letter  # closed, and its letters revoked with it
    ended = await revoke_all(tx, claim.id, RevokedBecause.OPERATOR, reason=why.value)
    if not ended and claim.approved and not await tx.letters.barred(claim.id):
        _record(tx, letter, RevokedBecause.OPERATOR, why.value)
    return await tx.letters.get(wanted)


async def revoke_all(
    tx: Transaction, claim_id: UUID, because: RevokedBecause, *, reason: str = ""
) -> int:
    """Revoke all letters of a claim that is locked: they speak for the same route; how many.

    Superseded ones too: a network that holds an old letter learns of it at once.
    """
    ending = [one for one in await tx.letters.of(claim_id) if one.revoked_at is None]
    for letter in ending:
        await tx.letters.save(letter.revoke(because, tx.now))
        _record(tx, letter, because, reason)
    return len(ending)


def _record(tx: Transaction, letter: Letter, because: RevokedBecause, reason: str) -> None:
    before = {"reference": str(letter.reference)}
    after = {"because": because.value} | ({"reason": reason} if reason else {})
    tx.record(letter.claim_id, "letter.revoked", before=before, after=after)
