"""Tokens for programs: a person makes their own; who lets people in may end any."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.responses import Response

from byoip.domain.accounts.credential import (
    TOKENS_PER_PERSON,
    Credential,
    CredentialNotFound,
    Scope,
)
from byoip.domain.precondition import PreconditionFailed
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.transaction import Transaction
from byoip.usecases.accounts import own_tokens
from byoip.usecases.accounts.credentials import NewCredential
from byoip.web.forms import fresh_key, id_of, lasts_of, scopes_of, seen_of
from byoip.web.people.people import reason_of
from byoip.web.prefixes import cursor_of, cursor_text
from byoip.web.telling import Told, as_drawn, require_seen, told_of, tried
from byoip.web.visiting import PersonsVisit

PAGE: Final = 100
TOKENS: Final = Wanted("own_token", per_minute=1, minutes=30)
_MEANS: Final[Mapping[Scope, str]] = {
    Scope.PREFIXES_READ: "read prefixes",
    Scope.PREFIXES_WRITE: "bring, check and bind prefixes",
    Scope.BGP_READ: "read routes",
    Scope.BGP_WRITE: "announce and withdraw routes",
    Scope.EDGE_READ: "read what edges carry out",
    Scope.OPERATOR: "all that operators do",
}
_DONE: Final[Mapping[str, str]] = {
    "shown": "The token was shown once, and is not kept. If it is lost, make a new one.",
    "revoked": "Revoked: the token opens nothing any more.",
}


async def listed(visit: PersonsVisit) -> Response:
    """The tokens of the account, or of the operator, and a form for one of one's own."""
    return await _page(visit, told_of(visit, _DONE))


async def make(visit: PersonsVisit) -> Response:
    """Make one, and show it, once."""
    form = visit.form

    async def work() -> Response:
        lasts = lasts_of(form)
        return await visit.write_shown(
            lambda tx: own_tokens.issue(
                tx,
                visit.person,
                mint=visit.site.mint,
                name=form.get("name", ""),
                scopes=scopes_of(form),
                expires_at=None if lasts is None else tx.now + lasts,
                reason=reason_of(visit),
            ),
            lambda made: _shown(visit, made),
            lambda _: "/ui/tokens?done=shown",
            TOKENS,
            changes_people=True,
        )

    async def all_of() -> tuple[object, ...]:
        return await _facts(visit)

    return await tried(visit, as_drawn(visit, all_of, work), partial(_page, visit))


async def revoke(visit: PersonsVisit) -> Response:
    """End one."""
    token_id = id_of(visit.request.path_params["token_id"])

    async def verb(tx: Transaction) -> object:
        try:
            revoked = await own_tokens.revoke(tx, visit.person, token_id, reason=reason_of(visit))
        except CredentialNotFound:  # ended since the page was drawn, or never theirs
            raise PreconditionFailed from None
        require_seen(visit, *_says(revoked))
        return revoked

    work = visit.write(verb, lambda _: "/ui/tokens?done=revoked", changes_people=True)
    return await tried(visit, work, partial(_page, visit))


def _says(token: Credential) -> tuple[object, ...]:
    return token.id.hex, sorted(token.scopes)


async def _facts(visit: PersonsVisit) -> tuple[object, ...]:
    """The newest tokens: another one makes another page."""
    newest = await visit.site.people.tokens(visit.person.account_id, before=None, limit=1)
    return tuple(one.credential.id.hex for one in newest)


async def _page(visit: PersonsVisit, told: Told) -> Response:
    scopes = visit.person.role.scopes
    before = cursor_of(visit.request.query_params.get("before", ""))
    found = await visit.site.people.tokens(visit.person.account_id, before=before, limit=PAGE + 1)
    last = found[PAGE - 1].credential if len(found) > PAGE else None
    return await visit.page(
        "customer/tokens.html",
        told.status,
        told=told,
        rows=found[:PAGE],
        more=cursor_text(last.created_at, last.id) if last else "",
        scopes=[(one, _MEANS[one]) for one in Scope if one in scopes],
        most=TOKENS_PER_PERSON,
        form=visit.form,
        seen=seen_of(*await _facts(visit)),
        seen_of_one=lambda token: seen_of(*_says(token)),
        key=fresh_key,
    )


def _shown(visit: PersonsVisit, made: NewCredential) -> Response:
    account = visit.person.account_id
    path = f"/client/v4/accounts/{account.hex}/addressing/prefixes" if account else ""
    return visit.short_page(
        "customer/token.html",
        made=made.credential,
        token=made.token,
        address=f"{visit.site.public_url}{path or '/client/v4/user/tokens/verify'}",
    )
