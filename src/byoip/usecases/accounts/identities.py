"""People of an identity provider: let in by what it says of them, and out again."""

from datetime import datetime
from uuid import UUID

from byoip.domain.accounts.credential import AccountNotFound
from byoip.domain.accounts.people import Person, PersonNotFound
from byoip.domain.accounts.sign_in import (
    Identity,
    LogoutSaid,
    Place,
    ProviderSaid,
    ProviderSignInRefused,
    role_of,
)
from byoip.domain.customer_text import InvalidText
from byoip.domain.foreign_text import shown
from byoip.domain.operator_text import stated_name, stated_reason
from byoip.ports.tokens import TokenMint
from byoip.store.transaction import Transaction
from byoip.usecases.accounts import people
from byoip.usecases.accounts.people import NewSession, shown_person

_SAID = "The identity provider says so."
_REMOVED = "you were removed here; an admin of the account, or the operator, can let you in again"
_LOGGED_OUT = "the identity provider has logged you out meanwhile; begin again"
_NO_ACCOUNT = "your group leads to an account that does not exist; tell the operator"


async def sign_in(
    tx: Transaction,
    said: ProviderSaid,
    place: Place,
    *,
    begun_at: datetime,
    mint: TokenMint,
    agent: str,
    address: str,
) -> NewSession:
    """Begin a session of whom the provider names, in the role that their groups give.

    Who comes for the first time, or to another account than before, is a new person here.

    Raises:
        ProviderSignInRefused: they were removed here, or the place leads nowhere; or the attempt
            was begun before they were logged out there.
        LastOperator: they would be none any more, and nobody else is.
    """
    if await tx.identities.logged_out_since(said, begun_at):
        raise ProviderSignInRefused(_LOGGED_OUT)
    person = await _person(tx, said, place, mint)
    how = stated_reason("At the identity provider.")
    where = {"agent": agent, "address": address}
    return await people.begin(tx, person, how, mint=mint, **where, by_provider=True, sid=said.sid)


async def confirm(
    tx: Transaction, said: ProviderSaid, place: Place, person_id: UUID, session_id: UUID
) -> None:
    """Note that the provider still knows whose session it is, and as what.

    Raises:
        ProviderSignInRefused: it names somebody else, or another account; or the session ended.
        LastOperator: they would be no operator any more, and nobody else is.
    """
    found = await tx.identities.find(said.issuer, said.subject)
    if found is None or found.person_id != person_id or found.account_id != place.account_id:
        raise ProviderSignInRefused("the identity provider names somebody else by now")
    await _as_granted(tx, found, place)
    if not await tx.identities.checked(session_id, person_id, said.sid, tx.now):
        raise ProviderSignInRefused("the session ended meanwhile")


async def lock_out(tx: Transaction, said: ProviderSaid) -> None:
    """Keep out whom the provider names with no group that may come in; no one is removed.

    Their sessions end, and tokens of theirs allow nothing until they come with a group again.
    """
    found = await tx.identities.find(said.issuer, said.subject)
    if found is None or not found.here:
        return
    await tx.let_in.change(found.account_id)
    person = await tx.people.lock(found.person_id, found.account_id)
    await tx.identities.note(person.id, granted=None, most=found.most)
    await tx.people.lock_out(person)
    await tx.identities.end_sessions(person.id, tx.now)
    tx.record_for_operators("person.locked_out", stated_reason(_SAID), before=shown_person(person))


async def log_out(tx: Transaction, said: LogoutSaid) -> int:
    """End sessions as a logout token says; of how many people.

    Raises:
        ProviderSignInRefused: the token came before.
    """
    if not await tx.identities.use(said):
        raise ProviderSignInRefused("this logout token came before")
    ended = await tx.identities.log_out(said, tx.now)
    for person_id in sorted(ended):
        tx.record_for_operators(
            "person.logged_out", stated_reason(_SAID), before={"person_id": person_id.hex}
        )
    return len(ended)


async def readmit(
    tx: Transaction, account_id: UUID | None, person_id: UUID, *, reason: str
) -> None:
    """Let somebody who was removed here come from the provider again, as a new person.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        PersonNotFound: nobody was removed here who would be known by this.
    """
    why = stated_reason(reason)
    found = await tx.identities.of(person_id)
    if found is None or found.here or found.account_id != account_id:
        raise PersonNotFound
    await tx.identities.end(person_id, tx.now)
    tx.record_for_operators("person.readmitted", why, after={"person_id": person_id.hex})


async def _person(tx: Transaction, said: ProviderSaid, place: Place, mint: TokenMint) -> Person:
    found = await tx.identities.find(said.issuer, said.subject)
    if found is not None and found.account_id == place.account_id:
        return await _as_granted(tx, found, place)
    if found is not None:
        if not found.here:
            raise ProviderSignInRefused(_REMOVED)
        await people.remove(tx, found.account_id, found.person_id, reason=_SAID)
        await tx.identities.end(found.person_id, tx.now)
    try:
        made = await people.add(
            tx, place.account_id, mint=mint, name=_name(said), role=place.role, reason=_SAID
        )
    except AccountNotFound:
        raise ProviderSignInRefused(_NO_ACCOUNT) from None
    granted = place.role
    await tx.identities.add(
        Identity(made.id, place.account_id, said.issuer, said.subject, granted, None)
    )
    return made


async def _as_granted(tx: Transaction, found: Identity, place: Place) -> Person:
    """The person, in the role that the groups give now, or less, if that was decided here."""
    role = role_of(place.role, found.most)
    try:
        old = await people.of_several(tx, found.account_id, found.person_id, stays=role.manages)
    except PersonNotFound:
        raise ProviderSignInRefused(_REMOVED) from None
    known = await tx.identities.of(old.id)
    if known is None:
        raise ProviderSignInRefused
    role = role_of(place.role, known.most)
    await tx.identities.note(old.id, granted=place.role, most=known.most)
    if old.role is role and old.credential.scopes == role.scopes:
        return old
    new = await tx.people.change_role(old, role)
    seen = {"before": shown_person(old), "after": shown_person(new)}
    tx.record_for_operators("person.changed", stated_reason(_SAID), **seen)
    return new


def _name(said: ProviderSaid) -> str:
    try:
        return stated_name(said.name).value
    except InvalidText:
        return shown(said.subject)
