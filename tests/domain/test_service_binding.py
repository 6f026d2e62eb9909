from ipaddress import ip_address
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byoip.domain.bindings.service_binding import (
    BINDINGS_PER_PREFIX,
    BindingExists,
    BindingOutsidePrefix,
    DefaultBindingFirst,
    DefaultBindingInUse,
    DefaultOnlyService,
    Service,
    ServiceBinding,
    TooManyBindings,
    answering,
    may_bind,
    may_serve,
    may_unbind,
)
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix
from tests.domain.samples import NOW, prefix

WHOLE = prefix("192.0.2.0/24")
PROXY = Service(uuid4(), "proxy", default_only=True)
CDN = Service(uuid4(), "cdn")
CLAIM = UUID(int=1)


def bound(cidr: str, service: Service = CDN, whole: Prefix = WHOLE) -> ServiceBinding:
    return ServiceBinding(uuid4(), CLAIM, whole, prefix(cidr), service, NOW)


DEFAULT = bound("192.0.2.0/24", PROXY)


@pytest.mark.parametrize(
    ("cidr", "service", "existing"),
    [
        pytest.param("192.0.2.0/24", PROXY, [], id="the-first-spans-the-prefix"),
        pytest.param("192.0.2.0/24", CDN, [], id="any-service-as-default"),
        pytest.param("192.0.2.128/25", CDN, [DEFAULT], id="nested"),
        pytest.param("192.0.2.7/32", CDN, [DEFAULT], id="a-single-address"),
        pytest.param("192.0.2.0/26", CDN, [DEFAULT, bound("192.0.2.0/25")], id="nested-twice"),
        pytest.param("192.0.2.0/25", CDN, [DEFAULT, bound("192.0.2.0/26")], id="around-another"),
    ],
)
def test_bindings_nest(cidr: str, service: Service, existing: list[ServiceBinding]) -> None:
    may_bind(WHOLE, prefix(cidr), service, existing)


@pytest.mark.parametrize(
    ("cidr", "service", "existing", "refusal"),
    [
        pytest.param("192.0.3.0/24", CDN, [DEFAULT], BindingOutsidePrefix, id="elsewhere"),
        pytest.param("192.0.2.0/23", CDN, [DEFAULT], BindingOutsidePrefix, id="wider"),
        pytest.param("2001:db8::/48", CDN, [DEFAULT], BindingOutsidePrefix, id="other-family"),
        pytest.param("192.0.2.0/25", CDN, [], DefaultBindingFirst, id="no-default-yet"),
        pytest.param("192.0.2.0/24", CDN, [DEFAULT], BindingExists, id="a-second-default"),
        pytest.param(
            "192.0.2.0/25", CDN, [DEFAULT, bound("192.0.2.0/25")], BindingExists, id="same-range"
        ),
        pytest.param("192.0.2.0/25", PROXY, [DEFAULT], DefaultOnlyService, id="default-only"),
    ],
)
def test_what_does_not_nest_is_refused(
    cidr: str, service: Service, existing: list[ServiceBinding], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        may_bind(WHOLE, prefix(cidr), service, existing)


def test_a_prefix_has_at_most_1000_bindings() -> None:
    wide = prefix("198.18.0.0/22")
    full = [bound("198.18.0.0/22", PROXY, wide)]
    full += [bound(f"{one}/32", CDN, wide) for one in list(wide.network)[: BINDINGS_PER_PREFIX - 1]]

    may_bind(wide, prefix("198.18.3.255/32"), CDN, full[:-1])
    with pytest.raises(TooManyBindings):
        may_bind(wide, prefix("198.18.3.255/32"), CDN, full)


def test_a_swap_keeps_default_only_services_off_parts() -> None:
    may_serve(WHOLE, WHOLE, PROXY)
    with pytest.raises(DefaultOnlyService, match="proxy"):
        may_serve(WHOLE, prefix("192.0.2.0/25"), PROXY)


def test_the_default_goes_last() -> None:
    nested = bound("192.0.2.0/25")

    may_unbind(nested, [DEFAULT, nested])
    may_unbind(DEFAULT, [DEFAULT])
    with pytest.raises(DefaultBindingInUse):
        may_unbind(DEFAULT, [DEFAULT, nested])


def test_the_binding_that_spans_the_prefix_is_the_default() -> None:
    assert DEFAULT.is_default
    assert not bound("192.0.2.0/25").is_default


@pytest.mark.parametrize(
    ("address", "cidr"),
    [
        ("192.0.2.200", "192.0.2.0/24"),
        ("192.0.2.100", "192.0.2.0/25"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.3.7", None),
        ("2001:db8::1", None),
    ],
)
def test_the_longest_match_answers(address: str, cidr: str | None) -> None:
    bindings = [bound("192.0.2.7/32"), DEFAULT, bound("192.0.2.0/25")]

    found = answering(ip_address(address), bindings)

    assert (str(found.cidr) if found else None) == cidr


@given(st.integers(0, 255), st.sets(st.tuples(st.integers(25, 32), st.integers(0, 255))))
def test_no_address_of_a_prefix_with_a_default_is_left_without_a_service(
    last: int, nested: set[tuple[int, int]]
) -> None:
    cidrs = {f"192.0.2.{at >> (32 - length) << (32 - length)}/{length}" for length, at in nested}
    bindings = [DEFAULT, *map(bound, sorted(cidrs))]
    address = ip_address(f"192.0.2.{last}")

    found = answering(address, bindings)

    assert found is not None
    assert address in found.cidr.network
    longer = [one for one in bindings if one.cidr.length > found.cidr.length]
    assert not [one for one in longer if address in one.cidr.network]
