"""Trust, 2.1: who may create routes writes them in the holder's name, and proves nothing so.

RIPE's database asks one of an object's maintainers: first one of the new object's, later one of
those it had. So a transit provider creates the route with its own and the holder's, and drops its
own: what is left is what the holder would have written.
"""

import pytest

from byoip.domain.checks.evidence import Failed, Passed, Reason
from byoip.domain.checks.rpsl import parse_objects, render
from tests.trust.test_2_1_holder_rule import RegistryWorld, claim_in, golden, judged

OTHERS = ["TRANSIT-MNT", "transit-mnt ANY", "TRANSIT-MNT {31.0.1.0/24^24}", "LIR-MNT, TRANSIT-MNT"]
OWN = ["LIR-MNT", "lir-mnt {31.0.1.0/24}", "LIR-MNT ANY"]


@pytest.mark.parametrize("routes", [*OTHERS, *OWN])
async def test_2_1_no_stranger_may_write_what_proves_the_space(
    registry_world: RegistryWorld, routes: str
) -> None:
    text = f"{render([golden('RIPE')[0]])}mnt-routes: {routes}\n".encode()
    [block] = parse_objects(text)
    claim = await claim_in(registry_world, "RIPE", block)
    registry_world[1].put("RIPE", text)

    outcome = await judged(registry_world, "RIPE", claim, ["LIR-MNT"])

    if routes in OWN:
        assert isinstance(outcome, Passed), outcome
        return
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER
    assert outcome.seen == (
        "By mnt-routes of 31.0.1.0 - 31.0.1.255 TRANSIT-MNT may write routes as well, also in your "
        "name."
    )
    assert "Prove ownership in reverse DNS, or take TRANSIT-MNT out of mnt-routes" in outcome.fix


@pytest.mark.parametrize("lower", ["TRANSIT-MNT", "LIR-MNT", "RIPE-NCC-HM-MNT"])
@pytest.mark.parametrize("addresses", ["31.0.1.0 - 31.0.1.255", "31.0.0.0 - 31.0.3.255"])
async def test_2_1_mnt_lower_may_write_routes_of_parts_of_the_block(
    registry_world: RegistryWorld, addresses: str, lower: str
) -> None:
    claim = await claim_in(registry_world, "RIPE", golden("RIPE")[0])
    registry_world[1].clear()
    lines = ["status: ALLOCATED PA", "mnt-by: LIR-MNT", f"mnt-lower: {lower}", "source: RIPE"]
    registry_world[1].put("RIPE", "\n".join([f"inetnum: {addresses}", *lines]).encode())

    outcome = await judged(registry_world, "RIPE", claim, ["LIR-MNT"])

    if lower != "TRANSIT-MNT" or addresses == "31.0.1.0 - 31.0.1.255":
        assert isinstance(outcome, Passed), outcome
        return
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER
    assert outcome.seen.startswith(f"By mnt-lower of {addresses} TRANSIT-MNT may write routes")
    assert "take TRANSIT-MNT out of mnt-lower" in outcome.fix
