"""Take back announcements that no observer sees."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.history import Actor
from byoip.domain.jobs.job_history import JobKind, JobStopped
from byoip.domain.routes.bgp_prefix import BgpPrefixNotFound
from byoip.domain.routes.breaker import Source, Trip, TripScope, WithdrawalsStopped
from byoip.domain.speakers.reconciliation import DesiredRoute
from byoip.ports.clock import Clock
from byoip.store.transaction import Store
from byoip.usecases.routes.withdraw import tripping, withdraw

ROLL_BACK: Final = JobKind.ROLL_BACK.value


@dataclass(frozen=True, slots=True)
class RetractRoute:
    """Withdraw announcements that were answered "absent" for too long.

    They had been withdrawn before, so no owner loses a route that worked. The breaker counts each;
    where the breaker or the kill switch stops it, the route stays announced.
    """

    store: Store
    clock: Clock

    async def __call__(self, desired_routes: Sequence[DesiredRoute]) -> Collection[UUID]:
        """Withdraw them, as far as they may be; those that were.

        The open trips are read once, and again after each refusal: a row that an open breaker
        stops costs neither its claim's lock nor the breaker's.

        Raises:
            StoreUnavailable: some were withdrawn before that.
        """
        retracted: set[UUID] = set()
        trips = await self._open_trips()
        for desired in desired_routes:
            if any(_stops(one, desired) for one in trips):
                continue
            try:
                async with tripping(self.store):
                    if await self._retract(desired):
                        retracted.add(desired.bgp_prefix_id)
            except JobStopped:
                break
            except WithdrawalsStopped:
                trips = await self._open_trips()
            except (ClaimNotFound, BgpPrefixNotFound):
                continue
        return retracted

    async def _open_trips(self) -> Sequence[Trip]:
        async with self.store.transaction() as tx:
            return [one.trip for one in await tx.breaker.open()]

    async def _retract(self, desired: DesiredRoute) -> bool:
        by = Actor("worker", f"{ROLL_BACK}-{uuid4().hex}")
        async with self.store.transaction(actor=by) as tx:
            await tx.guards.require_running(JobKind.ROLL_BACK)
            await tx.claims.lock(desired.claim_id)
            row = await tx.bgp_prefixes.get(desired.claim_id, desired.bgp_prefix_id)
            if row.locked or not row.desired.advertised or row.desired.change != desired.change:
                return False
            await withdraw(
                tx,
                row,
                source=Source.ROLL_BACK,
                job=ROLL_BACK,
                run=f"{tx.now:%Y-%m-%dT%H}",  # an hour is one run: the breaker has a ceiling for it
            )
            return True


def _stops(trip: Trip, desired: DesiredRoute) -> bool:
    match trip.scope:
        case TripScope.ACCOUNT:
            return desired.account_id is not None and trip.subject == desired.account_id.hex
        case TripScope.JOB:
            return trip.subject == ROLL_BACK
        case TripScope.GLOBAL:
            return True
