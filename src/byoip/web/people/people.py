"""The people of an account, or of the operator: let in, given roles, removed."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.accounts.people import Role, RoleRefused
from byoip.store.accounts.rate_limits import Wanted
from byoip.usecases.accounts import identities, people
from byoip.usecases.accounts.people import NewLink
from byoip.web.forms import fresh_key, id_of
from byoip.web.visiting import PersonsVisit

LINKS: Final = Wanted("sign_in_link", per_minute=1, minutes=30)
_DONE: Final[Mapping[str, str]] = {
    "shown": "The link was shown once, and is not kept. If it is lost, make a new one.",
    "changed": "The role is changed, from the next request on.",
    "readmitted": "They may come from the identity provider again, and are somebody new then.",
    "removed": "Removed: out at the next request.",
}


async def listed(visit: PersonsVisit) -> Response:
    """Who may sign in; an operator looks at any account's with `?account=`."""
    account_id = _whose(visit, visit.request.query_params.get("account", ""))
    accounts = []
    if visit.person.account_id is None:
        accounts = list(await visit.site.operator_reader.accounts(after=None, limit=200))
    return await visit.page(
        "people/people.html",
        people=await visit.site.people.people(account_id),
        barred=await visit.site.people.barred(account_id),
        account_id=account_id,
        accounts=accounts,
        roles=[one for one in Role if one.of_operator == (account_id is None)],
        done=_DONE.get(visit.request.query_params.get("done", "")),
        key=fresh_key,
    )


async def one(visit: PersonsVisit) -> Response:
    """One of them, and what may be changed."""
    visit.person.require_managing()
    account_id = _whose(visit, visit.request.query_params.get("account", ""))
    return await visit.page(
        "people/person.html",
        one=await visit.site.people.person(account_id, _named(visit)),
        identity=await visit.site.people.identity(_named(visit)),
        account_id=account_id,
        roles=[one for one in Role if one.of_operator == (account_id is None)],
        back=_people(account_id, ""),
        key=fresh_key,
    )


async def invite(visit: PersonsVisit) -> Response:
    """Let somebody in, and show their first link, once."""
    visit.person.require_managing()
    account_id = _whose(visit, visit.form.get("account", ""))
    name, role = visit.form.get("name", ""), _role(visit.form)
    return await visit.write_shown(
        lambda tx: people.invite(
            tx, account_id, mint=visit.site.mint, name=name, role=role, reason=reason_of(visit)
        ),
        lambda made: _shown(visit, made),
        lambda _: _people(account_id, "shown"),
        LINKS,
        changes_people=True,
    )


async def link(visit: PersonsVisit) -> Response:
    """Make a new link for a person; older ones end."""
    visit.person.require_managing()
    account_id, person_id = _whose(visit, visit.form.get("account", "")), _named(visit)
    return await visit.write_shown(
        lambda tx: people.link(
            tx, account_id, person_id, mint=visit.site.mint, reason=reason_of(visit)
        ),
        lambda made: _shown(visit, made),
        lambda _: _people(account_id, "shown"),
        LINKS,
        changes_people=True,
    )


async def change_role(visit: PersonsVisit) -> Response:
    """Give a person another role."""
    visit.person.require_managing()
    account_id, person_id = _whose(visit, visit.form.get("account", "")), _named(visit)
    role = _role(visit.form)
    return await visit.write(
        lambda tx: people.change_role(
            tx, account_id, person_id, role=role, reason=reason_of(visit)
        ),
        lambda _: _people(account_id, "changed"),
        changes_people=True,
    )


async def remove(visit: PersonsVisit) -> Response:
    """Remove a person."""
    visit.person.require_managing()
    account_id, person_id = _whose(visit, visit.form.get("account", "")), _named(visit)
    return await visit.write(
        lambda tx: people.remove(tx, account_id, person_id, reason=reason_of(visit)),
        lambda _: _people(account_id, "removed"),
        changes_people=True,
    )


async def readmit(visit: PersonsVisit) -> Response:
    """Let somebody who was removed come from the identity provider again."""
    visit.person.require_managing()
    account_id, person_id = _whose(visit, visit.form.get("account", "")), _named(visit)
    return await visit.write(
        lambda tx: identities.readmit(tx, account_id, person_id, reason=reason_of(visit)),
        lambda _: _people(account_id, "readmitted"),
        changes_people=True,
    )


def sign_in_address(root: str, token: str) -> str:
    """A link that signs in: what stands after `#` is sent to no server, proxy or log."""
    return f"{root}/ui/enter#{token}"


def _shown(visit: PersonsVisit, made: NewLink) -> Response:
    return visit.short_page(
        "people/link.html",
        name=made.person.name,
        until=made.until,
        link=sign_in_address(visit.site.public_url, made.token),
        back=_people(made.person.account_id, ""),
    )


def _whose(visit: PersonsVisit, account: str) -> UUID | None:
    """Whose people it is about: one's own account's; an operator may name one."""
    if visit.person.account_id is not None:
        return visit.person.account_id
    return id_of(account) if account else None


def _named(visit: PersonsVisit) -> UUID:
    return id_of(visit.request.path_params["person_id"])


def _role(form: Mapping[str, str]) -> Role:
    try:
        return Role(form.get("role", ""))
    except ValueError:
        raise RoleRefused from None


def reason_of(visit: PersonsVisit) -> str:
    """Operators give one; people of an account act on their own people alone."""
    given = visit.form.get("reason", "")
    return given or f"By {visit.person.name}, {visit.person.role.value}, on a page."


def _people(account_id: UUID | None, done: str) -> str:
    asked = [f"account={account_id.hex}"] if account_id else []
    asked += [f"done={done}"] if done else []
    return f"/ui/people{'?' if asked else ''}{'&'.join(asked)}"
