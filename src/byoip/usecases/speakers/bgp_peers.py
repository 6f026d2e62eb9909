"""Speakers and listeners that are gone for good, as an operator says."""

from byoip.domain.operator_text import stated_reason
from byoip.domain.speakers import bgp_peer
from byoip.domain.speakers.bgp_peer import BgpPeerKind, InService
from byoip.store.transaction import Transaction


async def forget(
    tx: Transaction, name: str, *, kind: BgpPeerKind, reason: str, in_service: InService
) -> bgp_peer.Forgotten:
    """End the record of what a speaker may hold, or of what a listener sees.

    It then holds up no offboarding and no deletion. The speaker itself is told nothing, and what
    owners want stays as it is. If the speaker comes back, what it holds and no owner wants is an
    orphan.

    Raises:
        InvalidText: the reason.
        SpeakerNotFound, ListenerNotFound: nothing is on record of it.
        SpeakerInService, ListenerInService: a process still asks it.
    """
    why = stated_reason(reason)
    if not bgp_peer.can_be_named(name):
        raise bgp_peer.not_found(kind)
    asked_at = await tx.routes.last_asked(kind, name)
    in_service.require_gone(kind, name, asked_at, tx.now)
    forgotten = await tx.routes.forget(kind, name)
    if forgotten is None:
        raise bgp_peer.not_found(kind)
    before = {
        "name": name,
        "marks": forgotten.applied,
        "words": forgotten.observed,
        "orphans": forgotten.orphans,
        "let_go": [str(one) for one in forgotten.abandoned],
    }
    tx.record_for_operators(f"{kind}.forgotten", why, before=before)
    return forgotten
