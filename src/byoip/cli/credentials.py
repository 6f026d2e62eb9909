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
from byoip.domain.claims.claim import CLAIMS_PER_ACCOUNT
from byoip.domain.history import Actor
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.usecases.accounts import accounts, credentials

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
