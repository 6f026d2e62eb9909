"""Webhooks 9: a worker that is killed while it sends leaves a duplicate, and no hole."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from byoip.domain.claims.claim import Claim
from tests.hooks.hooked import Hooked
from tests.hooks.receivers import OK, Got, Receiver

DESCRIBED = "prefix.described"


async def lapse(hooked: Hooked) -> None:
    """The dead worker's claim ends, 40 seconds later; its clock was not the one that is set."""
    hooked.clock.advance(timedelta(minutes=1))
    async with hooked.store.transaction() as tx:
        await tx.connection.execute(
            sa.text("UPDATE webhooks SET held_until = now() WHERE holder IS NOT NULL")
        )


@pytest.mark.parametrize("answers", [True, False])
async def test_the_next_worker_sends_it_again(
    hooked: Hooked, claim: Claim, there: Receiver, tmp_path: Path, *, answers: bool
) -> None:
    hook = await hooked.active(there)
    await hooked.happen(claim, *[DESCRIBED] * 5)
    third = hook.cursor + 3
    url = hooked.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.hooks.dying_worker", url, str(tmp_path)]
    worker = await asyncio.create_subprocess_exec(*command, cwd=Path(__file__).parents[2])

    async def kill_at_the_third(got: Got, writer: asyncio.StreamWriter) -> None:
        if got.number == third and worker.returncode is None:
            if answers:
                os.kill(worker.pid, signal.SIGSTOP)
                writer.write(OK)
                await writer.drain()
            os.kill(worker.pid, signal.SIGKILL)
            await worker.wait()
        else:
            writer.write(OK)

    there.answer = kill_at_the_third
    try:
        async with asyncio.timeout(60):
            await worker.wait()
    finally:
        if worker.returncode is None:
            worker.kill()
    await hooked.send()
    assert there.numbers[-1] == third, "its claim holds for a while"
    await lapse(hooked)
    await hooked.send()
    assert there.numbers == [*range(third - 2, third + 1), *range(third, third + 3)]
    ids = [one.id for one in there.got]
    assert ids[2] == ids[3]
    assert len(set(ids)) == 5
