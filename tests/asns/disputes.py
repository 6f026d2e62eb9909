"""Two accounts that have proven one AS number, in short words."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from byoip.domain.asns.asn_dispute import AsnDispute, AsnProof
from byoip.domain.asns.own_asn import AsnProvenByAnother, OwnAsn, ProvenBy
from byoip.domain.claims.claim import Claim
from byoip.domain.watch.dispute import Side
from byoip.store.asns.views import AsnDisputeView
from byoip.store.transaction import Store, Transaction
from byoip.usecases.asns import own_asns
from byoip.usecases.asns.contested import note_contest
from byoip.usecases.asns.decide_asn_dispute import decide_asn_dispute
from byoip.usecases.asns.own_asns import AsnTerms
from tests.asns.numbers import CUSTOMER, Numbers
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import LABEL

WHY = "Papers seen."


def published(*numbers: OwnAsn) -> list[str]:
    return [f"remarks: {LABEL}: {one.token}" for one in numbers]


async def proves(numbers: Numbers, *several: OwnAsn) -> None:
    """Each is refused, for another account has proven the number."""
    async with numbers.registry_up():
        numbers.aut_num(*published(*several))
        for own in several:
            with pytest.raises(AsnProvenByAnother):
                await numbers.validate_asn(own)


async def rival(numbers: Numbers) -> OwnAsn:
    """Another account proves the number by its token."""
    own = await numbers.bring(account_id=await numbers.new_account())
    await proves(numbers, own)
    return await again(numbers, own)


async def again(numbers: Numbers, own: OwnAsn) -> OwnAsn:
    """As it is by now."""
    return await numbers.reads.one(own.account_id, own.id)


async def first(numbers: Numbers) -> OwnAsn:
    """The account's own, as it is by now."""
    [own] = await numbers.reads.page(numbers.account_id, after=None, limit=10)
    assert own.asn == CUSTOMER
    return own


async def open_ones(numbers: Numbers) -> Sequence[AsnDisputeView]:
    return await numbers.reads.disputes.listed()


async def decide(
    numbers: Numbers, side: Side, dispute_id: UUID | None = None, **more: Any
) -> AsnDispute:
    """This one, or the one that is open."""
    if dispute_id is None:
        (only,) = await open_ones(numbers)
        dispute_id = only.dispute.id
    verb = Verb(numbers.rules, partial(decide_asn_dispute, terms=numbers.asn_terms))
    asked = {"for_": side, "reason": WHY, "early": True, **more}
    decided: AsnDispute = await verb(dispute_id, **asked, by=BY)
    return decided


async def told(numbers: Numbers, claim: Claim, kind: str) -> list[dict[str, Any]]:
    """What a prefix's history says of that."""
    return [dict(one.after) for one in await numbers.events(claim) if one.kind == kind]


async def contest(
    store: Store, terms: AsnTerms, account_id: UUID, other_id: UUID, asn: int = 3320
) -> tuple[OwnAsn, OwnAsn]:
    """Where no statistics are loaded: the operator approves it for one, and another proves it."""
    own = await approved_asn(store, terms, account_id, asn)
    return own, await prove_too(store, terms, other_id, asn)


async def approved_asn(store: Store, terms: AsnTerms, account_id: UUID, asn: int) -> OwnAsn:
    """The operator approves it, without a proof."""
    adding = Verb(store, partial(own_asns.add, terms=terms))
    approving = Verb(store, partial(own_asns.approve, terms=terms))
    added = await adding(account_id, asn=asn, by=BY)
    own: OwnAsn = await approving(added.id, reason=WHY, by=BY)
    return own


async def prove_too(store: Store, terms: AsnTerms, account_id: UUID, asn: int) -> OwnAsn:
    """An account proves what another has proven."""
    adding = Verb(store, partial(own_asns.add, terms=terms))
    other: OwnAsn = await adding(account_id, asn=asn, by=BY)
    answer = f"aut-num: AS{asn}\nremarks: {LABEL}: {other.token}\n".encode()
    proof = AsnProof(other.token, ProvenBy.TOKEN, "ripencc", "h-2", "It carries it.", answer)

    async def still(_tx: Transaction, _own: OwnAsn) -> bool:
        return True

    await note_contest(store, other, proof, still)
    return other
