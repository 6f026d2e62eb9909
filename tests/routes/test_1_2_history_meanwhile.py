"""Routes 1.2: what a worker adds to the history of a route waits for the owner who writes it."""

import asyncio

from byoip.usecases.speakers.monitor import LOST_EVENT, record
from tests.announcing import OWNER, Fleet, until

WAITS = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type='Lock'"


async def test_a_line_of_the_workers_and_a_write_of_the_owners_take_turns(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    [(desired, _)] = await fleet.routes.unsettled()
    claim_id, *_ = fleet.ids[prefix]

    async def worker_waits() -> bool:
        return bool(await fleet.ask(WAITS))

    async with fleet.store.transaction(actor=OWNER) as tx:
        claim = await tx.claims.lock(claim_id)
        await tx.claims.save(claim.written(tx.now))
        await tx.session.flush()
        telling = asyncio.create_task(record(fleet.store, LOST_EVENT, [desired]))
        await until(worker_waits)
        tx.record(claim_id, "bgp_prefix.prepended")
    await telling
    kinds = await fleet.ask("SELECT kind FROM events ORDER BY number")
    assert kinds == [("bgp_prefix.prepended",), (LOST_EVENT,)]
