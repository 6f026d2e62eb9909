from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from uuid import uuid4

import pytest

from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import AccountNotFound
from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import CheckState, Reason
from byoip.domain.claims.claim import CheckRecord, ClaimNotFound, OverlapsOwnClaim
from byoip.domain.claims.closing import term_ends
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.prefix import Prefix
from byoip.store.transaction import Store
from tests.accounts import Accounts
from tests.store.samples import SetClock, account, claim, passed, undone


async def test_a_claim_comes_back_as_it_was_kept(store: Store, customer: Account) -> None:
    kept = replace(
        claim(customer.id, "2001:db8::/32"),
        irr=CheckRecord(CheckState.MISSING, None, Reason.ROUTE_OBJECT_MISSING, "saw", "fix", "?"),
        other_origins=(OtherOrigin(Asn(1), Prefix(ip_network("2001:db8:1::/48")), "ROA"),),
        registry="ripencc",
    )
    async with store.transaction() as tx:
        await tx.claims.add(kept)
    async with store.transaction() as tx:
        assert await tx.claims.get(kept.id) == kept
        assert await tx.claims.lock(kept.id, customer.id) == kept


async def test_what_outsiders_say_cannot_keep_a_claim_from_being_saved(
    store: Store, customer: Account
) -> None:
    hostile = CheckRecord(CheckState.INVALID, seen="a\0b\ud800c")
    async with store.transaction() as tx:
        await tx.claims.add(kept := replace(claim(customer.id), irr=hostile))
        assert (await tx.claims.get(kept.id)).irr.seen == "a\ufffdb?c"


async def test_changes_are_saved(store: Store, customer: Account, clock: SetClock) -> None:
    kept = claim(customer.id)
    proven = replace(
        kept, irr=passed(clock.now()), rpki=passed(clock.now()), ownership=passed(clock.now())
    ).approve(clock.now())
    async with store.transaction() as tx:
        await tx.claims.add(kept)
    async with store.transaction() as tx:
        await tx.claims.lock(kept.id)
        await tx.claims.save(proven)
    async with store.transaction() as tx:
        assert await tx.claims.get(kept.id) == proven


async def test_a_failed_transaction_keeps_nothing(store: Store, customer: Account) -> None:
    kept = claim(customer.id)
    async with undone(store) as tx:
        await tx.claims.add(kept)
    async with store.transaction() as tx:
        with pytest.raises(ClaimNotFound):
            await tx.claims.get(kept.id)


@pytest.mark.parametrize("cidr", ["192.0.2.0/24", "192.0.0.0/16"], ids=["same", "around"])
async def test_within_an_account_claims_never_overlap(
    store: Store, customer: Account, cidr: str
) -> None:
    async with store.transaction() as tx:
        await tx.claims.add(claim(customer.id, "192.0.2.0/24"))
    with pytest.raises(OverlapsOwnClaim):
        async with store.transaction() as tx:
            await tx.claims.add(claim(customer.id, cidr))


async def test_closed_space_may_be_claimed_again(
    store: Store, customer: Account, clock: SetClock
) -> None:
    first = claim(customer.id)
    async with store.transaction() as tx:
        await tx.claims.add(first)
        await tx.claims.save(first.close(Transition.REMOVED, clock.now()))
        await tx.claims.add(claim(customer.id))
        with pytest.raises(ClaimNotFound):
            await tx.claims.lock(first.id)


async def test_another_accounts_claim_is_not_there(store: Store, customer: Account) -> None:
    async with store.transaction() as tx:
        await tx.claims.add(kept := claim(customer.id))
        with pytest.raises(ClaimNotFound):
            await tx.claims.lock(kept.id, uuid4())


async def test_locking_an_account_tells_its_claims_and_its_quota(
    store: Store, customer: Account
) -> None:
    async with store.transaction() as tx:
        await tx.claims.add(claim(customer.id))
    async with store.transaction() as tx:
        assert await tx.claims.lock_account(customer.id) == (1, 10)
        with pytest.raises(AccountNotFound):
            await tx.claims.lock_account(uuid4())


async def test_approved_claims_that_overlap_are_found_in_any_account(
    store: Store, accounts: Accounts, customer: Account, clock: SetClock
) -> None:
    await accounts.create(other := account())
    theirs, pending, ours = (
        claim(other.id, "192.0.2.0/24"),
        claim(other.id, "198.51.100.0/24"),
        claim(customer.id, "192.0.0.0/16"),
    )
    theirs = replace(theirs, ownership=passed(clock.now())).approve(clock.now())
    async with store.transaction() as tx:
        for one in (theirs, pending, ours):
            await tx.claims.add(one)
        await tx.claims.lock_space(ours.prefix)
        assert await tx.claims.approved_overlapping(ours.prefix) == [theirs]
        assert await tx.claims.approved_overlapping(pending.prefix) == []


async def test_claims_unproven_for_long_are_found(store: Store, customer: Account) -> None:
    async with store.transaction() as tx:
        await tx.claims.add(kept := claim(customer.id))
        closes = term_ends(kept)
        assert closes is not None
        assert await tx.claims.unproven(closes, 10) == {}  # it was not told
        await tx.claims.save(replace(kept, told_closing_at=closes - timedelta(days=1)))
        assert await tx.claims.unproven(closes - timedelta(seconds=1), 10) == {}
        assert await tx.claims.unproven(closes, 10) == {kept.id: customer.id}
