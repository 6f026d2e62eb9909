"""Credentials made in the database itself; the first ones stand in a file of their owner's."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from byoip.adapters.system_random import SystemRandom
from byoip.cli.ready import write_secret
from byoip.composition.process import Composition
from byoip.domain.accounts.credential import Scope
from byoip.domain.accounts.people import Role
from byoip.domain.claims.claim import CLAIMS_PER_ACCOUNT
from byoip.domain.history import Actor
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.accounts.people_reader import PeopleReader
from byoip.usecases.accounts import accounts, credentials, people
from byoip.usecases.accounts.people import NewLink
from byoip.web.people.people import sign_in_address

CREDENTIALS_FILE = "credentials.json"  # in the data directory
_FIRST = "The first ones, minted by `byoip up`."


@dataclass(frozen=True, slots=True)
class Minted:
    """One customer and one operator credential."""

    account_id: str
    api_token: str
    operator_token: str


async def first_credentials(composition: Composition, data_dir: Path) -> Minted:
    """The credentials in the file while the database knows their account; else new ones."""
    file = data_dir / CREDENTIALS_FILE
    if (known := _read(file)) and await _minted_here(composition, known):
        return known  # revoked ones too: `byoip up` mints only once
    customer, operator = "first customer", "first operator"
    account_id = await create_account(composition, customer, CLAIMS_PER_ACCOUNT, _FIRST)
    minted = Minted(
        account_id.hex,
        await create_token(composition, account_id, customer, _FIRST),
        await create_token(composition, None, operator, _FIRST),
    )
    write_secret(file, asdict(minted))
    return minted


async def create_account(composition: Composition, name: str, quota: int, reason: str) -> UUID:
    """Take a new customer in; gives the account's id.

    Raises:
        InvalidText: the name or the reason is empty, too long, or cannot be shown.
    """
    async with composition.store.transaction(actor=_by()) as tx:
        made = await accounts.create(tx, name=name, prefix_quota=quota, reason=reason)
    return made.account.id


async def create_token(
    composition: Composition,
    account_id: UUID | None,
    name: str,
    reason: str,
    *,
    scopes: frozenset[Scope] = frozenset(),
    lifetime: timedelta | None = None,
) -> str:
    """Issue a credential, with the usual scopes if none are named; gives its token, this once.

    Raises:
        InvalidText: the name or the reason is empty, too long, or cannot be shown.
        ScopesRefused: such a credential cannot have one of the scopes.
        AccountNotFound: there is no such account.
    """
    async with composition.store.transaction(actor=_by()) as tx:
        made = await credentials.issue(
            tx,
            account_id,
            mint=SystemRandom(),
            name=name,
            scopes=scopes,
            expires_at=tx.now + lifetime if lifetime else None,
            reason=reason,
        )
    return made.token


async def first_link(composition: Composition, account_id: UUID | None, root: str) -> str | None:
    """What signs the first person in: an admin of the account, or without one the first operator.

    For operators only until one has come: after that people let each other in. Gives the link, and
    makes the person if there is none yet.
    """
    reader = PeopleReader(composition.engine, composition.clock)
    if account_id is None and await reader.an_operator_came():
        return None
    role = Role.OPERATOR if account_id is None else Role.ADMIN
    known = [one.id for one in await reader.people(account_id) if one.role is role]
    if not known:
        name = f"first {role.value}"
        return await invite(composition, account_id, name, role, _FIRST, root=root)
    return await sign_in_link(composition, account_id, known[0], _FIRST, root=root)


async def invite(
    composition: Composition,
    account_id: UUID | None,
    name: str,
    role: Role,
    reason: str,
    *,
    root: str = "",
) -> str:
    """Let somebody sign in on pages; gives their link, this once.

    Raises:
        InvalidText: the name or the reason is empty, too long, or cannot be shown.
        RoleRefused: the role is of the other side.
        AccountNotFound: there is no such account.
    """
    async with composition.store.transaction(actor=_by()) as tx:
        made = await people.invite(
            tx, account_id, mint=SystemRandom(), name=name, role=role, reason=reason
        )
    return _link(composition, made, root)


async def sign_in_link(
    composition: Composition,
    account_id: UUID | None,
    person_id: UUID,
    reason: str,
    *,
    root: str = "",
) -> str:
    """Make a new link for a person; older ones end.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        PersonNotFound: the account, or the operator, has no such person.
    """
    async with composition.store.transaction(actor=_by()) as tx:
        made = await people.link(tx, account_id, person_id, mint=SystemRandom(), reason=reason)
    return _link(composition, made, root)


async def remove_person(
    composition: Composition, account_id: UUID | None, person_id: UUID, reason: str
) -> None:
    """Remove a person: out at the next request.

    Raises:
        InvalidText: the reason is empty, too long, or cannot be shown.
        PersonNotFound: the account, or the operator, has no such person.
        LastOperator: nobody else has the role operator.
    """
    async with composition.store.transaction(actor=_by()) as tx:
        await people.remove(tx, account_id, person_id, reason=reason)


def _link(composition: Composition, made: NewLink, root: str) -> str:
    """At the address where the service is; of this machine by its name, as browsers want it."""
    settings = composition.settings
    public = root or str(settings.public_url or f"http://localhost:{settings.port}").rstrip("/")
    return sign_in_address(public.replace("//127.0.0.1:", "//localhost:", 1), made.token)


def _by() -> Actor:
    return Actor("cli", f"cli-{uuid4().hex}")


async def _minted_here(composition: Composition, known: Minted) -> bool:
    reader = OperatorReader(composition.engine)
    return bool(await reader.credentials(UUID(known.account_id), after=None, limit=1))


def _read(file: Path) -> Minted | None:
    try:
        return Minted(**json.loads(file.read_text()))
    except FileNotFoundError:
        return None
