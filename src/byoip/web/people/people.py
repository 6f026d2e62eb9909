"""The people of an account, or of the operator: let in, given roles, removed."""

from collections.abc import Awaitable, Mapping, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.accounts.people import Person, PersonNotFound, Role, RoleRefused
from byoip.domain.accounts.sign_in import Identity
from byoip.domain.precondition import PreconditionFailed
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.transaction import Transaction
from byoip.usecases.accounts import identities, people
from byoip.usecases.accounts.people import NewLink
from byoip.web.facts import Facts, with_facts
from byoip.web.forms import fresh_key, id_of, seen_of
from byoip.web.telling import Told, as_drawn, require_seen, told_of, tried
from byoip.web.visiting import PersonsVisit

_ACCOUNTS: Final = 200
LINKS: Final = Wanted("sign_in_link", per_minute=1, minutes=30)
_DONE: Final[Mapping[str, str]] = {
    "shown": "The link was shown once, and is not kept. If it is lost, make a new one.",
    "changed": "The role is changed, from the next request on.",
    "readmitted": "They may come from the identity provider again, and are somebody new then.",
    "removed": "Removed: out at the next request.",
}


async def listed(visit: PersonsVisit) -> Response:
    """Who may sign in; an operator looks at any account's with `?account=`."""
    return await _list(visit, told_of(visit, _DONE))


async def one(visit: PersonsVisit) -> Response:
    """One of them, and what may be changed."""
    visit.person.require_managing()
    return await _one(visit, told_of(visit, _DONE))


async def invite(visit: PersonsVisit) -> Response:
    """Let somebody in, and show their first link, once."""
    visit.person.require_managing()
    account_id = _whose(visit)
    name, role = visit.form.get("name", ""), _role(visit.form)

    async def work() -> Response:
        return await visit.write_shown(
            lambda tx: people.invite(
                tx, account_id, mint=visit.site.mint, name=name, role=role, reason=reason_of(visit)
            ),
            lambda made: _shown(visit, made),
            lambda _: _people(account_id, "shown"),
            LINKS,
            changes_people=True,
        )

    return await tried(visit, as_drawn(visit, partial(_listed, visit), work), partial(_list, visit))


async def link(visit: PersonsVisit) -> Response:
    """Make a new link for a person; older ones end."""
    visit.person.require_managing()
    account_id, person_id = _whose(visit), _named(visit)

    async def verb(tx: Transaction) -> NewLink:
        await _require_as_drawn(visit, tx, await tx.people.lock(person_id, account_id))
        return await people.link(
            tx, account_id, person_id, mint=visit.site.mint, reason=reason_of(visit)
        )

    work = visit.write_shown(
        verb,
        lambda made: _shown(visit, made),
        lambda _: _people(account_id, "shown"),
        LINKS,
        changes_people=True,
    )
    return await _tried(visit, work)


async def change_role(visit: PersonsVisit) -> Response:
    """Give a person another role."""
    visit.person.require_managing()
    account_id, person_id, role = _whose(visit), _named(visit), _role(visit.form)

    async def verb(tx: Transaction) -> Person:
        stays = role is Role.OPERATOR
        old = await people.of_several(tx, account_id, person_id, stays=stays)  # as the verb locks
        await _require_as_drawn(visit, tx, old)
        return await people.change_role(
            tx, account_id, person_id, role=role, reason=reason_of(visit)
        )

    work = visit.write(verb, lambda _: _people(account_id, "changed"), changes_people=True)
    return await _tried(visit, work)


async def remove(visit: PersonsVisit) -> Response:
    """Remove a person."""
    visit.person.require_managing()
    account_id, person_id = _whose(visit), _named(visit)

    async def verb(tx: Transaction) -> Person:
        old = await people.of_several(tx, account_id, person_id, stays=False)  # as the verb locks
        await _require_as_drawn(visit, tx, old)
        return await people.remove(tx, account_id, person_id, reason=reason_of(visit))

    work = visit.write(verb, lambda _: _people(account_id, "removed"), changes_people=True)
    return await _tried(visit, work)


async def readmit(visit: PersonsVisit) -> Response:
    """Let somebody who was removed come from the identity provider again."""
    visit.person.require_managing()
    account_id, person_id = _whose(visit), _named(visit)

    async def facts() -> tuple[object, ...]:
        barred = await visit.site.people.barred(account_id)
        return person_id, barred.get(person_id)

    async def work() -> Response:
        return await visit.write(
            lambda tx: identities.readmit(tx, account_id, person_id, reason=reason_of(visit)),
            lambda _: _people(account_id, "readmitted"),
            changes_people=True,
        )

    return await tried(visit, as_drawn(visit, facts, work), partial(_list, visit))


async def _tried(visit: PersonsVisit, work: Awaitable[Response]) -> Response:
    """Do it to one of them; where they are gone by then, the page of all says so."""

    async def show(told: Told) -> Response:
        try:
            return await _one(visit, told)
        except PersonNotFound:
            return await _list(visit, told)

    async def stale() -> Response:
        try:
            return await work
        except PersonNotFound:
            raise PreconditionFailed from None

    return await tried(visit, stale(), show)


async def _list(visit: PersonsVisit, told: Told) -> Response:
    account_id, accounts = _whose(visit), []
    if visit.person.account_id is None:
        accounts = list(await visit.site.operator_reader.accounts(after=None, limit=_ACCOUNTS))
    found = await visit.site.people.people(account_id)
    return await visit.page(
        "people/people.html",
        told.status,
        told=told,
        people=found,
        seen=seen_of(*_all_of(found)),
        seen_of=seen_of,
        barred=await visit.site.people.barred(account_id),
        account_id=account_id,
        accounts=accounts,
        roles=[one for one in Role if one.of_operator == (account_id is None)],
        form=visit.form,
        key=fresh_key,
    )


async def _one(visit: PersonsVisit, told: Told) -> Response:
    account_id, person_id = _whose(visit), _named(visit)
    found = await visit.site.people.person(account_id, person_id)
    identity = await visit.site.people.identity(person_id)
    return await visit.page(
        "people/person.html",
        told.status,
        told=told,
        one=found,
        seen=seen_of(*_facts(found, await visit.site.people.links(person_id))),
        identity=identity,
        **with_facts(visit, told, _said(found, identity)),
        account_id=account_id,
        roles=[one for one in Role if one.of_operator == (account_id is None)],
        back=_people(account_id, ""),
        key=fresh_key,
    )


async def _listed(visit: PersonsVisit) -> tuple[object, ...]:
    return _all_of(await visit.site.people.people(_whose(visit)))


def _all_of(found: Sequence[Person]) -> tuple[object, ...]:
    return tuple(one.id.hex for one in found)


async def _require_as_drawn(visit: PersonsVisit, tx: Transaction, locked: Person) -> None:
    require_seen(visit, *_facts(locked, await tx.people.links(locked.id)))


def _facts(person: Person, links: int) -> tuple[object, ...]:
    """What an old page of a person does not show: another role, a newer link."""
    return person.id.hex, person.role.value, links


def _said(person: Person, identity: Identity | None) -> Facts:
    """What the page says of them, for one who comes with an old one."""
    granted = identity.granted if identity else None
    return {
        "name": person.name,
        "role": person.role.value.replace("_", " "),
        "by the identity provider": granted.value if granted else "none" if identity else "",
    }


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


def _whose(visit: PersonsVisit) -> UUID | None:
    """Whose people it is about: one's own account's; an operator may name one."""
    if visit.person.account_id is not None:
        return visit.person.account_id
    account = visit.form.get("account", "") or visit.request.query_params.get("account", "")
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
