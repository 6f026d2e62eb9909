from dataclasses import dataclass

from byoip.domain.accounts.operating import stated_reason
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.speakers.bgp_peer import (
    BgpPeerKind,
    Forgotten,
    InService,
    can_be_named,
    not_found,
)
from byoip.ports.clock import Clock
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class ForgetSpeaker:
    """An operator's word that a speaker, or a listener, is gone for good.

    What it may hold or see is on record no longer, so that it holds up nothing: no prefix on its
    way out, no deletion. Nobody is told anything, and what owners want stays as it is. If it
    comes back, what it holds and nobody wants is an orphan.
    """

    store: Store
    clock: Clock
    station: BgpPeerKind
    in_service: InService

    async def __call__(
        self, name: str, *, reason: str, by: Actor, once: IdempotencyKey | None = None
    ) -> Forgotten:
        """Forget it.

        Raises:
            InvalidText: no reason was given.
            SpeakerNotFound, ListenerNotFound: nothing is on record of it.
            SpeakerInService, ListenerInService: somebody still asks it.
        """
        why = stated_reason(reason)
        if not can_be_named(name):
            raise not_found(self.station)
        async with self.store.transaction(once, actor=by) as tx:
            now = self.clock.now()
            asked_at = await tx.routes.last_asked(self.station, name)
            self.in_service.require_gone(self.station, name, asked_at, now)
            forgotten = await tx.routes.forget(self.station, name)
            if forgotten is None:
                raise not_found(self.station)
            before = {
                "name": name,
                "marks": forgotten.marks,
                "words": forgotten.words,
                "orphans": forgotten.orphans,
                "let_go": [str(one) for one in forgotten.let_go],
            }
            tx.record_for_operators(f"{self.station}.forgotten", why, before=before)
            await tx.answered(forgotten)
        return forgotten
