"""Whether a letter may name its prefix's origin, and what it says of a customer's own."""

from byoip.domain.asns.aspa import judge_pair
from byoip.domain.checks.evidence import Passed
from byoip.domain.claims.claim import Claim
from byoip.domain.letters.own_origin import OwnOrigin, proven_in_words
from byoip.store.transaction import Transaction


async def own_origin(tx: Transaction, claim: Claim) -> OwnOrigin | str | None:
    """What is said of it; None: it is the operator's own; text: why no letter names it now.

    A letter waits as long as the pair may not be announced, or that has no answer, and while
    another account has proven the number, too, and no operator has decided whose it is.
    """
    if tx.rules.origins is None or claim.asn in tx.rules.origins:
        return None
    behind = tx.rules.behind(claim.asn)
    own = await tx.own_asns.proven(claim.account_id, claim.asn)
    if behind is None or own is None or own.proven_at is None:
        return f"{claim.asn} is not among origin_asns, and this account has not proven it"
    (standing,) = await tx.session.look(tx.own_asns.standing(claim.account_id, claim.asn))
    if standing.disputed:
        return f"there is a dispute about {claim.asn}: it waits until an operator has decided that"
    pair = judge_pair(claim.asn, behind, standing.aspa, tx.now, without=tx.rules.without_aspa)
    if not isinstance(pair, Passed):
        return f"{behind} may not stand before {claim.asn} now: {pair.seen}"
    return OwnOrigin(behind, proven_in_words(own), own.proven_at, pair.seen)
