"""The network of these tests: two of them, in any processes, do not get in each other's way."""

import secrets

import pytest

from tests.failover.lan import Lan


def test_a_network_that_another_one_has_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([6, 6, 7])
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(drawn))
    with Lan.made() as one, Lan.made() as other:
        if not one.separate:
            pytest.skip("needs network namespaces")
        assert (one.net, other.net) == (7, 8)
        assert one.plug().host == "10.213.7.1"
        assert other.plug().host == "10.213.8.1"
