"""Trust, 1.1: while in no zone more than half of the servers are hostile, whatever they say."""

import pytest

from byoip.domain.checks.evidence import Passed
from tests.trust.dns_tree import judged
from tests.trust.random_tree import RandomTree


@pytest.mark.parametrize("seed", range(60))
async def test_what_hostile_servers_say_proves_nothing(seed: int) -> None:
    outcome = await judged(RandomTree(seed).script())
    assert not isinstance(outcome, Passed), outcome
