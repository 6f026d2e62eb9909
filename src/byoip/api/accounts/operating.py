"""What the operator's side of the API is built from."""

from dataclasses import dataclass

from byoip.ports.clock import Clock
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.jobs.guard_reader import GuardReader
from byoip.store.transaction import Store
from byoip.usecases.bindings.create_service import CreateService
from byoip.usecases.bindings.retire_service import RetireService
from byoip.usecases.bindings.update_service import UpdateService
from byoip.usecases.jobs.kill_switches import AllowJob, MoveKillSwitch
from byoip.usecases.routes.end_grace import EndGrace
from byoip.usecases.routes.lock_bgp_prefix import LockBgpPrefix
from byoip.usecases.routes.rearm_breaker import RearmBreaker


@dataclass(frozen=True, slots=True)
class Operating:
    """What operators may do, and what they are shown."""

    create_service: CreateService
    update_service: UpdateService
    retire_service: RetireService
    lock_bgp_prefix: LockBgpPrefix
    rearm_breaker: RearmBreaker
    move_kill_switch: MoveKillSwitch
    allow_job: AllowJob
    end_grace: EndGrace
    guards: GuardReader
    reader: OperatorReader


def operating(
    *,
    store: Store,
    clock: Clock,
    reader: OperatorReader,
    guards: GuardReader,
) -> Operating:
    """All of it, around these ports."""
    return Operating(
        create_service=CreateService(store, clock),
        update_service=UpdateService(store, clock),
        retire_service=RetireService(store, clock),
        lock_bgp_prefix=LockBgpPrefix(store, clock),
        rearm_breaker=RearmBreaker(store, clock),
        move_kill_switch=MoveKillSwitch(store, clock),
        allow_job=AllowJob(store, clock),
        end_grace=EndGrace(store, clock),
        guards=guards,
        reader=reader,
    )
