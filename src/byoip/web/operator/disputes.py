"""The operator's page of a dispute: both evidences side by side, and the decision."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from starlette.responses import Response

from byoip.domain.watch.dispute import Side, decided_by, left_to_answer
from byoip.usecases.watch.decide_dispute import decide_dispute
from byoip.usecases.watch.show_dispute import ShownDispute, show_dispute
from byoip.web.checks import CheckShown, checks_shown
from byoip.web.forms import fresh_key, id_of, seen_of, typed
from byoip.web.operator.noc import require_operator
from byoip.web.site import NotServed
from byoip.web.telling import Told, require_seen, told_of, tried
from byoip.web.visiting import PersonsVisit

DONE: Final[Mapping[str, str]] = {
    "decided": "It is decided. Both parties read it in their history, with your reason."
}


async def dispute(visit: PersonsVisit) -> Response:
    """One dispute, open or ended."""
    require_operator(visit)
    return await _page(visit, told_of(visit, DONE))


async def decide(visit: PersonsVisit) -> Response:
    """Decide it, by what the page showed."""
    require_operator(visit)
    dispute_id = id_of(visit.request.path_params["dispute_id"])
    form, side = visit.form, side_of(visit)
    if side is Side.CLAIMANT:
        holder = (await show_dispute(visit.site.reader, dispute_id, visit.now)).view.holder
        if not typed(form, name := str(holder.claim.prefix)):
            return await _page(visit, Told.asking_for(name))
    work = visit.write(
        lambda tx: decide_dispute(
            tx,
            dispute_id,
            for_=side,
            reason=form.get("reason", ""),
            early=form.get("early") == "yes",
            judge=lambda facts: require_seen(visit, *facts),
        ),
        lambda _: f"/ui/noc/disputes/{dispute_id.hex}?done=decided",
    )
    return await tried(visit, work, partial(_page, visit))


async def _page(visit: PersonsVisit, told: Told) -> Response:
    dispute_id = id_of(visit.request.path_params["dispute_id"])
    shown = await show_dispute(visit.site.reader, dispute_id, visit.now)
    view = shown.view
    return await visit.page(
        "operator/dispute.html",
        told.status,
        told=told,
        dispute=view.dispute,
        left=left_to_answer(view.dispute.decide_from, visit.now),
        early=visit.now < view.dispute.decide_from,
        sides=[(Side.HOLDER, view.holder), (Side.CLAIMANT, view.claimant)],
        checks=side_by_side(shown),
        signals=() if shown.watched[0] is None else shown.watched[0].shown,
        advice=shown.advice,
        seen=seen_of(*_decided_by(shown)),
        key=fresh_key,
    )


def _decided_by(shown: ShownDispute) -> tuple[object, ...]:
    view, watched = shown.view, shown.watched[0]
    known = () if watched is None else watched.signals
    return decided_by(view.dispute, view.holder.claim, known, view.claimant.claim)


def side_by_side(shown: ShownDispute) -> Mapping[str, Sequence[Sequence[CheckShown]]]:
    """Of each check how it ended for the holder, and for the claimant: once for each zone."""
    sides = [checks_shown(run.findings if run else (), {}) for run in shown.runs]
    names = dict.fromkeys(one.name for side in sides for one in side)
    return {name: [[one for one in side if one.name == name] for side in sides] for name in names}


def side_of(visit: PersonsVisit) -> Side:
    """For whom a form decides; raises NotServed where it is not ours."""
    try:
        return Side(visit.form.get("for", ""))
    except ValueError:
        raise NotServed(400, "Not our form", "This form is not one of ours.") from None
