"""People: let in by one-time links, given roles, removed; how they sign in and out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from byoip.domain.accounts.credential import Credential, CredentialNotFound
from byoip.domain.accounts.people import (
    LINK_HOLDS,
    LONGEST_SESSION,
    BrowserSession,
    LastOperator,
    Person,
    PersonNotFound,
    Role,
    require_fitting,
)
from byoip.domain.accounts.sign_in import PersonOfProvider
from byoip.domain.customer_text import CustomerText
from byoip.domain.foreign_text import shown
from byoip.domain.history import Actor
from byoip.domain.operator_text import stated_reason
from byoip.ports.tokens import TokenMint
from byoip.store.transaction import Transaction
from byoip.usecases.accounts import credentials

_BY_LINK: Final = stated_reason("By a one-time link.")


@dataclass(frozen=True, slots=True)
class NewLink:
    """A one-time link's token, which is shown this once and not kept."""

    person: Person
    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session's token, for the cookie; it is not kept."""

    person: Person
    session: BrowserSession
    token: str


async def invite(
    tx: Transaction,
    account_id: UUID | None,
    *,
    mint: TokenMint,
    name: str,
    role: Role,
    reason: str,
) -> NewLink:
    """Let somebody sign in, with a first link; without an account at the operator.

    Raises:
        InvalidText: the name or the reason is empty, too long, or cannot be shown.
        RoleRefused: the role is of the other side.
        AccountNotFound: there is no such account.
    """
    person = await add(tx, account_id, mint=mint, name=name, role=role, reason=reason)
    return await _link(tx, person, mint, reason)


async def add(
    tx: Transaction,
    account_id: UUID | None,
    *,
    mint: TokenMint,
    name: str,
    role: Role,
    reason: str,
) -> Person:
    """Make a person, who has no way in yet. Raises as `invite` does."""
    require_fitting(role, account_id)
    issued = await credentials.issue(
        tx, account_id, mint=mint, name=name, scopes=role.scopes, expires_at=None, reason=reason
    )  # its token goes nowhere: the person comes by sessions alone
    person = Person(issued.credential, role)
    await tx.people.add(person)
    tx.record_for_operators("person.invited", stated_reason(reason), after=shown_person(person))
    return person


async def link(
    tx: Transaction, account_id: UUID | None, person_id: UUID, *, mint: TokenMint, reason: str
) -> NewLink:
    """Make a new link for a person; older ones sign in no longer.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        PersonNotFound: the account, or the operator, has no such person.
        PersonOfProvider: they sign in at the identity provider.
    """
    await tx.let_in.change(account_id)
    person = await tx.people.lock(person_id, account_id)
    if await tx.identities.of(person_id) is not None:
        raise PersonOfProvider
    return await _link(tx, person, mint, reason)


async def change_role(
    tx: Transaction, account_id: UUID | None, person_id: UUID, *, role: Role, reason: str
) -> Person:
    """Give a person another role: it counts from the next request on.

    One of the identity provider can be given less than their groups give, and that again.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        RoleRefused: the role is of the other side.
        PersonNotFound: the account, or the operator, has no such person.
        LastOperator: nobody else has the role operator.
        PersonOfProvider: their groups at the identity provider give less.
    """
    why = stated_reason(reason)
    require_fitting(role, account_id)
    old = await of_several(tx, account_id, person_id, stays=role is Role.OPERATOR)
    if identity := await tx.identities.of(person_id):
        granted = identity.granted
        if granted is None or role.rank > granted.rank:
            raise PersonOfProvider
        await tx.identities.note(person_id, granted=granted, most=None if role is granted else role)
    if old.role is role:
        return old
    new = await tx.people.change_role(old, role)
    tx.record_for_operators(
        "person.changed", why, before=shown_person(old), after=shown_person(new)
    )
    return new


