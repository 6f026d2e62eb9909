"""The people of an account, or of the operator: let in, given roles, removed."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

from starlette.responses import Response

from byoip.domain.accounts.people import Person, Role, RoleRefused
from byoip.domain.accounts.sign_in import Identity
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.transaction import Transaction
from byoip.usecases.accounts import identities, people
from byoip.usecases.accounts.people import NewLink
from byoip.web.facts import Facts, with_facts
from byoip.web.forms import fresh_key, id_of
from byoip.web.telling import Told, tried
from byoip.web.visiting import PersonsVisit

_ROUND: Final = 1_000_000_000
LINKS: Final = Wanted("sign_in_link", per_minute=1, minutes=30)
_DONE: Final[Mapping[str, str]] = {
    "shown": "The link was shown once, and is not kept. If it is lost, make a new one.",
    "changed": "The role is changed, from the next request on.",
    "readmitted": "They may come from the identity provider again, and are somebody new then.",
    "removed": "Removed: out at the next request.",
}

Result = TypeVar("Result")


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
    return await _one(visit, account_id, Told())


async def _one(visit: PersonsVisit, account_id: UUID | None, told: Told) -> Response:
    person = await visit.site.people.person(account_id, _named(visit))
    identity = await visit.site.people.identity(_named(visit))
    return await visit.page(
        "people/person.html",
        told.status,
        told=told,
        one=person,
        identity=identity,
        version=_version(person, identity),
        **with_facts(visit, told, _facts(person, identity)),
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
    )


async def link(visit: PersonsVisit) -> Response:
    """Make a new link for a person; older ones end."""
    visit.person.require_managing()
    account_id, person_id = _whose(visit, visit.form.get("account", "")), _named(visit)
    work = visit.write_shown(
        _as_drawn(
            account_id,
            person_id,
            lambda tx: people.link(
                tx, account_id, person_id, mint=visit.site.mint, reason=reason_of(visit)
            ),
        ),
        lambda made: _shown(visit, made),
        lambda _: _people(account_id, "shown"),
        LINKS,
    )
    return await tried(visit, work, partial(_one, visit, account_id))


async def change_role(visit: PersonsVisit) -> Response:
    """Give a person another role."""
    visit.person.require_managing()
    account_id, person_id = _whose(visit, visit.form.get("account", "")), _named(visit)
    role = _role(visit.form)
    work = visit.write(
        _as_drawn(
            account_id,
            person_id,
            lambda tx: people.change_role(
                tx, account_id, person_id, role=role, reason=reason_of(visit)
            ),
        ),
        lambda _: _people(account_id, "changed"),
    )
    return await tried(visit, work, partial(_one, visit, account_id))


async def remove(visit: PersonsVisit) -> Response:
    """Remove a person."""
    visit.person.require_managing()
    account_id, person_id = _whose(visit, visit.form.get("account", "")), _named(visit)
    work = visit.write(
        _as_drawn(
            account_id,
            person_id,
            lambda tx: people.remove(tx, account_id, person_id, reason=reason_of(visit)),
        ),
        lambda _: _people(account_id, "removed"),
    )
    return await tried(visit, work, partial(_one, visit, account_id))


async def readmit(visit: PersonsVisit) -> Response:
    """Let somebody who was removed come from the identity provider again."""
    visit.person.require_managing()
    account_id, person_id = _whose(visit, visit.form.get("account", "")), _named(visit)
    return await visit.write(
        lambda tx: identities.readmit(tx, account_id, person_id, reason=reason_of(visit)),
        lambda _: _people(account_id, "readmitted"),
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


def _as_drawn(
    account_id: UUID | None, person_id: UUID, verb: Callable[[Transaction], Awaitable[Result]]
) -> Callable[[Transaction], Awaitable[Result]]:
    """Refuse what is meant for the person as they were; people have no version of their own."""

    async def checked(tx: Transaction) -> Result:
        if account_id is None:
            await tx.people.lock_operators()  # first, as verbs do
        person = await tx.people.lock(person_id, account_id)
        tx.precondition.require(_version(person, await tx.identities.of(person_id)))
        return await verb(tx)

    return checked


def _version(person: Person, identity: Identity | None) -> int:
    """Another number for another role; versions in forms have nine digits."""
    digest = sha256(repr(_facts(person, identity)).encode()).digest()
    return int.from_bytes(digest) % _ROUND


def _facts(person: Person, identity: Identity | None) -> Facts:
    """What decides what is done to them."""
    granted = identity.granted if identity else None
    return {
        "name": person.name,
        "role": person.role.value.replace("_", " "),
        "by the identity provider": granted.value if granted else "none" if identity else "",
    }


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
