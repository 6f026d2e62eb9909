from dataclasses import dataclass, replace

from byoip.domain.checks.snapshot_refusals import SnapshotNotAcceptable, SnapshotNotFound
from byoip.domain.checks.vrp_snapshot import ahead
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.operator_text import stated_reason
from byoip.ports.clock import Clock
from byoip.store.accounts.operator_views import RoaSnapshotView
from byoip.store.checks.snapshots import Acceptance, VrpSnapshot
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.checks.vrp_writing import VrpSnapshotRepository
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class AcceptRoaSnapshot:
    """Use a refused snapshot all the same, on an operator's word, which is kept with its reason."""

    store: Store
    snapshots: VrpSnapshots
    clock: Clock

    async def __call__(
        self, number: int, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> RoaSnapshotView:
        """Accept snapshot `number`: the last refused one, as long as its entries are kept.

        Raises:
            InvalidText, SnapshotNotFound, SnapshotNotAcceptable: as they say.
        """
        why, now = stated_reason(reason), self.clock.now()
        async with self.store.transaction(once, actor=by) as tx:
            snapshots = await tx.operating.roa_snapshots()
            found = await snapshots.find(number)
            if found is None:
                raise SnapshotNotFound
            await self._demand_acceptable(snapshots, found)
            word = Acceptance(by.name, why.value, now)
            await snapshots.accept(number, word)
            after = {"number": number}
            tx.record_for_operators("roa_snapshot.accepted", why, after=after)
            await tx.jobs.enqueue_reevaluation()
            view = RoaSnapshotView(replace(found, accepted=True), in_use=True, acceptance=word)
            await tx.answered(view)
        await self.snapshots.prune()
        return view

    async def _demand_acceptable(self, tx: VrpSnapshotRepository, snapshot: VrpSnapshot) -> None:
        if snapshot.accepted:
            raise SnapshotNotAcceptable("it was accepted before")
        if snapshot.tally is None or not snapshot.kept:
            raise SnapshotNotAcceptable("its entries are not here (any more)")
        if ahead(snapshot.tally.built_at, self.clock.now()):
            # Its age could not be told, and data is only used up to a certain age.
            why = "it was built in the future: mend the relying party's clock"
            raise SnapshotNotAcceptable(why)
        current = await tx.current()
        if current is not None and current.number > snapshot.number:
            raise SnapshotNotAcceptable(f"snapshot {current.number} has superseded it")
