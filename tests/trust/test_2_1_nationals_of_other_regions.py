"""Trust, 2.1: a national registry says nothing of space of another region, whoever holds it.

The settings may name a registry for a country. Companies of that country hold space of other
regions as well: there a stranger with a maintainer at the national registry proves nothing.
"""

from dataclasses import replace

import pytest

from byoip.domain.checks.evidence import Check, Failed, Reason
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.sandbox.whois_server import WhoisServer
from tests.trust.parties import Parties, whois_at
from tests.trust.test_2_3_no_dead_ends import JAPANESE, JPIRR, block, route
from tests.usecases.world import roa

OTHERS = replace(JPIRR, key="jpirr")  # as the manual writes it: JP = "jpirr"


@pytest.mark.parametrize("region", ["arin", "ripencc", "afrinic", "lacnic"])
async def test_2_1_a_stranger_s_object_at_a_national_registry_proves_no_space_of_another_region(
    registry_world: tuple[Parties, WhoisServer], region: str
) -> None:
    world, _ = registry_world
    world.countries = {"JP": "jpirr"}
    async with whois_at(OTHERS) as (national, known):
        world.known |= known
        await world.statistics(JAPANESE.replace("apnic", region))
        claim = await world.claim("103.5.0.0/24")
        await world.issue(claim, TokenMethod.IRR)
        await world.roas(roa(claim.prefix))
        token = (await world.token(claim)).value
        national.put("JPIRR", route(claim.prefix, "JPIRR", token, "MAINT-STRANGER"))
        run = await world.validate(claim)
    assert run.run.result is not RunResult.APPROVED
    outcome = {one.check: one.outcome for one in run.findings}[Check.IRR]
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.ROUTE_OBJECT_MISSING


async def test_2_3_under_a_key_of_the_settings_it_is_asked_where_its_maintainer_stands(
    registry_world: tuple[Parties, WhoisServer],
) -> None:
    world, apnic = registry_world
    world.countries = {"JP": "jpirr"}
    async with whois_at(OTHERS) as (national, known):
        world.known |= known
        await world.statistics(JAPANESE)
        claim = await world.claim("103.5.0.0/24")
        await world.issue(claim, TokenMethod.IRR)
        await world.roas(roa(claim.prefix))
        token = (await world.token(claim)).value
        apnic.put("APNIC", route(claim.prefix, "APNIC", token))
        apnic.put("APNIC", block(claim.prefix, "MAINT-JPNIC"))
        national.put("JPIRR", route(claim.prefix, "JPIRR", token))
        run = await world.validate(claim)
    assert run.run.result is RunResult.APPROVED
