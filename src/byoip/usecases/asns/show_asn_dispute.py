"""A dispute about an AS number with both evidences and what they speak for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from byoip.domain.asns.asn_dispute import asn_advice
from byoip.domain.asns.registration import AsnRange
from byoip.domain.watch.dispute import Advice
from byoip.store.asns.asn_disputes import AsnDisputeReader
from byoip.store.asns.views import AsnDisputeView, NamedPrefix


@dataclass(frozen=True, slots=True)
class ShownAsnDispute:
    """A dispute, and what a person decides by.

    Attributes:
        rows: of the number, in the statistics in use.
        prefixes: of the holder, that have the number as their origin.
        answer: the registry's, as the holder proved the number; None: it was not asked, or that
            proof has gone.
    """

    view: AsnDisputeView
    advice: Advice
    rows: Sequence[AsnRange]
    prefixes: Sequence[NamedPrefix]
    answer: bytes | None


async def show_asn_dispute(
    reader: AsnDisputeReader, dispute_id: UUID, now: datetime
) -> ShownAsnDispute:
    """Read it, ended or not. Raises DisputeNotFound."""
    view = await reader.one(dispute_id)
    holder = view.holder.own
    rows = await reader.rows(view.dispute.asn)
    said = asn_advice(view.dispute, holder, rows, now)
    answer = await reader.answer(holder.id) if holder.proven else None
    return ShownAsnDispute(view, said, rows, await reader.named(holder.id), answer)
