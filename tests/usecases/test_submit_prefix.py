from typing import Any

import pytest

from byoip.domain import prefix
from byoip.domain.asn import InvalidAsn, OriginNotOffered
from byoip.domain.claims.claim import CheckRecord, OverlapsOwnClaim, TooManyClaims
from byoip.domain.claims.lifecycle import Standing, State
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.customer_text import InvalidText
from byoip.domain.errors import Refusal
from tests.store.samples import BY
from tests.usecases.world import CIDR, WEEK, World

GOOD: dict[str, Any] = {
    "cidr": CIDR,
    "asn": 64500,
    "description": "ours",
    "delegate_loa_creation": True,
}


async def test_a_new_claim_comes_with_a_token_that_serves_either_method(world: World) -> None:
    view = await world.submit_prefix(world.account_id, **GOOD, by=BY)
    claim, now = view.claim, world.clock.now()
    assert (claim.state, claim.standing) == (State.PENDING, Standing.OK)
    assert claim.irr == claim.rpki == claim.ownership == CheckRecord()
    assert view.token is not None
    assert view.token.method is TokenMethod.ANY
    assert (view.token.created_at, view.token.expires_at) == (now, now + WEEK)
    assert await world.reader.claim(world.account_id, claim.id) == view
    (event,) = await world.events(claim)
    assert (event.kind, event.actor, event.request_id) == ("prefix.created", BY.name, BY.request_id)
    assert event.after == {"cidr": CIDR, "asn": 64500, "state": "pending"}
    assert await world.jobs() == []


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"cidr": "31.0.0.1/23"}, prefix.InvalidPrefix),
        ({"cidr": "31.0.0.0/25"}, prefix.PrefixLengthRefused),
        ({"cidr": "192.0.2.0/24"}, prefix.SpecialPurposePrefix),
        ({"cidr": "20.0.0.0/15"}, prefix.OperatorInfrastructure),
        ({"asn": 2**32}, InvalidAsn),
        ({"asn": 64501}, OriginNotOffered),
        ({"description": "x" * 100_000}, InvalidText),
    ],
    ids=lambda given: str(given)[:40],
)
async def test_a_refused_request_leaves_nothing(
    world: World, change: dict[str, Any], refusal: type[Refusal]
) -> None:
    before = await world.everything()
    with pytest.raises(refusal):
        await world.submit_prefix(world.account_id, **(GOOD | change), by=BY)
    assert await world.everything() == before


@pytest.mark.parametrize("cidr", [CIDR, "31.0.0.0/22", "31.0.1.0/24"])
async def test_within_one_account_claims_never_overlap(world: World, cidr: str) -> None:
    await world.claim()
    before = await world.everything()
    with pytest.raises(OverlapsOwnClaim):
        await world.claim(cidr)
    assert await world.everything() == before


async def test_a_claim_reserves_nothing_for_its_account(world: World) -> None:
    await world.approved()
    other = await world.claim(account_id=await world.new_account())
    assert other.state is State.PENDING


async def test_an_account_has_no_more_claims_than_its_quota(world: World) -> None:
    account_id = await world.new_account(quota=1)
    await world.claim(account_id=account_id)
    before = await world.everything()
    with pytest.raises(TooManyClaims):
        await world.claim("31.0.4.0/24", account_id=account_id)
    assert await world.everything() == before
