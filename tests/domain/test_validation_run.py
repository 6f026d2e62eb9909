from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from byoip.domain.checks.validation_run import BACKOFF, RunResult, RunState, Trigger, ValidationRun
from tests.domain.samples import NOW

FIRST = ValidationRun(UUID(int=1), UUID(int=2), Trigger.CUSTOMER, NOW, NOW)


def test_a_finished_run_says_when_and_how() -> None:
    done = FIRST.finished(RunResult.APPROVED, NOW)

    assert (done.state, done.result, done.finished_at) == (
        RunState.FINISHED,
        RunResult.APPROVED,
        NOW,
    )


def test_an_unanswered_run_is_tried_again_later_each_time() -> None:
    run, pauses = FIRST, []
    for number in range(len(BACKOFF) + 2):
        following = run.again(UUID(int=10 + number), NOW)
        pauses.append(following.due_at - NOW)
        run = following

    assert pauses[: len(BACKOFF)] == list(BACKOFF) == sorted(BACKOFF)
    assert set(pauses[len(BACKOFF) :]) == {BACKOFF[-1]}
    assert pauses[0] > timedelta(0)


def test_the_next_run_starts_with_a_clean_sheet() -> None:
    used = replace(FIRST, state=RunState.FINISHED, attempt=3, result=RunResult.UNANSWERED)

    following = used.again(UUID(int=3), NOW)

    assert (following.claim_id, following.trigger) == (FIRST.claim_id, Trigger.RETRY)
    assert (following.state, following.attempt, following.result) == (RunState.SCHEDULED, 0, None)
    assert following.retries == 1
