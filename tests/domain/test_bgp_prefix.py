"""Which routes may be, and when they may be announced."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from byoip.domain.bindings import service_binding
from byoip.domain.checks.evidence import CheckState, Failed, Fault, Passed, Reason, Unanswered
from byoip.domain.claims.claim import CheckRecord, Claim, PrefixSuspended
from byoip.domain.claims.lifecycle import IllegalTransition, Standing
from byoip.domain.errors import Refusal
from byoip.domain.routes import bgp_prefix, route_validity
from tests.domain.samples import NOW, claim, prefix

YES = CheckRecord(CheckState.VALID, passed_at=NOW)
LATER = NOW + timedelta(hours=1)


def approved(cidr: str = "31.0.0.0/22") -> Claim:
    return claim(prefix=prefix(cidr), irr=YES, rpki=YES, ownership=YES).approve(NOW)


def bound(about: Claim, cidr: str | None = None) -> service_binding.ServiceBinding:
    part = about.prefix if cidr is None else prefix(cidr)
    return service_binding.ServiceBinding(
        uuid4(), about.id, about.prefix, part, service_binding.Service(uuid4(), "CDN"), NOW
    )


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


STANDINGS = [
    pytest.param(Standing.SUSPENDED, PrefixSuspended, id="suspended"),
    pytest.param(Standing.CONTESTED, bgp_prefix.Contested, id="contested"),
    pytest.param(Standing.OFFBOARDING, IllegalTransition, id="offboarding"),
]


@pytest.mark.parametrize(("standing", "refusal"), STANDINGS)
def test_nothing_is_announced_in_any_standing_but_ok(
    standing: Standing, refusal: type[Refusal]
) -> None:
    about = replace(approved(), standing=standing)
    with pytest.raises(refusal):
        bgp_prefix.may_announce(about, [bound(about)], lacking=())


def test_a_prefix_on_its_way_out_is_told_the_way_back() -> None:
    about = replace(approved(), standing=Standing.OFFBOARDING)
    with pytest.raises(IllegalTransition, match="restore"):
        bgp_prefix.may_announce(about, [bound(about)], lacking=())
    with pytest.raises(IllegalTransition, match="restore"):
        bgp_prefix.may_add(prefix("31.0.0.0/24"), about, [bound(about)], [])


@pytest.mark.parametrize(
    ("kept", "lacking", "told"),
    [
        pytest.param((), (), "no service", id="nothing bound"),
        pytest.param(("31.0.0.0/24",), (), "no service", id="a part bound"),
        pytest.param((None,), ("fra", "ber"), "at fra, ber", id="edges lack it"),
    ],
)
def test_no_address_without_a_service(
    kept: Sequence[str | None], lacking: Sequence[str], told: str
) -> None:
    about = approved()
    with pytest.raises(bgp_prefix.IncompleteBgpDeployment, match=told):
        bgp_prefix.may_announce(about, [bound(about, cidr) for cidr in kept], lacking=lacking)


def test_the_default_binding_answers_once_it_is_active() -> None:
    about = approved()
    default = bound(about)
    with pytest.raises(bgp_prefix.IncompleteBgpDeployment):
        bgp_prefix.may_announce(
            about, [replace(default, state=service_binding.Provisioning.PROVISIONING)], lacking=()
        )
    nested = bound(about, "31.0.0.0/24")
    assert bgp_prefix.may_announce(about, [nested, default], lacking=()) == default


def test_what_is_not_approved_is_neither_added_nor_announced() -> None:
    pending = claim()
    with pytest.raises(service_binding.PrefixNotApproved):
        bgp_prefix.may_announce(pending, [bound(pending)], lacking=())
    with pytest.raises(service_binding.PrefixNotApproved):
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
    with pytest.raises(bgp_prefix.AdvertiseStateLocked):
        replace(route(approved()), locked=True).require_unlocked()


@pytest.mark.parametrize("count", [-1, 4])
def test_the_origin_is_repeated_at_most_three_times(count: int) -> None:
    with pytest.raises(ValueError, match="0 to 3"):
        bgp_prefix.prepends(count)


NO = Failed(Reason.ROA_MISSING, "No ROA covers it.", "Publish one.")
UNKNOWN = Unanswered(Fault.STALE, "The data is old.")


def test_a_valid_route_is_noted_as_such_and_another_is_refused() -> None:
    assert route_validity.require_valid(Passed("Valid."), None, NOW)
    with pytest.raises(route_validity.OriginNotValid, match="Publish one"):
        route_validity.require_valid(NO, NOW, NOW)  # a "no" counts, whatever was said before


def test_no_answer_is_no_yes_but_where_one_was_given_within_seven_days() -> None:
    assert (
        route_validity.require_valid(UNKNOWN, NOW - route_validity.LAST_WORD_COUNTS, NOW) is False
    )
    with pytest.raises(route_validity.OriginUnanswered):
        route_validity.require_valid(UNKNOWN, None, NOW)
    with pytest.raises(route_validity.OriginUnanswered):
        route_validity.require_valid(
            UNKNOWN, NOW - route_validity.LAST_WORD_COUNTS - timedelta(seconds=1), NOW
        )
