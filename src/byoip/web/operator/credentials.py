"""What programs and people come in by, of all accounts and the operator: issued and ended."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias
from uuid import UUID

from starlette.responses import Response

from byoip.domain.accounts.credential import (
    CUSTOMER_SCOPES,
    OPERATOR_SCOPES,
    Credential,
    CredentialNotFound,
)
from byoip.domain.precondition import PreconditionFailed
from byoip.store.accounts.operator_views import AccountView, CredentialView
from byoip.store.transaction import Transaction
from byoip.usecases.accounts import credentials, people
from byoip.usecases.accounts.credentials import NewCredential
from byoip.web.forms import fresh_key, id_of, lasts_of, scopes_of, seen_of
from byoip.web.operator.noc import require_operator
from byoip.web.prefixes import cursor_of, cursor_text
from byoip.web.site import NotServed
from byoip.web.telling import Told, as_drawn, require_seen, told_of, tried
from byoip.web.visiting import PersonsVisit

PAGE: Final = 40
_LIST: Final = "/ui/noc/credentials"
_OPERATOR: Final = "operator"  # in the place of an account's id
DONE: Final[Mapping[str, str]] = {
    "shown": "The token was shown once, and is not kept. If it is lost, issue another one.",
    "ended": "It is ended, and opens nothing any more. History has it, with your reason.",
}
_Shows: TypeAlias = Callable[[PersonsVisit, Told], Awaitable[Response]]


async def listed(visit: PersonsVisit) -> Response:
    """Credentials, the newest first, and a form for another token."""
    require_operator(visit)
    return await shown(visit, told_of(visit, DONE))


async def issue(visit: PersonsVisit) -> Response:
    """Issue a token, and show it, once."""
    require_operator(visit)
    form = visit.form
    whose = _whose(form.get("account", "").strip())
    if not whose:
        raise NotServed(422, "For whom?", "Name an account by its id, or say operator.")
    account_id = whose if isinstance(whose, UUID) else None

    async def work() -> Response:
        lasts = lasts_of(form)
        return await visit.write_shown(
            lambda tx: credentials.issue(
                tx,
                account_id,
                mint=visit.site.mint,
                name=form.get("name", ""),
                scopes=scopes_of(form),
                expires_at=None if lasts is None else tx.now + lasts,
                reason=form.get("reason", ""),
            ),
            lambda made: _shown(visit, made),
            lambda _: f"{back(visit)}done=shown",
        )

    return await tried(visit, as_drawn(visit, partial(_newest, visit), work), partial(shown, visit))


def end_of(show: _Shows, back: Callable[[PersonsVisit], str]) -> Callable[..., Awaitable[Response]]:
    """The form that ends one, on a page that shows it."""

    async def end(visit: PersonsVisit) -> Response:
        require_operator(visit)
        named = id_of(visit.request.path_params["credential_id"])

        async def verb(tx: Transaction) -> object:
            try:
                reason = visit.form.get("reason", "")
                ended = await people.end_credential(tx, named, reason=reason)
            except CredentialNotFound:  # ended since the page was drawn
                raise PreconditionFailed from None
            require_seen(visit, *_says(ended))
            return ended

        work = visit.write(verb, lambda _: f"{back(visit)}done=ended", changes_people=True)
        return await tried(visit, work, partial(show, visit))

    return end


async def shown(visit: PersonsVisit, told: Told) -> Response:
    """The page, with what became of a form of it."""
    asked = visit.request.query_params
    given = asked.get("account", "") or visit.form.get("account", "").strip()
    whose, ended = _whose(given), asked.get("ended") == "1"
    reader = visit.site.operator_reader
    of: AccountView | None = None
    if isinstance(whose, UUID):
        of = await reader.account(whose)
    found = await reader.credential_views(
        None if of is None else of.account.id,
        every=whose == "",
        in_force_at=None if ended else visit.now,
        before=cursor_of(asked.get("before", "")),
        limit=PAGE + 1,
    )
    return await visit.page(
        "operator/credentials.html",
        told.status,
        told=told,
        account=None if of is None else of.account,
        whose=given,
        ended=ended,
        scopes_of={"accounts": sorted(CUSTOMER_SCOPES), "the operator": sorted(OPERATOR_SCOPES)},
        form=visit.form,
        seen=seen_of(*await _newest(visit)),
        key=fresh_key,
        **shown_page(found),
    )


def shown_page(found: Sequence[CredentialView]) -> dict[str, object]:
    """What the table of them is made of."""
    last = found[PAGE - 1].credential if len(found) > PAGE else None
    more = cursor_text(last.created_at, last.id) if last else ""
    seen = {one.credential.id: seen_of(*_says(one.credential)) for one in found}
    return {"credentials": found[:PAGE], "more": more, "seen_of": seen}


def _says(one: Credential) -> tuple[object, ...]:
    """What the page says of one; a person's role gives the scopes."""
    return one.id.hex, one.name, sorted(one.scopes)


async def _newest(visit: PersonsVisit) -> tuple[object, ...]:
    """The newest of operators: what people make for themselves makes no page of theirs old."""
    newest = await visit.site.operator_reader.newest_issued()
    return tuple(one.hex for one in newest)


def back(visit: PersonsVisit) -> str:
    """The page of credentials that a form was on, to which a query is added."""
    given = visit.form.get("account", "").strip()
    whose = _whose(given)
    return f"{_LIST}?account={given}&" if whose else f"{_LIST}?"


def _whose(text: str) -> UUID | str:
    """An account; `operator`; or empty: all."""
    return text if text in {"", _OPERATOR} else id_of(text)


def _shown(visit: PersonsVisit, made: NewCredential) -> Response:
    account = made.credential.account_id
    path = f"/client/v4/accounts/{account.hex}/addressing/prefixes" if account else ""
    return visit.short_page(
        "operator/issued.html",
        made=made.credential,
        token=made.token,
        address=f"{visit.site.public_url}{path or '/client/v4/user/tokens/verify'}",
        back=back(visit).rstrip("?&"),
    )
