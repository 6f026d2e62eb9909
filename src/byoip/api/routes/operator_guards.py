"""The operator's side: breakers, jobs, and prefixes on their way out."""

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import OperatorRequest, nothing
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import Done, answer_of, list_of
from byoip.api.border.paging import Page
from byoip.api.claims.operator_prefix_schemas import OperatorPrefix, operator_prefix_of
from byoip.api.path_ids import PathId, PathText
from byoip.api.routes.guard_schemas import (
    Breaker,
    BreakerTrip,
    Job,
    Rearming,
    breaker_of,
    job_of,
    trip_of,
)
from byoip.api.routes.offboarding import restored_messages
from byoip.domain.accounts.credential import Scope
from byoip.domain.bindings.service_binding import DefaultOnlyService
from byoip.domain.claims.claim import ClaimNotFound, WithdrawFirst
from byoip.domain.customer_text import InvalidText
from byoip.domain.jobs.job_history import JobKind, JobNotRefused, JobUnknown
from byoip.domain.routes.bgp_prefix import AdvertiseStateLocked, Contested
from byoip.domain.routes.breaker import TripNotFound
from byoip.domain.routes.offboarding import GraceNotBegun, ServiceRetired
from byoip.usecases.routes.restore_prefix import Restored

operator_guards = Declarations("operator: guards", Audience.OPERATOR)


@operator_guards.operation("GET /breaker", Scope.OPERATOR, answer=answer_of(Breaker))
async def get_breaker(caller: OperatorRequest) -> Answer:
    """Read the breaker: its ceilings, what is used of them, which trips are open."""
    return answer(breaker_of(await caller.backend.operating.guards.breaker()))


@operator_guards.operation(
    "POST /breaker/{trip_id}/rearm",
    Scope.OPERATOR,
    answer=answer_of(BreakerTrip),
    refuses=(InvalidText, TripNotFound),
)
async def rearm_breaker(caller: OperatorRequest, trip_id: PathId, body: Rearming) -> Answer:
    """Let withdrawals go on, after looking, and say what becomes of what was stopped.

    What was counted before counts no longer. Released offboardings go on as fast as the ceilings
    let them and trip nothing; cancelled ones turn back, and what they had withdrawn stays
    withdrawn until its owner announces it.
    """
    pen = caller.pen(trip_of)
    return pen.answer(
        await caller.backend.operating.rearm_breaker(
            trip_id,
            parked=body.parked,
            reason=body.reason,
            name=caller.credential.name,
            by=pen.by,
            once=pen.once,
        )
    )


@operator_guards.operation("GET /jobs", Scope.OPERATOR, answer=list_of(Job))
async def list_jobs(caller: OperatorRequest) -> Answer:
    """List every kind of job: its kill switch, its last run, a set that was refused."""
    found = await caller.backend.operating.guards.jobs()
    return list_answer([job_of(one) for one in found], Page(found, len(found), None))


@operator_guards.operation(
    "POST /jobs/{job}/stop",
    Scope.OPERATOR,
    answer=answer_of(Job),
    refuses=(InvalidText, JobUnknown),
)
async def stop_job(caller: OperatorRequest, job: PathText, body: Reasoned) -> Answer:
    """Throw a kind of job's kill switch: it stops before its next row.

    `byoip kill-switch stop` does the same while the API is down.
    """
    return await _switch(caller, _kind(job), body, stopped=True)


@operator_guards.operation(
    "POST /jobs/{job}/start",
    Scope.OPERATOR,
    answer=answer_of(Job),
    refuses=(InvalidText, JobUnknown),
)
async def start_job(caller: OperatorRequest, job: PathText, body: Reasoned) -> Answer:
    """Let a kind of job run again."""
    return await _switch(caller, _kind(job), body, stopped=False)


@operator_guards.operation(
    "POST /jobs/{job}/allow",
    Scope.OPERATOR,
    answer=answer_of(Job),
    refuses=(InvalidText, JobUnknown, JobNotRefused),
)
async def allow_job(caller: OperatorRequest, job: PathText, body: Reasoned) -> Answer:
    """Let the set through that a job was refused: these rows, at its next run, and no others.

    Read `sample` first: is it what the job should act on?
    """
    pen = caller.pen(job_of)
    return pen.answer(
        await caller.backend.operating.allow_job(
            _kind(job),
            reason=body.reason,
            name=caller.credential.name,
            by=pen.by,
            once=pen.once,
        )
    )


@operator_guards.operation(
    "POST /prefixes/{prefix_id}/end_grace",
    Scope.OPERATOR,
    answer=Done,
    refuses=(InvalidText, ClaimNotFound, GraceNotBegun, WithdrawFirst, AdvertiseStateLocked),
)
async def end_prefix_grace(caller: OperatorRequest, prefix_id: PathId, body: Reasoned) -> Answer:
    """Close a prefix that is withdrawn and unbound before its grace has ended."""
    pen = caller.pen(nothing)
    await caller.backend.operating.end_grace(
        prefix_id, reason=body.reason, by=pen.by, once=pen.once
    )
    return pen.answer(None)


@operator_guards.operation(
    "POST /prefixes/{prefix_id}/restore",
    Scope.OPERATOR,
    answer=answer_of(OperatorPrefix),
    refuses=(InvalidText, ClaimNotFound, ServiceRetired, DefaultOnlyService, Contested),
)
async def restore_any_prefix(caller: OperatorRequest, prefix_id: PathId, body: Reasoned) -> Answer:
    """Bring a prefix back from its way out in its owner's place, as its owner could."""
    advice, now = caller.backend.advice, caller.now

    def shown(restored: Restored) -> OperatorPrefix:
        return operator_prefix_of(restored.view, advice, now)

    pen = caller.pen(shown, messages=restored_messages)
    return pen.answer(
        await caller.backend.restore_prefix(
            None, prefix_id, by=pen.by, reason=body.reason, once=pen.once
        )
    )


async def _switch(
    caller: OperatorRequest, kind: JobKind, body: Reasoned, *, stopped: bool
) -> Answer:
    pen = caller.pen(job_of)
    return pen.answer(
        await caller.backend.operating.move_kill_switch(
            kind, stopped=stopped, reason=body.reason, by=pen.by, once=pen.once
        )
    )


def _kind(text: str) -> JobKind:
    try:
        return JobKind(text)
    except ValueError:
        raise JobUnknown from None
