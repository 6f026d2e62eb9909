"""Trust, 1.1: while in no zone more than half of the servers are hostile, whatever they say."""

import pytest

from byoip.domain.checks.evidence import Passed
from tests.trust.dns_tree import judged
from tests.trust.random_tree import RandomTree


@pytest.mark.parametrize("seed", range(60))
async def test_what_hostile_servers_say_proves_nothing(seed: int) -> None:
    outcome = await judged(RandomTree(seed).script())
    assert not isinstance(outcome, Passed), outcome


@pytest.mark.parametrize("seed", range(100))
async def test_nor_do_zones_of_tenants_at_honest_servers(seed: int) -> None:
    outcome = await judged(RandomTree(seed, tenants=True).script())
    assert not isinstance(outcome, Passed), outcome
