"""The operator's page of a dispute about an AS number: both evidences, and the decision."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from starlette.responses import Response

from byoip.domain.asns.asn_dispute import NOTHING_GOES, asn_decided_by
from byoip.domain.watch.dispute import Side, left_to_answer
from byoip.store.asns.views import AsnDisputeView, AsnParty
from byoip.usecases.asns.decide_asn_dispute import decide_asn_dispute
from byoip.usecases.asns.show_asn_dispute import show_asn_dispute
from byoip.web.forms import fresh_key, id_of, seen_of, typed
from byoip.web.operator.disputes import DONE, side_of
from byoip.web.operator.noc import require_operator
from byoip.web.telling import Told, require_seen, told_of, tried
from byoip.web.visiting import PersonsVisit


@dataclass(frozen=True, slots=True)
class _Proof:
    """What a side has proven the number by; without `by` that has gone."""

    by: str
    at: datetime | None
    registry: str
    holder: str
    evidence: str


async def asn_dispute(visit: PersonsVisit) -> Response:
    """One dispute, open or ended."""
    require_operator(visit)
    return await _page(visit, told_of(visit, DONE))


async def decide(visit: PersonsVisit) -> Response:
    """Decide it, by what the page showed."""
    require_operator(visit)
    dispute_id = id_of(visit.request.path_params["dispute_id"])
    form, side = visit.form, side_of(visit)
    if side is Side.CLAIMANT:
        about = (await visit.site.own_asns.disputes.one(dispute_id)).dispute
        if not typed(form, str(about.asn)):
            return await _page(visit, Told.asking_for(str(about.asn)))
    work = visit.write(
        lambda tx: decide_asn_dispute(
            tx,
            dispute_id,
            terms=visit.site.asn_terms,
            for_=side,
            reason=form.get("reason", ""),
            early=form.get("early") == "yes",
            judge=lambda facts: require_seen(visit, *facts),
        ),
        lambda _: f"/ui/noc/asn-disputes/{dispute_id.hex}?done=decided",
    )
    return await tried(visit, work, partial(_page, visit))


async def _page(visit: PersonsVisit, told: Told) -> Response:
    dispute_id = id_of(visit.request.path_params["dispute_id"])
    shown = await show_asn_dispute(visit.site.own_asns.disputes, dispute_id, visit.now)
    view, dispute = shown.view, shown.view.dispute
    return await visit.page(
        "operator/asn_dispute.html",
        told.status,
        told=told,
        dispute=dispute,
        left=left_to_answer(dispute.decide_from, visit.now),
        early=visit.now < dispute.decide_from,
        sides=_sides(view),
        advice=shown.advice,
        prefixes=shown.prefixes,
        follows=NOTHING_GOES,
        seen=seen_of(*asn_decided_by(dispute, view.holder.own, view.claimant.own, shown.rows)),
        key=fresh_key,
    )


def _sides(view: AsnDisputeView) -> list[tuple[str, AsnParty, _Proof]]:
    own, proof = view.holder.own, view.dispute.proof
    by = own.proven_by.value if own.proven_by else ""
    first = _Proof(by, own.proven_at, own.registry or "", own.holder, own.evidence)
    of = proof.registry, proof.holder, proof.evidence
    second = _Proof(proof.by.value, view.dispute.opened_at, *of)
    return [
        (Side.HOLDER.value, view.holder, first),
        (Side.CLAIMANT.value, view.claimant, second),
    ]
