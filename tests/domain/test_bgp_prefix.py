"""Which routes may be, and when they may be announced."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from byoip.domain.bindings.service_binding import (
    PrefixNotApproved,
    Service,
    ServiceBinding,
)
from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.claim import CheckRecord, Claim
from byoip.domain.claims.lifecycle import IllegalTransition, Standing
from byoip.domain.errors import Refusal
from byoip.domain.routes import bgp_prefix
from tests.domain.samples import NOW, claim, prefix

YES = CheckRecord(CheckState.VALID, passed_at=NOW)
LATER = NOW + timedelta(hours=1)


def approved(cidr: str = "31.0.0.0/22") -> Claim:
    return claim(prefix=prefix(cidr), irr=YES, rpki=YES, ownership=YES).approve(NOW)


def bound(about: Claim, cidr: str | None = None) -> ServiceBinding:
    part = about.prefix if cidr is None else prefix(cidr)
    return ServiceBinding(uuid4(), about.id, about.prefix, part, Service(uuid4(), "CDN"), NOW)


def route(about: Claim, cidr: str | None = None) -> bgp_prefix.BgpPrefix:
    part = about.prefix if cidr is None else prefix(cidr)
    return bgp_prefix.withheld(about, part, uuid4(), request_id="request-1", now=NOW)


@pytest.mark.parametrize(
    ("within", "cidr", "refusal"),
    [
        ("31.0.0.0/22", "31.0.0.0/23", None),
        ("31.0.0.0/22", "31.0.3.0/24", None),
        ("31.0.0.0/22", "31.0.0.0/25", bgp_prefix.BgpPrefixTooSpecific),
        ("31.0.0.0/22", "31.0.0.0/21", bgp_prefix.BgpPrefixOutsidePrefix),
        ("31.0.0.0/22", "31.0.4.0/24", bgp_prefix.BgpPrefixOutsidePrefix),
        ("31.0.0.0/22", "2a00:1::/48", bgp_prefix.BgpPrefixOutsidePrefix),
        ("31.0.0.0/22", "31.0.0.0/22", bgp_prefix.BgpPrefixExists),
        ("2a00:1::/32", "2a00:1:2::/48", None),
        ("2a00:1::/32", "2a00:1:2::/49", bgp_prefix.BgpPrefixTooSpecific),
    ],
)
def test_a_route_lies_inside_and_is_one_that_the_internet_carries(
    within: str, cidr: str, refusal: type[Refusal] | None
) -> None:
    about = approved(within)
    existing = [route(about)]
    if refusal is None:
        bgp_prefix.may_add(prefix(cidr), about, [bound(about)], existing)
        return
    with pytest.raises(refusal):
        bgp_prefix.may_add(prefix(cidr), about, [bound(about)], existing)


def test_a_prefix_has_a_quota_of_routes() -> None:
    about = approved("31.0.0.0/8")
    some = [route(about)] * bgp_prefix.BGP_PREFIXES_PER_PREFIX
    with pytest.raises(bgp_prefix.TooManyBgpPrefixes):
        bgp_prefix.may_add(prefix("31.0.0.0/24"), about, [bound(about)], some)


def test_a_prefix_on_its_way_out_is_told_the_way_back() -> None:
    about = replace(approved(), standing=Standing.OFFBOARDING)
    with pytest.raises(IllegalTransition, match="restore"):
        bgp_prefix.may_add(prefix("31.0.0.0/24"), about, [bound(about)], [])


def test_what_is_not_approved_gets_no_parts() -> None:
    pending = claim()
    with pytest.raises(PrefixNotApproved):
        bgp_prefix.may_add(pending.prefix, pending, [bound(pending)], [])


def test_every_change_that_routers_hear_of_has_a_number_and_withdrawn_names_its_entry() -> None:
    about = approved()
    made, binding, entry = route(about), bound(about), uuid4()
    waiting = made.prepended(1, request_id="2", now=NOW)
    up = waiting.announced(binding, prepend=2, request_id="3", now=NOW)
    longer = up.prepended(3, request_id="4", now=LATER)
    down = longer.withdrawn(entry, request_id="5", now=LATER)
    changes = [one.desired.change for one in (made, waiting, up, longer, down)]
    assert changes == [1, 1, 2, 3, 4]
    assert (up.desired.binding_id, up.desired.withdrawal_id) == (binding.id, None)
    assert (down.desired.binding_id, down.desired.withdrawal_id) == (None, entry)
    assert (longer.desired.at, down.desired.at) == (NOW, LATER)
    assert (down.desired.prepend, down.desired.request_id) == (3, "5")
    assert down.route.prepend == 3


def test_a_locked_route_does_not_follow_its_owner() -> None:
    with pytest.raises(bgp_prefix.LockedByOperator):
        replace(route(approved()), locked=True).require_unlocked()


@pytest.mark.parametrize("count", [-1, 4])
def test_the_origin_is_repeated_at_most_three_times(count: int) -> None:
    with pytest.raises(ValueError, match="0 to 3"):
        bgp_prefix.prepends(count)
