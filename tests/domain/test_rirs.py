import pytest

from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.checks.rirs import RIRS

BY_KEY = {registry.key: registry for registry in RIRS}


def test_the_five_registries_are_there_by_the_keys_of_their_statistics() -> None:
    assert set(BY_KEY) == {"afrinic", "apnic", "arin", "lacnic", "ripencc"}


@pytest.mark.parametrize("registry", RIRS, ids=lambda one: one.key)
def test_the_holder_rule_stands_where_route_maintainers_may_create_routes(
    registry: Registry,
) -> None:
    assert registry.holder_rule == (registry.dialect is Dialect.RIPE)
    assert registry.offers_route_objects


def test_routing_registries_are_asked_and_not_the_registration_whois() -> None:
    assert BY_KEY["arin"].host == "rr.arin.net"
    assert BY_KEY["lacnic"].host == "irr.lacnic.net"
