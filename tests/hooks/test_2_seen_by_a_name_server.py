"""Webhooks 2: the same with a name server of others (Knot DNS), whose zone changes meanwhile."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from byoip.adapters.checks.dns_exchange import Server
from byoip.adapters.hooks.addresses import Addresses
from byoip.adapters.hooks.pinned_post import PinnedPost
from byoip.adapters.network_policy import NetworkPolicy
from tests.hooks.receivers import Receiver, receiver
from tests.hooks.test_2_addresses import to
from tests.real.knot_server import KnotServer, knot_servers
from tests.real.parts import Part, require
from tests.real.processes import free_port

pytestmark = pytest.mark.real

ZONE = """
@ 0 SOA ns host 1 60 60 60 0
@ 0 NS ns
ns 0 A 127.0.0.1
hook 0 CNAME at.hook
at.hook 0 A {address}
{more}
"""
ONLY = NetworkPolicy(allowed=(ip_network("127.0.0.1/32"),))


@pytest.fixture
def knot() -> Iterator[KnotServer]:
    require(Part.KNOT)
    with knot_servers(["127.0.0.1"], free_port("127.0.0.1")) as servers:
        yield servers["127.0.0.1"]


async def test_a_zone_that_points_inside_from_one_attempt_to_the_next(
    knot: KnotServer, there: Receiver
) -> None:
    post = PinnedPost(Addresses([Server(knot.address, knot.port)], ONLY), seconds=5)

    async def attempt(port: int) -> int | None:
        url = to(f"http://hook.rebind.example:{port}/")
        return (await post.post(url, {"webhook-id": "evt_1"}, b"{}")).status

    knot.serve({"rebind.example.": ZONE.format(address="127.0.0.1", more="")})
    assert await attempt(there.port) == 204, "through an alias, too"
    async with receiver(host="127.0.0.2") as inside:
        knot.serve({"rebind.example.": ZONE.format(address="127.0.0.2", more="")})
        assert await attempt(inside.port) is None
        both = ZONE.format(address="127.0.0.1", more="at.hook 0 A 127.0.0.2")
        knot.serve({"rebind.example.": both})
        assert await attempt(there.port) is None, "one of two is inside"
        mapped = ZONE.format(address="127.0.0.1", more="at.hook 0 AAAA ::ffff:127.0.0.2")
        knot.serve({"rebind.example.": mapped})
        assert await attempt(there.port) is None
        assert inside.connections == 0
    assert len(there.got) == 1
