"""A prefix whose origin is its customer's own number moves: the number first, by the operator."""

from functools import partial

import pytest

from byoip.domain.asn import OriginNotOffered
from byoip.domain.asns.own_asn import AsnProvenByAnother
from byoip.usecases.claims import moves
from tests.asns.numbers import CUSTOMER, Numbers
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import ORIGIN


async def test_it_moves_once_the_number_is_the_new_accounts_and_no_route_goes(
    numbers: Numbers,
) -> None:
    claim = await numbers.served()
    await numbers.want(claim)
    to = await numbers.new_account()
    theirs = await numbers.bring(account_id=to)
    moving = Verb(numbers.rules, partial(moves.move_on_word, terms=numbers.terms))

    async def move() -> None:
        await moving(claim.id, to_account_id=to, reason="Sold within the house.", by=BY)

    with pytest.raises(OriginNotOffered):
        await move()
    with pytest.raises(AsnProvenByAnother):
        await numbers.approve(theirs)
    async with numbers.store.transaction() as tx:
        ours = await tx.own_asns.proven(numbers.account_id, CUSTOMER)
    assert ours is not None
    await numbers.revoke(ours)
    await numbers.approve(theirs)
    await move()
    moved = await numbers.reader.bgp_prefix(to, claim.id, None)
    assert moved.bgp_prefix.desired.advertised
    assert (moved.bgp_prefix.asn, moved.bgp_prefix.behind) == (CUSTOMER, ORIGIN)
    kinds = [one.kind for one in (await numbers.reader.events(to, claim.id, after=0, limit=100))]
    assert "bgp_prefix.withdrawn" not in kinds
