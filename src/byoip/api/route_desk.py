"""What operators see and decide of speakers and listeners."""

from dataclasses import dataclass

from byoip.domain.speakers.station import InService, Station
from byoip.ports.clock import Clock
from byoip.ports.speakers.route_reports import RouteReader
from byoip.ports.store import Store
from byoip.usecases.decide_orphan import WithdrawOrphan
from byoip.usecases.forget_station import ForgetStation
from byoip.usecases.rollback_routes import RollbackRoutes


@dataclass(frozen=True, slots=True)
class RouteDesk:
    """What operators may do about routes, and what they are shown."""

    withdraw_orphan: WithdrawOrphan
    forget_speaker: ForgetStation
    forget_listener: ForgetStation
    rollback: RollbackRoutes
    reader: RouteReader


def route_desk(store: Store, clock: Clock, reader: RouteReader, in_service: InService) -> RouteDesk:
    """All of it, around these ports."""
    return RouteDesk(
        withdraw_orphan=WithdrawOrphan(store, clock),
        forget_speaker=ForgetStation(store, clock, Station.SPEAKER, in_service),
        forget_listener=ForgetStation(store, clock, Station.LISTENER, in_service),
        rollback=RollbackRoutes(store, clock),
        reader=reader,
    )
