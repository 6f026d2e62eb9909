"""For operators: the breaker, jobs, and prefixes that are being offboarded."""

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import OperatorRequest, nothing
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import Done, answer_of, list_of
from byoip.api.border.paging import everything
from byoip.api.claims.operator_prefix_schemas import OperatorPrefix, operator_prefix_of
from byoip.api.path_ids import PathId, PathText
from byoip.api.routes import guard_schemas as wire
from byoip.api.routes.offboarding import restored_messages
from byoip.domain.accounts.credential import Scope
from byoip.domain.bindings.service_binding import DefaultOnlyService
from byoip.domain.claims.claim import ClaimNotFound, WithdrawFirst
from byoip.domain.jobs.job_history import JobKind, JobNotRefused, JobUnknown
from byoip.domain.routes.bgp_prefix import Contested, LockedByOperator
from byoip.domain.routes.breaker import TripNotFound
from byoip.domain.routes.offboarding import GraceNotBegun, ServiceRetired
from byoip.usecases.jobs import kill_switches
from byoip.usecases.routes import breaker, offboarding

operator_guards = Declarations("operator: guards", Audience.OPERATOR)


@operator_guards.operation("GET /breaker", Scope.OPERATOR, answer=answer_of(wire.Breaker))
async def get_breaker(caller: OperatorRequest) -> Answer:
    """Read the breaker: its ceilings, how much of each is used, and the open trips."""
    return answer(wire.breaker_of(await caller.backend.guards.breaker()))


@operator_guards.operation(
    "POST /breaker/{trip_id}/rearm",
    Scope.OPERATOR,
    answer=answer_of(wire.BreakerTrip),
    refuses=(TripNotFound,),
)
async def rearm_breaker(caller: OperatorRequest, trip_id: PathId, body: wire.Rearming) -> Answer:
    """Let withdrawals go on after a person has looked, and release or cancel what was stopped.

    What was counted before no longer counts. Released offboardings go on as fast as the ceilings
    allow and trip nothing; cancelled ones turn back, and the routes that they had withdrawn stay
    withdrawn until their owner announces them.
    """
    return await caller.write(
        lambda tx: breaker.rearm(
            tx, trip_id, parked=body.parked, reason=body.reason, name=caller.credential.name
        ),
        wire.trip_of,
    )


@operator_guards.operation("GET /jobs", Scope.OPERATOR, answer=list_of(wire.Job))
async def list_jobs(caller: OperatorRequest) -> Answer:
    """List every kind of job: its kill switch, its last run, and a refused set if one waits."""
    return await list_answer(everything(await caller.backend.guards.jobs()), wire.job_of)


@operator_guards.operation(
    "POST /jobs/{job}/stop", Scope.OPERATOR, answer=answer_of(wire.Job), refuses=(JobUnknown,)
)
async def stop_job(caller: OperatorRequest, job: PathText, body: Reasoned) -> Answer:
    """Throw a kind of job's kill switch: it stops before its next row.

    `byoip kill-switch stop` does the same while the API is down.
    """
    return await _switch(caller, _kind(job), body, stopped=True)


@operator_guards.operation(
    "POST /jobs/{job}/start", Scope.OPERATOR, answer=answer_of(wire.Job), refuses=(JobUnknown,)
)
async def start_job(caller: OperatorRequest, job: PathText, body: Reasoned) -> Answer:
    """Let a kind of job run again."""
    return await _switch(caller, _kind(job), body, stopped=False)


@operator_guards.operation(
    "POST /jobs/{job}/allow",
    Scope.OPERATOR,
    answer=answer_of(wire.Job),
    refuses=(JobUnknown, JobNotRefused),
)
async def allow_job(caller: OperatorRequest, job: PathText, body: Reasoned) -> Answer:
    """Let a job's refused set through: these rows, at its next run, and no others.

    Read `sample` first: is it what the job should act on?
    """
    kind = _kind(job)
    return await caller.write(
        lambda tx: kill_switches.allow(tx, kind, reason=body.reason, name=caller.credential.name),
        wire.job_of,
    )


@operator_guards.operation(
    "POST /prefixes/{prefix_id}/end_grace",
    Scope.OPERATOR,
    answer=Done,
    refuses=(ClaimNotFound, GraceNotBegun, WithdrawFirst, LockedByOperator),
)
async def end_prefix_grace(caller: OperatorRequest, prefix_id: PathId, body: Reasoned) -> Answer:
    """Close a prefix that is withdrawn and unbound, before its grace has ended."""
    return await caller.write(
        lambda tx: offboarding.end_grace(tx, prefix_id, reason=body.reason), nothing
    )


@operator_guards.operation(
    "POST /prefixes/{prefix_id}/restore",
    Scope.OPERATOR,
    answer=answer_of(OperatorPrefix),
    refuses=(ClaimNotFound, ServiceRetired, DefaultOnlyService, Contested),
)
async def restore_any_prefix(caller: OperatorRequest, prefix_id: PathId, body: Reasoned) -> Answer:
    """Bring a prefix back from its way out on its owner's behalf, as its owner could."""
    advice, now = caller.backend.advice, caller.now
    return await caller.write(
        lambda tx: offboarding.restore(tx, None, prefix_id, reason=body.reason),
        lambda restored: operator_prefix_of(restored.view, advice, now),
        messages=restored_messages,
    )


async def _switch(
    caller: OperatorRequest, kind: JobKind, body: Reasoned, *, stopped: bool
) -> Answer:
    return await caller.write(
        lambda tx: kill_switches.move(tx, kind, stopped=stopped, reason=body.reason), wire.job_of
    )


def _kind(text: str) -> JobKind:
    try:
        return JobKind(text)
    except ValueError:
        raise JobUnknown from None
