"""A dispute with both evidences and what they speak for, as a person decides by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.checks.evidence import Check, Passed
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.watch.dispute import Advice, advice
from byoip.store.claims.reader import CustomerReader
from byoip.store.claims.views import RunView
from byoip.store.watch.views import DisputeParty, DisputeView, PrefixWatch


@dataclass(frozen=True, slots=True)
class ShownDispute:
    """A dispute, and what its parties rest on: of the holder, then of the claimant.

    Attributes:
        watched: what is watched; None: the prefix has been closed.
        runs: the newest run that has proven the space; None: there was none.
    """

    view: DisputeView
    watched: Sequence[PrefixWatch | None]
    runs: Sequence[RunView | None]
    advice: Advice


async def show_dispute(reader: CustomerReader, dispute_id: UUID, now: datetime) -> ShownDispute:
    """Read it, ended or not. Raises DisputeNotFound."""
    view = await reader.disputes.one(dispute_id)
    parties = view.holder, view.claimant
    watched = [await _watched(reader, one) for one in parties]
    runs = [await _run(reader, one) for one in parties]
    known = () if watched[0] is None else watched[0].signals
    about = view.dispute, view.holder.claim, known, view.claimant.claim, now
    said = advice(*about, _passed(runs[1]))
    return ShownDispute(view, watched, runs, said)


def _passed(run: RunView | None) -> Mapping[Check, datetime]:
    found = () if run is None else run.findings
    return {one.check: one.at for one in found if isinstance(one.outcome, Passed)}


async def _watched(reader: CustomerReader, party: DisputeParty) -> PrefixWatch | None:
    try:
        return await reader.watches.watch(party.claim.account_id, party.claim.id)
    except ClaimNotFound:
        return None


async def _run(reader: CustomerReader, party: DisputeParty) -> RunView | None:
    if party.run_id is None:
        return None
    try:
        return await reader.run(party.claim.account_id, party.claim.id, party.run_id)
    except ClaimNotFound:
        return None
