"""A run that waits for its claim's lock decides by what was committed while it waited."""

import asyncio

from sqlalchemy import text

from byoip.domain.checks.evidence import Failed, Reason
from byoip.domain.claims.lifecycle import State
from byoip.store.transaction import Store
from tests.announcing import until
from tests.usecases.world import World

_WAITS = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
""")


async def test_a_token_that_is_revoked_while_the_run_waits_proves_nothing(world: World) -> None:
    claim = await world.claim()
    await world.prove(claim)
    run_id = await world.request(claim)
    async with world.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as looking:

        async def it_waits() -> bool:
            return carried_out.done() or bool((await looking.execute(_WAITS)).scalar_one())

        holding = Store(world.engine, world.clock)  # not the one that nobody may hold while we ask
        async with holding.transaction() as tx:
            await tx.claims.lock(claim.id)
            token = await tx.tokens.live(claim.id)
            assert token is not None
            await tx.tokens.save(token.revoke(tx.now))
            carried_out = asyncio.create_task(world.carry_out(run_id))
            await until(it_waits)
    await carried_out
    run = await world.reader.run(claim.account_id, claim.id, run_id)
    failed = [one.outcome for one in run.findings if isinstance(one.outcome, Failed)]
    reasons = {one.reason for one in failed} - {Reason.TOKEN_MISSING}  # where it was not published
    assert reasons == {Reason.TOKEN_REVOKED}
    assert (await world.now(claim)).state is State.PENDING
