"""What the operator keeps: accounts, services, reserved space, words on registries."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias
from uuid import UUID

from starlette.responses import Response

from byoip.domain.bindings.offered_service import ServiceNotOffered
from byoip.domain.checks.registry_override import OverrideNotFound, RegistryOverride
from byoip.domain.claims.check_waiver import CheckWaiver
from byoip.domain.claims.claim import CLAIMS_PER_ACCOUNT, Claim
from byoip.domain.claims.reservation import Reservation, ReservationNotFound
from byoip.domain.precondition import PreconditionFailed
from byoip.domain.prefix import InvalidPrefix, Prefix
from byoip.store.accounts.operator_views import OperatorClaimFilter
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Transaction
from byoip.usecases.accounts import accounts
from byoip.usecases.bindings import services
from byoip.usecases.border import Verb
from byoip.usecases.checks import registry_overrides
from byoip.usecases.claims import reservations
from byoip.web.forms import fresh_key, id_of, number_in, seen_of
from byoip.web.operator.noc import require_operator
from byoip.web.prefixes import Chip, chip_of, cursor_of, cursor_text
from byoip.web.rows import rows_of
from byoip.web.site import NotServed
from byoip.web.telling import Told, as_drawn, require_seen, told_of, tried
from byoip.web.visiting import PersonsVisit

PAGE: Final = 100
_WITH_FORMS: Final = 50  # of each kind, each with a form
_MOST_QUOTA: Final = CLAIMS_PER_ACCOUNT
_DONE: Final[Mapping[str, str]] = {
    "done": "It is done. History has it, with your name and the reason."
}
_GONE: Final = (ReservationNotFound, OverrideNotFound, ServiceNotOffered)
_Made: TypeAlias = Callable[[PersonsVisit, str], Verb[Any]]
_Kept: TypeAlias = Reservation | RegistryOverride | CheckWaiver
_Shows: TypeAlias = Callable[[PersonsVisit, Told], Awaitable[Response]]


def page_of(show: _Shows) -> Callable[[PersonsVisit], Awaitable[Response]]:
    """A page that lists one kind of these."""

    async def page(visit: PersonsVisit) -> Response:
        require_operator(visit)
        return await show(visit, told_of(visit, _DONE))

    return page


def form_of(
    show: _Shows, path: str, made: _Made, *, another: bool
) -> Callable[[PersonsVisit], Awaitable[Response]]:
    """A form of such a page: for another one, or about one that is on it."""

    async def act(visit: PersonsVisit) -> Response:
        require_operator(visit)

        async def work() -> Response:
            verb = made(visit, visit.form.get("reason", ""))

            async def standing(tx: Transaction) -> Any:
                try:
                    return await verb(tx)
                except _GONE:  # ended since the page was drawn
                    raise PreconditionFailed from None

            return await visit.write(standing, lambda _: f"{path}?done=done")

        async def facts() -> tuple[object, ...]:
            return await _drawn(visit, path)

        done = as_drawn(visit, facts, work) if another else work()
        return await tried(visit, done, partial(show, visit))

    return act


async def _drawn(visit: PersonsVisit, path: str) -> tuple[object, ...]:
    """What was kept when a form for another one was drawn, and whom that one was seen to touch."""
    kept = await visit.site.operator_reader.needs.kept(path.rpartition("/")[2])
    looked = visit.form.get("looked", visit.request.query_params.get("cidr", "").strip())
    if not path.endswith("/space") or not looked:
        return (kept,)
    _, touched = await _touched(visit, looked)
    return kept, looked, [_stands(one.claim) for _, one in touched]


def _stands(claim: Claim) -> tuple[object, ...]:
    """What a form is drawn from, and not its version: no write of its owner makes the form old."""
    return claim.id.hex, claim.account_id.hex, claim.state.value, claim.standing.value


async def show_accounts(visit: PersonsVisit, told: Told) -> Response:
    """Accounts, a page at a time."""
    after = cursor_of(visit.request.query_params.get("after", ""))
    found = await visit.site.operator_reader.accounts(after=after, limit=PAGE + 1)
    last = found[PAGE - 1].account if len(found) > PAGE else None
    return await visit.page(
        "operator/accounts.html",
        told.status,
        told=told,
        rows=found[:PAGE],
        seen=seen_of(*await _drawn(visit, "/ui/noc/accounts")),
        next=cursor_text(last.created_at, last.id) if last else "",
        form=visit.form,
        key=fresh_key,
    )


async def show_services(visit: PersonsVisit, told: Told) -> Response:
    """All services, a page at a time."""
    found, further = rows_of(visit, await visit.site.reader.services(), _WITH_FORMS)
    return await visit.page(
        "operator/services.html",
        told.status,
        told=told,
        rows=found,
        next=further,
        seen=seen_of(*await _drawn(visit, "/ui/noc/services")),
        form=visit.form,
        key=fresh_key,
    )


async def show_space(visit: PersonsVisit, told: Told) -> Response:
    """Reserved space, the operator's words on registries, and checks that are done without.

    With `cidr` it says whose prefixes a word on that range touches.
    """
    reader, asked = visit.site.operator_reader, visit.request.query_params
    reserved = await reader.reservations(
        after=cursor_of(asked.get("reserved", "")), limit=_WITH_FORMS + 1
    )
    overrides = await reader.overrides(
        after=cursor_of(asked.get("overrides", "")), limit=_WITH_FORMS + 1
    )
    waivers = await reader.all_waivers(
        visit.now, after=cursor_of(asked.get("waivers", "")), limit=_WITH_FORMS + 1
    )
    looked = visit.form.get("looked", asked.get("cidr", "").strip())
    wrong, touched = await _touched(visit, looked)
    return await visit.page(
        "operator/space.html",
        told.status,
        told=told,
        reserved=reserved[:_WITH_FORMS],
        overrides=overrides[:_WITH_FORMS],
        waivers=waivers[:_WITH_FORMS],
        more={
            "reserved": _next(reserved),
            "overrides": _next(overrides),
            "waivers": _next([one for _, one in waivers]),
        },
        registries=sorted(visit.site.terms.registries),
        looked=looked,
        wrong=wrong,
        touched=touched,
        accounts=await reader.account_names(
            [
                *(one.claim.account_id for _, one in touched),
                *(one.account_id for one in reserved if one.account_id),
            ]
        ),
        seen=seen_of(*await _drawn(visit, "/ui/noc/space")),
        seen_of_one=lambda one: seen_of(*_says(one)),
        form=visit.form,
        key=fresh_key,
    )


async def _touched(visit: PersonsVisit, text: str) -> tuple[str, Sequence[tuple[Chip, ClaimView]]]:
    """What is wrong with a range, and whose prefixes share an address with it."""
    if not text:
        return "", ()
    try:
        wanted = OperatorClaimFilter(overlapping=Prefix.parse(text))
    except InvalidPrefix as refusal:
        return refusal.message, ()
    found = await visit.site.operator_reader.claims(wanted, after=None, limit=PAGE)
    return "", [(chip_of(one), one) for one in found]


def _says(one: Reservation | RegistryOverride) -> tuple[object, ...]:
    """What the page says of a word."""
    about = one.account_id if isinstance(one, Reservation) else one.registry
    return one.id.hex, str(one.prefix), about


def _next(found: Sequence[_Kept]) -> str:
    last = found[_WITH_FORMS - 1] if len(found) > _WITH_FORMS else None
    return cursor_text(last.created_at, last.id) if last else ""


def new_account(visit: PersonsVisit, why: str) -> Verb[Any]:
    """Take a customer in."""
    name, quota = visit.form.get("name", ""), quota_of(visit)
    return lambda tx: accounts.create(tx, name=name, prefix_quota=quota, reason=why)


def change_quota(visit: PersonsVisit, why: str) -> Verb[Any]:
    """Let an account have more prefixes, or fewer new ones."""
    account, quota = _named(visit), quota_of(visit)
    return lambda tx: accounts.update(tx, account, name=None, prefix_quota=quota, reason=why)


def new_service(visit: PersonsVisit, why: str) -> Verb[Any]:
    """Offer a service."""
    name, whole = visit.form.get("name", ""), visit.form.get("whole") == "yes"
    return lambda tx: services.create(tx, name=name, default_only=whole, reason=why)


def change_service(visit: PersonsVisit, why: str) -> Verb[Any]:
    """Have it take whole prefixes only, or any range."""
    service, whole = _named(visit), visit.form.get("whole") == "yes"
    return lambda tx: services.update(tx, service, default_only=whole, reason=why)


def retire_service(visit: PersonsVisit, why: str) -> Verb[Any]:
    """Offer it no longer."""
    service = _named(visit)

    async def verb(tx: Transaction) -> Any:
        tx.precondition.require((await tx.services.lock(service)).version)
        return await services.retire(tx, service, reason=why)

    return verb


def reserve(visit: PersonsVisit, why: str) -> Verb[Any]:
    """Keep space for one account, or away from all."""
    cidr, text = visit.form.get("cidr", "").strip(), visit.form.get("account", "").strip()
    account = id_of(text) if text else None
    return lambda tx: reservations.reserve(tx, account, cidr=cidr, reason=why)


def release(visit: PersonsVisit, why: str) -> Verb[Any]:
    """Let every account claim it again."""
    return _as_said(visit, partial(reservations.release, reason=why))


def override(visit: PersonsVisit, why: str) -> Verb[Any]:
    """Say which registry is responsible for a range."""
    cidr, registry = visit.form.get("cidr", "").strip(), visit.form.get("registry", "")
    known = visit.site.terms.registries.keys()
    return lambda tx: registry_overrides.put(
        tx, registries=known, cidr=cidr, registry=registry, reason=why
    )


def end_override(visit: PersonsVisit, why: str) -> Verb[Any]:
    """Go back to what settings and statistics say."""
    return _as_said(visit, partial(registry_overrides.remove, reason=why))


def _as_said(
    visit: PersonsVisit,
    end: Callable[[Transaction, UUID], Awaitable[Reservation | RegistryOverride]],
) -> Verb[Any]:
    named = _named(visit)

    async def verb(tx: Transaction) -> Any:
        ended = await end(tx, named)
        require_seen(visit, *_says(ended))
        return ended

    return verb


def _named(visit: PersonsVisit) -> UUID:
    return id_of(visit.request.path_params["id"])


def quota_of(visit: PersonsVisit) -> int:
    """How many prefixes a form gives an account.

    Raises:
        NotServed: it is no number, or too high.
    """
    quota = number_in(visit.form.get("quota", "").strip())
    if quota is None:
        raise NotServed(422, "Not a number", "A quota is a number, as in 10.")
    if quota > _MOST_QUOTA:
        raise NotServed(422, "Too many", f"A quota is at most {_MOST_QUOTA}.")
    return quota
