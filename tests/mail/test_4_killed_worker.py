"""Mail 4: a worker that is killed leaves a mail that comes twice, with one id, and no hole."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from byoip.domain.claims.claim import Claim
from tests.hooks.test_7_epochs import lose
from tests.mail.mailed import LATER, Mailed
from tests.mail.servers import MailServer

DRIFTED, LOST = "rpki.drifted", "bgp_prefix.lost"


@pytest.mark.parametrize("at", ["RCPT", ".", "QUIT"])
async def test_4_the_next_worker_sends_it_again(
    mailed: Mailed, claim: Claim, server: MailServer, tmp_path: Path, at: str
) -> None:
    await mailed.verified(server)
    await mailed.happen(claim, DRIFTED)
    mailed.clock.advance(LATER)
    url = mailed.engine.url.render_as_string(hide_password=False)
    asked = (url, str(tmp_path), str(server.port), mailed.clock.now().isoformat())
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.mail.dying_worker", *asked), cwd=Path(__file__).parents[2]
    )

    async def kill(_: asyncio.StreamWriter) -> None:
        os.kill(worker.pid, signal.SIGKILL)
        await worker.wait()

    server.faults[at] = kill
    try:
        async with asyncio.timeout(60):
            await worker.wait()
    finally:
        if worker.returncode is None:
            worker.kill()
    server.faults.clear()
    before = len(server.got)
    await mailed.happen(claim, LOST)
    await mailed.send()
    assert len(server.got) == before, "its claim holds for a while"
    async with mailed.store.transaction() as tx:
        await tx.connection.execute(
            sa.text("UPDATE mail_addresses SET held_until = now() WHERE holder IS NOT NULL")
        )
    mailed.clock.advance(timedelta(minutes=1))
    await mailed.send()
    await mailed.told()
    *drifted, lost = server.got
    assert len(drifted) == before + 1
    assert len({one.message["Message-ID"] for one in drifted}) == 1
    assert len({one.text for one in drifted}) == 1
    assert lost.message["Subject"] == "31.0.0.0/23: bgp_prefix.lost"


async def test_4_two_workers_send_nothing_twice(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await mailed.verified(server)
    await mailed.happen(claim, DRIFTED)
    mailed.clock.advance(LATER)
    workers = [mailed.notifier() for _ in range(2)]
    for _ in range(3):
        await asyncio.gather(*(one.look() for one in workers))
        await asyncio.gather(*(one.settled() for one in workers))
    assert len(server.got) == 1


async def test_4_after_a_loss_of_the_database_what_is_told_anew_is_sent(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one = await mailed.verified(server)
    await mailed.happen(claim, DRIFTED, DRIFTED)
    await mailed.told()
    newest = await mailed.newest()
    await lose(mailed, newest - 1)  # type: ignore[arg-type]  # it needs a world only
    await mailed.send()
    assert (await mailed.read(one)).cursor == newest - 1
    await mailed.happen(claim, LOST)
    await mailed.told()
    assert server.got[-1].message["Subject"] == "31.0.0.0/23: bgp_prefix.lost"
    ids = [got.message["Message-ID"] for got in server.got]
    assert len(set(ids)) == len(ids) == 2
