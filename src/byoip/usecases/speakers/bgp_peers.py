"""What operators say of speakers and listeners: open its sessions, or it is gone for good."""

from collections.abc import Callable

from byoip.domain.operator_text import stated_name, stated_reason
from byoip.domain.speakers import bgp_peer
from byoip.domain.speakers.bgp_peer import BgpPeerKind, InService
from byoip.store.speakers.views import Lacking, Opened
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
    await _require_gone(tx, name, kind, in_service)
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


async def would_forget(
    tx: Transaction, name: str, *, kind: BgpPeerKind, in_service: InService
) -> bgp_peer.Forgotten:
    """What forgetting it would end, as things are now; nothing is changed.

    Raises:
        SpeakerNotFound, ListenerNotFound: nothing can be on record of it.
        SpeakerInService, ListenerInService: a process still asks it.
    """
    await _require_gone(tx, name, kind, in_service)
    return await tx.routes.would_forget(kind, name)


async def _require_gone(
    tx: Transaction, name: str, kind: BgpPeerKind, in_service: InService
) -> None:
    if not bgp_peer.can_be_named(name):
        raise bgp_peer.not_found(kind)
    asked_at = await tx.routes.last_asked(kind, name)
    in_service.require_gone(kind, name, asked_at, tx.now)
    if kind is BgpPeerKind.SPEAKER and await tx.revisions.names(name):
        raise bgp_peer.SpeakerInService("the settings that all workers use name it")


async def open_speaker(
    tx: Transaction,
    speaker: str,
    *,
    name: str,
    reason: str,
    in_service: InService,
    require: Callable[[Lacking], None] | None = None,
) -> Opened:
    """Have a speaker's sessions come up in spite of what is missing, or where nothing is on record.

    The reconciler does so once the speaker is loaded and has a route, or its peers may keep what it
    had; what is missing then counts as accepted. Until then the order stands. `require` is told
    what the alarm names, under lock, and refuses what was not meant.

    Raises:
        InvalidText: the operator's name or the reason.
        SpeakerNotFound: no worker has asked it, and this process has it in no settings.
    """
    who, why = stated_name(name), stated_reason(reason)
    if not bgp_peer.can_be_named(speaker):
        raise bgp_peer.SpeakerNotFound
    asked_at = await tx.routes.last_asked(BgpPeerKind.SPEAKER, speaker)
    if asked_at is None and speaker not in in_service.speakers:
        raise bgp_peer.SpeakerNotFound
    lacking = await tx.routes.lacking(speaker)
    if require:
        require(lacking)
    await tx.routes.order_opening(speaker, f"operator {who.value}")
    after = {"speaker": speaker, "name": who.value, "lacked": lacking.said}
    tx.record_for_operators("speaker.opened", why, after=after)
    return Opened(speaker, lacking.said)
