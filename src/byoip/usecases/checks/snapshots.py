"""Snapshots that were refused, and that an operator accepts all the same, with a reason."""

from dataclasses import replace
from datetime import datetime

from byoip.domain.checks.snapshot_refusals import SnapshotNotAcceptable, SnapshotNotFound
from byoip.domain.checks.vrp_snapshot import ahead
from byoip.domain.operator_text import stated_reason
from byoip.store.accounts.operator_views import RoaSnapshotView
from byoip.store.checks.snapshots import RegistrationStatus, SnapshotAcceptance, VrpSnapshot
from byoip.store.transaction import Transaction


async def accept_roas(tx: Transaction, number: int, *, reason: str) -> RoaSnapshotView:
    """Use snapshot `number` of ROA data: the last refused one, as long as its entries are kept.

    The next attempt to take ROA data drops the entries of the snapshots that this one supersedes.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        SnapshotNotFound: there is no such snapshot.
        SnapshotNotAcceptable: it is in use, superseded or dropped, or its age cannot be told.
    """
    why = stated_reason(reason)
    snapshots = await tx.roa_snapshots()
    found = await snapshots.find(number)
    if found is None:
        raise SnapshotNotFound
    _require_acceptable(found, await snapshots.current(), tx.now)
    word = SnapshotAcceptance(tx.actor.name, why.value, tx.now)
    await snapshots.accept(number, word)
    tx.record_for_operators("roa_snapshot.accepted", why, after={"number": number})
    await tx.jobs.enqueue_reevaluation()
    return RoaSnapshotView(replace(found, accepted=True), in_use=True, acceptance=word)


async def accept_registrations(
    tx: Transaction, registry: str, *, reason: str
) -> RegistrationStatus:
    """Accept a registry's newest statistics file, which was refused for having too few entries.

    Refused files are not kept: the next file is measured by the one that was accepted.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        SnapshotNotFound: there is no such registry.
        SnapshotNotAcceptable: its newest file was not refused for its size, or was accepted before.
    """
    why = stated_reason(reason)
    snapshots = await tx.registration_snapshots()
    status = await snapshots.status(registry)
    if status is None:
        raise SnapshotNotFound
    if status.acceptance:
        raise SnapshotNotAcceptable("it was accepted before")
    if status.refused is None:
        raise SnapshotNotAcceptable("its newest file was not refused for its size")
    word = SnapshotAcceptance(tx.actor.name, why.value, tx.now)
    await snapshots.accept(registry, word)
    before = {"registry": registry, "ranges": status.ranges}
    after = {"registry": registry, "ranges": status.refused}
    tx.record_for_operators("registration_snapshot.accepted", why, before=before, after=after)
    return replace(status, acceptance=word)


def _require_acceptable(snapshot: VrpSnapshot, current: VrpSnapshot | None, now: datetime) -> None:
    if snapshot.accepted:
        raise SnapshotNotAcceptable("it was accepted before")
    if snapshot.tally is None or not snapshot.kept:
        raise SnapshotNotAcceptable("its entries are not here (any more)")
    if ahead(snapshot.tally.built_at, now):
        # Its age could not be told, and data is only used up to a certain age.
        raise SnapshotNotAcceptable("it was built in the future: fix the relying party's clock")
    if current is not None and current.number > snapshot.number:
        raise SnapshotNotAcceptable(f"snapshot {current.number} has superseded it")
