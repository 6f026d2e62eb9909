"""Trust, 4.1: one that holds a large space keeps others of it waiting no longer for many contests.

All that begins or ends a contest waits for the space, so the work there is a few statements.
"""

from collections import Counter
from typing import Any

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.prefix import Prefix
from byoip.store.claims import contests
from byoip.store.statements import Session, Statement
from tests.trust.contests import prove, remove, rival
from tests.usecases.conftest import world, world_engine
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures

LARGE = "31.0.0.0/16"


class Counted:
    """How many statements were run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        for name in ("rows", "change"):
            monkeypatch.setattr(Session, name, self._counting(getattr(Session, name)))

    def _counting(self, run: Any) -> Any:
        async def counted(session: Session, statement: Statement, /, **asked: object) -> Any:
            self.count += 1
            return await run(session, statement, **asked)

        return counted


async def _standings(world: World, claims: list[Claim]) -> Counter[Standing]:
    async with world.store.transaction() as tx:
        return Counter([(await tx.claims.get(one.id)).standing for one in claims])


@pytest.mark.parametrize("approved", ["the large one", "the small ones"])
async def test_many_contests_begin_and_end_by_as_many_statements_as_few(
    world: World, monkeypatch: pytest.MonkeyPatch, approved: str
) -> None:
    spent: list[tuple[int, int]] = []
    counted = Counted(monkeypatch)
    for count in (2, 9):
        bring = world.claim if approved == "the large one" else world.approved
        owner = await world.new_account()
        small = [await bring(f"31.0.{one}.0/24", account_id=owner) for one in range(count)]
        if approved == "the large one":
            large = await world.approved(LARGE, account_id=await world.new_account())
            for one in small:
                await prove(world, one)
            began = 0
        else:
            before = counted.count
            large = await rival(world, LARGE)
            began = counted.count - before
        assert await _standings(world, small) == {Standing.CONTESTED: count}
        before = counted.count
        await remove(world, large)
        spent.append((began, counted.count - before))
        assert await _standings(world, small) == {Standing.OK: count}
        for one in small:
            await remove(world, one)
    assert spent[0] == spent[1]


async def test_claims_of_a_space_are_not_compared_with_each_other(world: World) -> None:
    looking = contests._UNRIVALLED
    asked = {**looking.values, "prefix": Prefix.parse(LARGE).network}
    async with world.store.transaction() as tx:
        cursor = await tx.session.driver.execute(b"EXPLAIN " + looking.text, asked)
        plan = "\n".join(line for (line,) in await cursor.fetchall())
    assert "SubPlan" in plan
    assert "Join" not in plan
