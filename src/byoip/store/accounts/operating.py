"""The operator's part of a transaction."""

from sqlalchemy.ext.asyncio import AsyncConnection

from byoip.store.accounts.accounts import AccountRepository
from byoip.store.accounts.credentials import CredentialRepository
from byoip.store.accounts.operator_events import OperatorEventRepository
from byoip.store.bindings.services import ServiceRepository
from byoip.store.checks.partitions import REGISTRATIONS_LOCK, VRPS_LOCK, wait_for_turn
from byoip.store.checks.registration_snapshots import RegistrationSnapshotRepository
from byoip.store.checks.registry_overrides import OverrideRepository
from byoip.store.checks.vrp_writing import VrpSnapshotRepository
from byoip.store.claims.reservations import ReservationRepository
from byoip.store.statements import Session


class OperatorRepositories:
    """The operator's part of a transaction."""

    def __init__(self, connection: AsyncConnection, session: Session) -> None:
        self._connection = connection
        self.accounts = AccountRepository(session)
        self.credentials = CredentialRepository(session)
        self.services = ServiceRepository(session)
        self.overrides = OverrideRepository(session)
        self.reservations = ReservationRepository(session)
        self.events = OperatorEventRepository(session)

    async def roa_snapshots(self) -> VrpSnapshotRepository:
        """Snapshots of ROA data, open for writing by this transaction alone."""
        await wait_for_turn(self._connection, VRPS_LOCK)
        return VrpSnapshotRepository(self._connection)

    async def registration_snapshots(self) -> RegistrationSnapshotRepository:
        """The registries' statistics, open for writing by this transaction alone."""
        await wait_for_turn(self._connection, REGISTRATIONS_LOCK)
        return RegistrationSnapshotRepository(self._connection)

    async def end(self) -> None:
        """Write the history."""
        await self.events.write()
