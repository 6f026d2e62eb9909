from datetime import timedelta
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byoip.domain.asn import AS0, Asn
from byoip.domain.checks.origin_validation import (
    InvalidBecause,
    Validity,
    Vrp,
    roa_warnings,
    validate_origin,
)
from byoip.domain.prefix import Prefix
from tests.domain.samples import NOW, OTHER, OURS, prefix

ROUTE = prefix("192.0.2.0/24")
LATER = NOW + timedelta(hours=6)


def vrp(cidr: str, max_length: int, asn: Asn = OURS, *, expired: bool = False) -> Vrp:
    return Vrp(prefix(cidr), max_length, asn, "ripe", NOW if expired else LATER)


EXACT = vrp("192.0.2.0/24", 24)
SHORT = vrp("192.0.2.0/23", 23)
FOREIGN = vrp("192.0.2.0/24", 24, OTHER)
AS0_VRP = vrp("192.0.2.0/24", 32, AS0)
GONE = vrp("192.0.2.0/24", 24, expired=True)


@pytest.mark.parametrize(
    ("vrps", "validity", "because"),
    [
        pytest.param([], Validity.NOT_FOUND, None, id="none"),
        pytest.param([vrp("198.51.100.0/24", 24)], Validity.NOT_FOUND, None, id="elsewhere"),
        pytest.param([vrp("192.0.2.0/25", 25)], Validity.NOT_FOUND, None, id="more-specific"),
        pytest.param([vrp("::/0", 128)], Validity.NOT_FOUND, None, id="other-family"),
        pytest.param([EXACT], Validity.VALID, None, id="exact"),
        pytest.param([vrp("192.0.0.0/16", 24)], Validity.VALID, None, id="covering-long-enough"),
        pytest.param([SHORT], Validity.INVALID, InvalidBecause.LENGTH, id="max-length"),
        pytest.param([FOREIGN], Validity.INVALID, InvalidBecause.ORIGIN, id="other-origin"),
        pytest.param([AS0_VRP], Validity.INVALID, InvalidBecause.AS0, id="as0"),
        pytest.param([AS0_VRP, EXACT], Validity.VALID, None, id="one-match-beats-as0"),
        pytest.param([FOREIGN, SHORT, EXACT], Validity.VALID, None, id="one-match-beats-many"),
        pytest.param([FOREIGN, SHORT], Validity.INVALID, InvalidBecause.LENGTH, id="ours-first"),
        pytest.param([FOREIGN, AS0_VRP], Validity.INVALID, InvalidBecause.ORIGIN, id="origin-as0"),
        pytest.param([GONE], Validity.NOT_FOUND, None, id="expired"),
        pytest.param([GONE, FOREIGN], Validity.INVALID, InvalidBecause.ORIGIN, id="expired-other"),
    ],
)
def test_routes_are_judged_by_rfc_6811(
    vrps: list[Vrp], validity: Validity, because: InvalidBecause | None
) -> None:
    verdict = validate_origin(ROUTE, OURS, vrps, now=NOW)

    assert (verdict.validity, verdict.because) == (validity, because)


def test_the_verdict_carries_the_vrps_that_decided_it() -> None:
    far = vrp("198.51.100.0/24", 24)

    valid = validate_origin(ROUTE, OURS, [FOREIGN, EXACT, far], now=NOW)
    invalid = validate_origin(ROUTE, OURS, [FOREIGN, SHORT, far, GONE], now=NOW)

    assert valid.deciding == (EXACT,)
    assert invalid.deciding == (FOREIGN, SHORT)
    assert invalid.expired_would_match == (GONE,)


def test_an_expired_vrp_that_would_not_have_matched_is_no_reason_to_wait() -> None:
    stale = vrp("192.0.2.0/24", 24, OTHER, expired=True)

    assert validate_origin(ROUTE, OURS, [stale], now=NOW).expired_would_match == ()


def test_a_vrp_without_an_expiry_does_not_expire() -> None:
    lasting = Vrp(ROUTE, 24, OURS, "ripe")

    assert validate_origin(ROUTE, OURS, [lasting], now=LATER).validity is Validity.VALID


def test_origin_0_is_never_valid() -> None:
    verdict = validate_origin(ROUTE, AS0, [AS0_VRP], now=NOW)

    assert (verdict.validity, verdict.because) == (Validity.INVALID, InvalidBecause.AS0)


@pytest.mark.parametrize(
    ("matching", "warns"),
    [
        pytest.param(EXACT, False, id="minimal"),
        pytest.param(vrp("192.0.2.0/24", 28), True, id="longer-max-length"),
        pytest.param(vrp("192.0.0.0/16", 24), True, id="wider-prefix"),
    ],
)
def test_a_roa_that_is_not_minimal_is_warned_of(matching: Vrp, warns: bool) -> None:
    warnings = roa_warnings(ROUTE, [matching])

    assert len(warnings) == warns
    assert all("RFC 9319" in warning for warning in warnings)


# A small world, so that routes and VRPs meet often: 0.0.0.0/24 and below, four origins.
def _small(lengths: range) -> st.SearchStrategy[Prefix]:
    return st.sampled_from(lengths).flatmap(
        lambda length: st.integers(0, 2 ** (length - 24) - 1).map(
            lambda bits: Prefix(IPv4Network((bits << (32 - length), length)))
        )
    )


_ORIGINS = st.sampled_from([AS0, OURS, OTHER, Asn(64502)])
_VRPS = st.builds(
    lambda where, extra, asn, age: Vrp(
        where, min(32, where.length + extra), asn, "ripe", NOW + timedelta(hours=age)
    ),
    _small(range(24, 29)),
    st.integers(0, 4),
    _ORIGINS,
    st.integers(-1, 1),
)


def _naive(route: Prefix, origin: Asn, vrps: list[Vrp]) -> Validity:
    """RFC 6811 spelled out on bit strings, with nothing of the code under test."""
    covered = False
    bits = format(int(route.network.network_address), "032b")[: route.length]
    for one in vrps:
        if one.expires_at is not None and one.expires_at <= NOW:
            continue
        of_vrp = format(int(one.prefix.network.network_address), "032b")[: one.prefix.length]
        if bits.startswith(of_vrp):
            covered = True
            if one.asn.number == origin.number != 0 and route.length <= one.max_length:
                return Validity.VALID
    return Validity.INVALID if covered else Validity.NOT_FOUND


@given(_small(range(24, 33)), _ORIGINS, st.lists(_VRPS, max_size=6))
def test_the_verdict_is_that_of_a_naive_model(route: Prefix, origin: Asn, vrps: list[Vrp]) -> None:
    verdict = validate_origin(route, origin, vrps, now=NOW)

    assert verdict.validity is _naive(route, origin, vrps)
    assert (verdict.because is not None) == (verdict.validity is Validity.INVALID)
    without_expiry = [Vrp(one.prefix, one.max_length, one.asn, "ripe") for one in vrps]
    would_be = _naive(route, origin, without_expiry) is Validity.VALID
    assert bool(verdict.expired_would_match) == (
        would_be and verdict.validity is not Validity.VALID
    )
