"""Trust, 4.4: what was asked is listed for the newest hundred runs of a prefix, not without end.

A /17 that is validated all the time adds some two million rows a day, each but a digest.
"""

import pytest

from byoip.domain.checks.evidence import Check, Finding, Passed, RawAnswer
from byoip.domain.checks.validation_run import RunResult
from byoip.store.checks.raw_answers import DIGESTS_KEPT, mark_letter
from tests.trust.test_4_4_evidence import Attacker, attacker, world, world_engine

__all__ = ["attacker", "world", "world_engine"]  # fixtures

MORE = 15


async def test_4_4_older_runs_keep_their_verdict_and_what_an_approval_rests_on_its_list(
    attacker: Attacker,
) -> None:
    world = attacker.world
    claim = await world.claim()
    shown = (RawAnswer("q", "h", b"yes", world.clock.now()),)
    passed = Finding(Check.OWNERSHIP_RDNS, Passed("as it should be"), world.clock.now(), shown)
    proven = await attacker.has_found(claim, RunResult.APPROVED, [passed])
    runs = [proven]
    for turn in range(DIGESTS_KEPT + MORE):
        runs.append(await attacker.has_checked(claim, [b"%d" % turn, b""]))
        if turn % 10 == 0:
            await attacker.prune(page=20)
    ((listed,),) = attacker.asked(b"SELECT count(DISTINCT run_id) FROM exhibits")
    assert listed == DIGESTS_KEPT + 1
    for run_id, exhibits in ((proven, 1), (runs[MORE], 0), (runs[MORE + 1], 2), (runs[-1], 2)):
        (finding,) = (await world.reader.run(claim.account_id, claim.id, run_id)).findings
        assert len(finding.exhibits) == exhibits
        assert finding.outcome is not None


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (RunResult.APPROVED, b""),  # a run without a byte of answers keeps none
        (RunResult.FAILED, b""),
        (RunResult.FAILED, b"yes"),  # the newest pass of its check: a letter may rest on it later
    ],
)
async def test_4_4_so_does_what_a_letter_rests_on_or_the_newest_pass(
    attacker: Attacker, result: RunResult, answer: bytes
) -> None:
    world = attacker.world
    claim = await world.claim()
    shown = (RawAnswer("q", "h", answer, world.clock.now()),)
    passed = Finding(Check.OWNERSHIP_RDNS, Passed("as it should be"), world.clock.now(), shown)
    run_id = await attacker.has_found(claim, result, [passed])
    if result is RunResult.FAILED and not answer:
        async with world.store.transaction() as tx:
            await mark_letter(tx.session, claim.id, [run_id])
    for _ in range(DIGESTS_KEPT + 1):
        await attacker.has_checked(claim, [b""])
    (finding,) = (await world.reader.run(claim.account_id, claim.id, run_id)).findings
    assert len(finding.exhibits) == 1
