"""Disputes: the space that was decided for a claimant is nobody else's before it comes for it.

Who lost keeps the old zone. Another account of its own, which no file tells of, would be approved
by that in the moment after the decision, beside the winner's own ROA and route object.
"""

from datetime import timedelta
from functools import partial

import pytest

from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing, Transition
from byoip.domain.watch.dispute import Side
from byoip.usecases.claims import prefixes, reopen
from tests.store.samples import BY
from tests.trust.contests import revoke, stand
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.usecases.world import LABEL
from tests.watch.test_4_after_a_sale import look_now
from tests.watch.test_5_disputes import decide, disputed
from tests.watching import Days


async def accomplice(days: Days, *winners: Claim) -> Claim:
    """Another account, whose token stands in the zones beside those of the winners."""
    world = days.world
    made = await world.claim(account_id=await world.new_account())
    tokens = [(await world.token(one)).value for one in (made, *winners)]
    for zone in reverse_zones(made.prefix):
        world.dns.publish(zone.owner(LABEL), *tokens)
    return made


async def result(days: Days, claim: Claim) -> RunResult | None:
    return (await days.world.validate(claim)).run.result


async def won(days: Days, routes: Routes) -> Claim:
    buyer, dispute_id = await disputed(days, routes)
    await decide(days, dispute_id, Side.CLAIMANT, early=True)
    return buyer


@pytest.mark.parametrize("proven", ["before it was decided", "after it was decided"])
async def test_until_its_winner_is_approved_no_other_account_is(
    days: Days, routes: Routes, proven: str
) -> None:
    buyer, dispute_id = await disputed(days, routes)
    other = await accomplice(days, buyer)
    if proven.startswith("before"):
        assert await result(days, other) is RunResult.CONTESTED
    await decide(days, dispute_id, Side.CLAIMANT, early=True)
    assert await result(days, other) is RunResult.UNANSWERED
    waiting = await days.world.now(other)
    contested = Standing.CONTESTED if proven.startswith("before") else Standing.OK
    assert (waiting.approved, waiting.standing) == (False, contested)
    assert await result(days, buyer) is RunResult.APPROVED
    assert await result(days, other) is RunResult.CONTESTED


@pytest.mark.parametrize("end", ["removed", "reopened", "suspended", "revoked"])
async def test_a_winner_that_is_gone_bars_nobody(days: Days, routes: Routes, end: str) -> None:
    world = days.world
    await look_now(days, routes)
    buyer = await won(days, routes)
    other = await accomplice(days, buyer)
    if end == "suspended":
        await stand(world, buyer, Transition.SUSPENDED)
    elif end == "revoked":
        assert await result(days, buyer) is RunResult.APPROVED
        await revoke(world, buyer)
    else:
        removing = Verb(world.store, partial(prefixes.remove, grace=timedelta(days=30)))
        await removing(buyer.account_id, buyer.id, by=BY)
    if end == "reopened":
        again = Verb(world.store, partial(reopen.reopen, terms=world.terms))
        await again(buyer.account_id, buyer.id, by=BY)
    # The holder of before may be behind it: it waits for a person, and for the winner no more.
    assert await result(days, other) is RunResult.CONTESTED
