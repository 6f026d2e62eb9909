"""Ship, 5: a worker that reaches no speaker does not keep the turn from one that does."""

from dataclasses import replace

from tests.announcing import QUICK, Fleet, reconciling, speaker, until
from tests.fakes.speaker import Trouble

IMPATIENT = replace(QUICK, unreached_after=0.5)


async def test_a_worker_that_reaches_no_speaker_lets_another_one_lead(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    unreached, reached = speaker("one"), speaker("one")
    unreached.trouble = Trouble.REFUSED
    async with reconciling(fleet, unreached, pace=IMPATIENT):
        await until(lambda: bool(unreached.asked))
        async with reconciling(fleet, reached, pace=IMPATIENT):
            await until(lambda: prefix in reached.paths, seconds=60)
