"""`byoip doctor` looks at real speakers and listeners: what they accept, and who is connected."""

import pytest

from byoip.cli.doctor.finding import State
from tests.doctor.healthy import Service
from tests.real.bird_router import Feed, bird_router
from tests.real.gobgpd import Peering, gobgpd
from tests.real.parts import Part, require

pytestmark = pytest.mark.real

SPEAKER, ROUTER = "127.0.0.71", "127.0.0.72"


@pytest.fixture(autouse=True)
def _parts() -> None:
    require(Part.GOBGP, Part.BIRD)


async def test_a_speaker_and_a_router_that_hears_it_have_nothing_to_mend(healthy: Service) -> None:
    peering = Peering(ROUTER, 64501, graceful=True)
    with gobgpd(address=SPEAKER, asn=64500, neighbours=[peering]) as daemon:
        feed = Feed("ams1", SPEAKER, daemon.port, 64500, graceful=True)
        with bird_router(address=ROUTER, asn=64501, speakers=[feed]) as router:
            router.wait_for_sessions()
            healthy.settings["speakers"] = [{"name": "ams1", "address": daemon.target}]
            healthy.settings["listeners"] = [{"name": "rr1", "socket": router.control}]
            found = await healthy.findings()
    assert [one for one in found if one.state is State.FAULT] == []
    checks = [(one.check, one.state) for one in found if one.subject in {"ams1", "rr1"}]
    # Its session comes up by itself, which the manual has otherwise.
    assert checks == [
        ("speaker", State.OK),
        ("speaker", State.NOTE),
        ("listener", State.OK),
    ]


async def test_a_speaker_that_would_take_routes_of_neighbours(healthy: Service) -> None:
    peering = Peering(ROUTER, 64501, admin_down=True)
    with gobgpd(address=SPEAKER, asn=64500, neighbours=[peering], guarded=False) as daemon:
        healthy.settings["speakers"] = [{"name": "ams1", "address": daemon.target}]
        found = await healthy.to_mend()
        assert set(found) == {"import_policy ams1"}
        assert "no import policy byoip-no-imports" in found["import_policy ams1"].said
        again = await healthy.to_mend()
    assert again == found, "looking has changed it"


async def test_a_router_without_sessions_hears_nobody(healthy: Service) -> None:
    with (
        gobgpd(address=SPEAKER, asn=64500) as daemon,
        bird_router(address=ROUTER, asn=64501, speakers=[]) as router,
    ):
        healthy.settings["speakers"] = [{"name": "ams1", "address": daemon.target}]
        healthy.settings["listeners"] = [{"name": "rr1", "socket": router.control}]
        found = await healthy.to_mend()
    assert set(found) == {"listener rr1"}
    assert "none of its BGP sessions is established" in found["listener rr1"].said
