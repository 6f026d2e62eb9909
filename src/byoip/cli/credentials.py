"""The first credentials: minted once, kept in a file that only its owner may read."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from byoip.adapters.system_random import SystemRandom
from byoip.cli.ready import write_secret
from byoip.composition import Composition
from byoip.domain.accounts.credential import Scope
from byoip.domain.claims.claim import CLAIMS_PER_ACCOUNT
from byoip.domain.history import Actor
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.usecases.accounts.create_account import CreateAccount
from byoip.usecases.accounts.create_credential import CreateCredential

_FILE = "credentials.json"
_FIRST = "The first ones, minted by `byoip up`."


@dataclass(frozen=True, slots=True)
class Minted:
    """One customer and one operator credential."""

    account_id: str
    api_token: str
    operator_token: str


async def first_credentials(composition: Composition, data_dir: Path) -> Minted:
    """Those of the file, as long as the database knows them; else new ones."""
    file = data_dir / _FILE
    if (known := _read(file)) and await _minted_here(composition, known):
        return known  # revoked ones too: they were minted once
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
    """Keep a new account; gives its id.

    Raises:
        InvalidText: name or reason.
    """
    create = CreateAccount(composition.store, composition.clock)
    made = await create(name=name, prefix_quota=quota, reason=reason, by=_by())
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
    """Keep a new credential, with the usual scopes if none are named; its token, this once.

    Raises:
        AccountNotFound, ScopesRefused, InvalidText: as they say.
    """
    create = CreateCredential(composition.store, composition.clock, SystemRandom())
    expires_at = composition.clock.now() + lifetime if lifetime else None
    made = await create(
        account_id, name=name, scopes=scopes, expires_at=expires_at, reason=reason, by=_by()
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
