"""What operators see and decide of speakers and listeners."""

from dataclasses import dataclass

from byoip.domain.speakers.bgp_peer import BgpPeerKind, InService
from byoip.ports.clock import Clock
from byoip.store.speakers.route_history import RouteReader
from byoip.store.transaction import Store
from byoip.usecases.speakers.forget_speaker import ForgetSpeaker
from byoip.usecases.speakers.restore_snapshot import RestoreSnapshot
from byoip.usecases.speakers.withdraw_orphan import WithdrawOrphan


@dataclass(frozen=True, slots=True)
class RouteDesk:
    """What operators may do about routes, and what they are shown."""

    withdraw_orphan: WithdrawOrphan
    forget_speaker: ForgetSpeaker
    forget_listener: ForgetSpeaker
    rollback: RestoreSnapshot
    reader: RouteReader


def route_desk(store: Store, clock: Clock, reader: RouteReader, in_service: InService) -> RouteDesk:
    """All of it, around these ports."""
    return RouteDesk(
        withdraw_orphan=WithdrawOrphan(store, clock),
        forget_speaker=ForgetSpeaker(store, clock, BgpPeerKind.SPEAKER, in_service),
        forget_listener=ForgetSpeaker(store, clock, BgpPeerKind.LISTENER, in_service),
        rollback=RestoreSnapshot(store, clock),
        reader=reader,
    )
