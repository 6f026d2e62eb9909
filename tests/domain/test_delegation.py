from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from byoip.domain.bindings.service_binding import PrefixNotApproved
from byoip.domain.claims.claim import PrefixSuspended
from byoip.domain.claims.delegation import (
    DELEGATIONS_PER_PREFIX,
    LONGEST_DELEGATION,
    Delegation,
    DelegationExpiryRefused,
    DelegationOutsidePrefix,
    DelegationOverlaps,
    DelegationToOwner,
    TooManyDelegations,
    may_delegate,
)
from byoip.domain.claims.lifecycle import Standing, State
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix
from tests.domain.samples import NOW, claim

CLAIM = claim(state=State.APPROVED, approved_at=NOW)
SECOND = timedelta(seconds=1)


def delegation(cidr: str = "192.0.2.0/25", **changed: object) -> Delegation:
    made = Delegation(uuid4(), CLAIM.id, CLAIM.prefix, Prefix.parse(cidr), uuid4(), NOW)
    return replace(made, **changed)  # type: ignore[arg-type]  # whatever the case changes


@pytest.mark.parametrize("cidr", [str(CLAIM.prefix), "192.0.2.128/25", "192.0.2.7/32"])
def test_all_of_a_prefix_or_any_part_may_be_delegated(cidr: str) -> None:
    may_delegate(delegation(cidr), CLAIM, [])


def test_neighbours_may_be_delegated_to_different_accounts_and_to_the_same() -> None:
    first = delegation("192.0.2.0/25")
    may_delegate(delegation("192.0.2.128/25"), CLAIM, [first])
    may_delegate(delegation("192.0.2.128/25", account_id=first.account_id), CLAIM, [first])


REFUSED = [
    pytest.param(delegation("192.0.3.0/24"), DelegationOutsidePrefix, id="beside"),
    pytest.param(delegation("192.0.2.0/23"), DelegationOutsidePrefix, id="around"),
    pytest.param(delegation("2001:db8::/48"), DelegationOutsidePrefix, id="another family"),
    pytest.param(delegation(account_id=CLAIM.account_id), DelegationToOwner, id="to oneself"),
    pytest.param(delegation(expires_at=NOW), DelegationExpiryRefused, id="expires now"),
    pytest.param(delegation(expires_at=NOW - SECOND), DelegationExpiryRefused, id="expired"),
    pytest.param(
        delegation(expires_at=NOW + LONGEST_DELEGATION + SECOND),
        DelegationExpiryRefused,
        id="expires too late",
    ),
]


@pytest.mark.parametrize(("wanted", "refusal"), REFUSED)
def test_what_makes_no_sense_is_refused(wanted: Delegation, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        may_delegate(wanted, CLAIM, [])


def test_an_expiry_may_lie_just_ahead_or_at_the_last_moment() -> None:
    for until in (NOW + SECOND, NOW + LONGEST_DELEGATION):
        may_delegate(delegation(expires_at=until), CLAIM, [])


@pytest.mark.parametrize("cidr", ["192.0.2.0/24", "192.0.2.0/25", "192.0.2.64/26", "192.0.2.9/32"])
def test_no_address_is_delegated_twice(cidr: str) -> None:
    with pytest.raises(DelegationOverlaps):
        may_delegate(delegation(cidr), CLAIM, [delegation("192.0.2.0/25")])


@pytest.mark.parametrize("state", [State.PENDING, State.CLOSED])
def test_only_an_approved_prefix_is_delegated(state: State) -> None:
    with pytest.raises(PrefixNotApproved):
        may_delegate(delegation(), replace(CLAIM, state=state), [])


def test_nothing_new_is_delegated_of_a_suspended_prefix() -> None:
    with pytest.raises(PrefixSuspended):
        may_delegate(delegation(), replace(CLAIM, standing=Standing.SUSPENDED), [])


def test_a_prefix_has_a_bounded_number_of_delegations() -> None:
    elsewhere = [delegation("192.0.2.1/32")] * DELEGATIONS_PER_PREFIX
    with pytest.raises(TooManyDelegations):
        may_delegate(delegation("192.0.2.128/25"), CLAIM, elsewhere)
    may_delegate(delegation("192.0.2.128/25"), CLAIM, elsewhere[1:])


def test_a_delegation_has_expired_from_the_moment_it_names() -> None:
    one = delegation(expires_at=NOW + SECOND)
    assert not one.expired(NOW)
    assert one.expired(NOW + SECOND)
    assert not delegation().expired(NOW + LONGEST_DELEGATION)
