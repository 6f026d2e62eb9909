"""Routes that wait for a person since the database was restored, or lost its newest changes."""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Final

from starlette.responses import Response

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.operator_text import stated_reason
from byoip.domain.precondition import PreconditionFailed
from byoip.domain.routes.bgp_prefix import BgpPrefixNotFound
from byoip.domain.speakers.route_snapshot import Unreleased
from byoip.store.transaction import Transaction
from byoip.usecases.speakers.release_routes import MOST_SHOWN, ReleaseRoutes, release_one
from byoip.web.forms import fresh_key, id_of, typed
from byoip.web.operator.noc import require_operator
from byoip.web.telling import Told, told_of, tried
from byoip.web.visiting import PersonsVisit, leading

_LIST: Final = "/ui/noc/routes/waiting"
_LONGEST: Final = 6  # digits
_DONE: Final[Mapping[str, str]] = {
    "released": "It is announced, as on its owner's word. History has it, with your reason.",
    "all": "All of them are announced. History has it, with your reason.",
    "begun": "This form was sent before, and that is done: one route after the other. What stands "
    "below still waits its turn, or was refused. History has each that is announced.",
    "some": "Those below were refused by the rules for announcing, and wait on; all others are "
    "announced. History has it, with your reason.",
}


async def listed(visit: PersonsVisit) -> Response:
    """Each with what is known of it, and the form that releases it."""
    require_operator(visit)
    return await _shown(visit, told_of(visit, _DONE))


async def release(visit: PersonsVisit) -> Response:
    """Release one, if neither it nor its prefix has changed since."""
    require_operator(visit)
    form = visit.form
    claim_id, route_id = id_of(form.get("prefix", "")), id_of(form.get("route", ""))

    async def verb(tx: Transaction) -> object:
        try:
            return await release_one(tx, claim_id, route_id, reason=form.get("reason", ""))
        except (ClaimNotFound, BgpPrefixNotFound):  # closed since the page was drawn
            raise PreconditionFailed from None

    work = visit.write(verb, lambda _: f"{_LIST}?done=released")
    return await tried(visit, work, partial(_shown, visit))


async def release_shown(visit: PersonsVisit) -> Response:
    """Release all that the page showed, if just these wait."""
    require_operator(visit)
    routes = ReleaseRoutes(visit.site.border.store)
    shown = visit.form.get("many", "")[:_LONGEST]
    if not shown or not typed(visit.form, _word(shown)):
        return await _shown(visit, Told.asking_for(_word(shown or "...")))

    async def begin(tx: Transaction) -> Sequence[Unreleased]:
        waiting = await tx.unreleased.first(MOST_SHOWN)
        if not waiting or visit.form.get("seen", "") != _drawn(waiting):
            raise PreconditionFailed
        return waiting

    async def work() -> Response:
        why = stated_reason(visit.form.get("reason", ""))
        begun, to_do = Response(), list[Unreleased]()

        def show(waiting: Sequence[Unreleased]) -> Response:
            to_do[:] = waiting
            return begun

        # The key stands for having begun: of two clicks the second finds some of them gone.
        answer = await visit.write_shown(begin, show, lambda _: f"{_LIST}?done=begun")
        if answer is not begun:
            return answer
        made = await routes.these(to_do, reason=why, by=visit.actor)
        return leading(f"{_LIST}?done={'some' if made.refused else 'all'}")

    return await tried(visit, work(), partial(_shown, visit))


async def _shown(visit: PersonsVisit, told: Told) -> Response:
    rows, total = await ReleaseRoutes(visit.site.border.store).some()
    return await visit.page(
        "operator/waiting.html",
        told.status,
        told=told,
        rows=rows,
        total=total,
        word=_word(len(rows)),
        seen=_drawn([one for one, _ in rows]),
        key=fresh_key,
    )


def _word(many: object) -> str:
    """What is typed before so many go up at once."""
    return f"release {many}"


def _drawn(waiting: Sequence[Unreleased]) -> str:
    """Stands for these routes, and the versions of their prefixes."""
    seen = [(one.bgp_prefix_id.hex, one.version) for one in waiting]
    return sha256(repr(seen).encode()).hexdigest()[:32]
