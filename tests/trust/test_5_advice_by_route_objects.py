"""Trust, 5: nor is a dispute advised for who proves it by a route object that its seller writes.

The old route object stays its seller's until the buyer takes it: a maintainer is added to it, or
another one is named where nothing but the seller says who may, and the other account proves it.
"""

from dataclasses import replace

import pytest

from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.watch.dispute import Advised
from tests.trust.test_5_advice_in_disputes import advised, looks
from tests.usecases.routes import Routes
from tests.watch.conftest import database_url, days, routes, services, world, world_engine
from tests.watch.test_4_after_a_sale import frozen, look_now, new_route
from tests.watch.test_5_disputes import claimed
from tests.watch.test_5_disputes_won import result
from tests.watching import Days

__all__ = ["database_url", "days", "routes", "services", "world", "world_engine"]  # fixtures


@pytest.mark.parametrize(
    ("maintainers", "registry", "expected"),
    [
        ("NEW-MNT", "ripencc", (Advised.CLAIMANT, False)),
        ("A-MNT, NEW-MNT", "ripencc", (Advised.ASK, True)),
        ("NEW-MNT", "arin", (Advised.ASK, True)),
    ],
    ids=["others", "one more", "nobody asks whose the block is"],
)
async def test_5_a_route_object_speaks_for_whom_only_the_new_holder_can_name(
    days: Days, routes: Routes, maintainers: str, registry: str, expected: tuple[Advised, bool]
) -> None:
    world = days.world
    world.responsible = replace(world.responsible, holder_rule=True)
    new_route(days, by="A-MNT", block="A-MNT")
    await routes.execute("DELETE FROM prefix_watches WHERE signal = 'route_object'")
    await look_now(days, routes)
    await frozen(days, routes)
    claimant = await claimed(days)
    new_route(days, by=maintainers, block=maintainers)
    await looks(days, routes, 2)
    token = (await world.issue(claimant, TokenMethod.IRR)).token
    proof = f"remarks: byoip-validation: {token.value}"
    new_route(days, proof, by=maintainers, block=maintainers)
    await days.snapshot()
    assert await result(days, claimant) is RunResult.CONTESTED
    await looks(days, routes, 13)
    await routes.execute("UPDATE prefixes SET registry = :registry", registry=registry)
    assert await advised(days) == expected
