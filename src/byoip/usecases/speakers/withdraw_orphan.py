from dataclasses import dataclass, replace

from byoip.domain.accounts.operating import stated_name, stated_reason
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.bgp_peer import can_be_named
from byoip.domain.speakers.route_snapshot import Orphan, OrphanNotFound
from byoip.ports.clock import Clock
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class WithdrawOrphan:
    """An operator's word that a path which nobody wants shall go from one speaker."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        speaker: str,
        cidr: str,
        *,
        name: str,
        reason: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> Orphan:
        """Note it; whoever reconciles does it, as long as it still is an orphan then.

        Raises:
            InvalidText, InvalidPrefix, OrphanNotFound: as they say.
        """
        who, why, prefix = stated_name(name), stated_reason(reason), Prefix.parse(cidr)
        if not can_be_named(speaker):
            raise OrphanNotFound
        async with self.store.transaction(once, actor=by) as tx:
            found = await tx.routes.decide(speaker, prefix, by=who.value, because=why.value)
            after = {"speaker": speaker, "cidr": str(prefix), "name": who.value}
            tx.record_for_operators("orphan.withdrawn", why, after=after)
            decided = replace(found, decided_by=who.value, decided_because=why.value)
            await tx.answered(decided)
        return decided
