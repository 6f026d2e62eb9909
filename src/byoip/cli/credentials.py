"""The first credentials: minted once, kept in a file that only its owner may read."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from byoip.cli.ready import write_secret
from byoip.composition import Composition
from byoip.domain.claim import CLAIMS_PER_ACCOUNT
from byoip.domain.credential import CUSTOMER_SCOPES, Credential, Scope
from byoip.ports.accounts import Account

_FILE = "credentials.json"
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Minted:
    """One customer and one operator credential."""

    account_id: str
    api_token: str
    operator_token: str


def new_token() -> str:
    """A token that cannot be guessed, recognisable when it leaks."""
    return f"byoip_{secrets.token_urlsafe(_TOKEN_BYTES)}"


async def first_credentials(composition: Composition, data_dir: Path) -> Minted:
    """Those of the file, as long as the database knows them; else new ones."""
    file = data_dir / _FILE
    if (known := _read(file)) and await _minted_here(composition, known):
        return known  # revoked ones too: they were minted once
    account_id = await create_account(composition, "first customer", CLAIMS_PER_ACCOUNT)
    minted = Minted(
        account_id.hex,
        await create_token(composition, account_id, "first customer", CUSTOMER_SCOPES),
        await create_token(composition, None, "first operator", frozenset({Scope.OPERATOR})),
    )
    write_secret(file, asdict(minted))
    return minted


async def create_account(composition: Composition, name: str, quota: int) -> UUID:
    """Keep a new account; gives its id."""
    account = Account(uuid4(), name, quota, composition.clock.now())
    await composition.accounts.create(account)
    return account.id


async def create_token(
    composition: Composition,
    account_id: UUID | None,
    name: str,
    scopes: frozenset[Scope],
    lifetime: timedelta | None = None,
) -> str:
    """Keep a new credential; its token is shown this once.

    Raises:
        AccountNotFound: no such account.
    """
    token = new_token()
    now = composition.clock.now()
    expires_at = now + lifetime if lifetime else None
    credential = Credential(uuid4(), account_id, name, scopes, now, expires_at)
    await composition.accounts.add_credential(credential, token)
    return token


async def _minted_here(composition: Composition, known: Minted) -> bool:
    return bool(await composition.accounts.credentials(UUID(known.account_id)))


def _read(file: Path) -> Minted | None:
    try:
        return Minted(**json.loads(file.read_text()))
    except FileNotFoundError:
        return None
