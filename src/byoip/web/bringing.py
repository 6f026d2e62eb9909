"""Bringing a prefix, and trying first whether it would pass: by a button, and while one types."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from starlette.responses import Response

from byoip.domain.accounts.let_in import OUT
from byoip.domain.checks.evidence import Passed
from byoip.domain.errors import Refusal
from byoip.domain.precondition import PreconditionFailed
from byoip.domain.prefix import Prefix
from byoip.store.accounts.rate_limits import Wanted
from byoip.usecases.checks.preflight import PreflightReport
from byoip.usecases.claims import prefixes as verbs
from byoip.web.checks import checks_shown
from byoip.web.forms import fresh_key, number_in, seen_of
from byoip.web.telling import Told, require_seen
from byoip.web.visiting import PersonsVisit

_Asks: TypeAlias = Callable[[str, int], Awaitable[Response]]


async def bring_form(visit: PersonsVisit) -> Response:
    """The form to bring a prefix."""
    return await _form(visit)


async def bring(visit: PersonsVisit) -> Response:
    """Bring a prefix; what is refused of it is said at its field."""
    form = visit.form

    async def submit(cidr: str, asn: int) -> Response:
        require_seen(visit, *_origins(visit))
        return await visit.write(
            lambda tx: verbs.submit(
                tx,
                visit.account_id,
                terms=visit.site.terms,
                cidr=cidr,
                asn=asn,
                description=form.get("description", ""),
                delegate_loa_creation=form.get("letter", "") == "yes",
            ),
            lambda view: f"/ui/prefixes/{view.claim.id.hex}?done=brought",
        )

    try:
        return await _tried(visit, submit)
    except PreconditionFailed:
        return await _form(visit, 412, told=Told(412, stale=True))


async def preflight(visit: PersonsVisit) -> Response:
    """Would it pass as things stand? Asks now, and keeps nothing."""
    return await _tried(visit, _asking(visit, partial(_form, visit)))


async def typed(visit: PersonsVisit) -> Response:
    """The same for an open page, as soon as prefix and origin are typed."""
    if not visit.form.get("cidr", "").strip() or not visit.form.get("asn", "").strip():
        return await _part(visit)
    return await _tried(visit, _asking(visit, partial(_part, visit)), partial(_part, visit))


def _asking(visit: PersonsVisit, show: Callable[..., Awaitable[Response]]) -> _Asks:
    limit = Wanted("preflight", visit.site.limits.preflights_per_account)

    async def ask(cidr: str, asn: int) -> Response:
        Prefix.parse(cidr)  # what is half typed spends nothing
        await visit.site.spend(visit.account_id, limit)
        report = await visit.site.preflight(visit.account_id, cidr=cidr, asn=asn)
        return await show(report=report)

    return ask


async def _tried(
    visit: PersonsVisit, work: _Asks, show: Callable[..., Awaitable[Response]] | None = None
) -> Response:
    """Do it with what the form names; what is refused is said at its field."""
    show = show or partial(_form, visit)
    text = visit.form.get("asn", "").strip().upper().removeprefix("AS")
    number = number_in(text, len("4294967295"))
    if number is None:
        return await show(422, wrong={"asn": "An AS number, as in 64500."})
    try:
        return await work(visit.form.get("cidr", "").strip(), number)
    except (PreconditionFailed, *OUT):
        raise
    except Refusal as refusal:
        problem = visit.site.problem(refusal)
        field = (refusal.pointer or "").strip("/")
        said = {field if field in {"cidr", "asn", "description"} else "": refusal.message}
        return await show(problem.status, wrong=said)


async def _form(
    visit: PersonsVisit,
    status: int = 200,
    *,
    wrong: Mapping[str, str] | None = None,
    report: PreflightReport | None = None,
    told: Told = Told(),  # noqa: B008 - frozen
) -> Response:
    return await visit.page(
        "bring.html",
        status,
        key=fresh_key(),
        given=visit.form,
        wrong=wrong or {},
        told=told,
        origins=_origins(visit),
        seen=seen_of(*_origins(visit)),
        **_shown(report),
    )


def _origins(visit: PersonsVisit) -> Sequence[int]:
    """What may be chosen as origin without a proof; the operator's settings may change."""
    return sorted(one.number for one in visit.site.terms.origins)


async def _part(
    visit: PersonsVisit,
    _: int = 200,
    *,
    wrong: Mapping[str, str] | None = None,
    report: PreflightReport | None = None,
) -> Response:
    """What is said below the form; of a refusal as well, which is no answer of another kind."""
    return await visit.page("_tried.html", wrong=wrong or {}, **_shown(report))


def _shown(report: PreflightReport | None) -> Mapping[str, Any]:
    return {
        "report": report,
        "checks": checks_shown(report.findings, {}) if report else [],
        "pair": report.pair if report and not isinstance(report.pair, Passed) else None,
    }
