from dataclasses import dataclass, replace

from byoip.domain.checks.snapshot_refusals import SnapshotNotAcceptable, SnapshotNotFound
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.operator_text import stated_reason
from byoip.ports.clock import Clock
from byoip.store.checks.snapshots import Acceptance, RegistrationStatus
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class AcceptRegistrationSnapshot:
    """Believe a registry that its file did shrink, on an operator's word, kept with its reason.

    Refused files are not kept: the next one is measured by the one that was accepted.
    """

    store: Store
    clock: Clock

    async def __call__(
        self, registry: str, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> RegistrationStatus:
        """Accept the registry's newest file, which was refused for having too few entries.

        Raises:
            InvalidText, SnapshotNotFound, SnapshotNotAcceptable: as they say.
        """
        why, now = stated_reason(reason), self.clock.now()
        async with self.store.transaction(once, actor=by) as tx:
            snapshots = await tx.operating.registration_snapshots()
            status = await snapshots.status(registry)
            if status is None:
                raise SnapshotNotFound
            if status.acceptance:
                raise SnapshotNotAcceptable("it was accepted before")
            if status.refused is None:
                raise SnapshotNotAcceptable("its newest file was not refused for its size")
            word = Acceptance(by.name, why.value, now)
            await snapshots.accept(registry, word)
            before = {"registry": registry, "ranges": status.ranges}
            after = {"registry": registry, "ranges": status.refused}
            tx.record_for_operators(
                "registration_snapshot.accepted", why, before=before, after=after
            )
            view = replace(status, acceptance=word)
            await tx.answered(view)
        return view