async def remove(
    tx: Transaction, account_id: UUID | None, person_id: UUID, *, reason: str
) -> Person:
    """Remove a person: out at the next request, and their tokens. History names them still.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        PersonNotFound: the account, or the operator, has no such person.
        LastOperator: nobody else has the role operator.
    """
    why = stated_reason(reason)
    person = await of_several(tx, account_id, person_id, stays=False)
    ended = await credentials.revoke(tx, person.id, reason=reason)
    for one in await tx.credentials.revoke_of(person.id, tx.now):
        tx.record_for_operators("credential.revoked", why, before=credentials.shown(one))
    tx.record_for_operators("person.removed", why, before=shown_person(person))
    return Person(ended, person.role)


async def end_credential(tx: Transaction, credential_id: UUID, *, reason: str) -> Credential:
    """End a credential at once; with that of a person, the person is removed.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        CredentialNotFound: there is no such credential, or it was revoked before.
        LastOperator: nobody else has the role operator.
    """
    person = await tx.people.find(credential_id)
    if person is None:
        await tx.let_in.change(None)
        return await credentials.revoke(tx, credential_id, reason=reason)
    try:
        return (await remove(tx, person.account_id, person.id, reason=reason)).credential
    except PersonNotFound:  # removed meanwhile
        raise CredentialNotFound from None


async def sign_in(
    tx: Transaction, token: str, *, mint: TokenMint, agent: str, address: str
) -> NewSession:
    """Use a link up, and begin a session.

    Args:
        tx: the transaction.
        token: the link's.
        mint: gives the session's token.
        agent: what the browser calls itself.
        address: where it is.

    Raises:
        SignInLinkRefused: unknown, used, expired, or of a person who was removed.
    """
    person = await tx.people.use_link(token, tx.now)
    return await begin(tx, person, _BY_LINK, mint=mint, agent=agent, address=address)


async def begin(
    tx: Transaction,
    person: Person,
    how: CustomerText,
    *,
    mint: TokenMint,
    agent: str,
    address: str,
    by_provider: bool = False,
    sid: str | None = None,
) -> NewSession:
    """Begin a session of somebody who has shown who they are, and note how."""
    until, checked_at = tx.now + LONGEST_SESSION, tx.now if by_provider else None
    where = shown(agent), shown(address)
    session = BrowserSession(uuid4(), person.id, tx.now, tx.now, until, *where, sid, checked_at)
    begun = NewSession(person, session, f"{mint.mint()}{mint.mint()}")
    await tx.people.add_session(session, begun.token)
    tx.act_as(Actor(actor_of(person), tx.actor.request_id))
    tx.record_for_operators("person.signed_in", how, after=shown_person(person))
    return begun


async def end_session(tx: Transaction, person_id: UUID, session_id: UUID) -> bool:
    """End a session of the person's own; whether it was open."""
    return await tx.people.end_session(session_id, person_id, tx.now)


def actor_of(person: Person) -> str:
    """How histories name what a person does: as they name their credential."""
    return f"{'operator' if person.account_id is None else 'credential'}:{person.id.hex}"


async def _link(tx: Transaction, person: Person, mint: TokenMint, reason: str) -> NewLink:
    made = NewLink(person, f"{mint.mint()}{mint.mint()}", tx.now + LINK_HOLDS)
    await tx.people.end_links(person.id, tx.now)
    await tx.people.add_link(uuid4(), person.id, made.token, now=tx.now, until=made.until)
    tx.record_for_operators("person.linked", stated_reason(reason), after=shown_person(person))
    return made


async def of_several(
    tx: Transaction, account_id: UUID | None, person_id: UUID, *, stays: bool
) -> Person:
    """Lock a person; refuse the last operator who would not stay one.

    Raises:
        PersonNotFound: the account, or the operator, has no such person.
        LastOperator: nobody else has the role operator.
    """
    await tx.let_in.change(account_id)
    if account_id is None:
        operators = await tx.people.lock_operators()
        if operators == [person_id] and not stays:
            raise LastOperator
    return await tx.people.lock(person_id, account_id)


def shown_person(person: Person) -> dict[str, object]:
    """A person as the operators' history has them."""
    return {
        "person_id": person.id.hex,
        "account_id": person.account_id.hex if person.account_id else None,
        "name": person.name,
        "role": person.role.value,
    }
