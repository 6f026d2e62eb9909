"""What operators send and are shown of accounts, credentials and their own history."""

from typing import Any

from pydantic import Field

from byoip.api.border.envelope import Id, IdIn, SecretText, Strict, TextIn, Time, Wire, example
from byoip.api.claims.delegation_schemas import TimeIn
from byoip.domain.accounts import credential as domain
from byoip.domain.accounts.credential import Scope
from byoip.domain.claims.claim import CLAIMS_PER_ACCOUNT
from byoip.domain.event_kinds import OF_OPERATORS, names
from byoip.store.accounts.operator_views import AccountView, OperatorEventView
from byoip.usecases.accounts.credentials import NewCredential

_ACCOUNT: dict[str, Any] = {
    "id": "8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7",
    "name": "Example Networks",
    "prefix_quota": 1000,
    "prefixes": 3,
    "created_at": "2026-11-02T09:30:00Z",
}
_CREDENTIAL: dict[str, Any] = {
    "id": "89abcdef0123456789abcdef01234567",
    "account_id": _ACCOUNT["id"],
    "name": "their automation",
    "scopes": ["prefixes:read", "prefixes:write"],
    "created_at": "2026-11-02T09:30:00Z",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
}
_WHY = "Contract 4711 was signed."
_KINDS = ", ".join(f"`{one}`" for one in names(OF_OPERATORS))


class Reasoned(Strict):
    """What every write of an operator states."""

    model_config = example(reason=_WHY)

    reason: TextIn = Field(description="Why; never empty, and kept in the history.")


class NewAccount(Reasoned):
    """A customer to take in."""

    model_config = example(name="Example Networks", prefix_quota=1000, reason=_WHY)

    name: TextIn
    prefix_quota: int = Field(default=CLAIMS_PER_ACCOUNT, ge=0, le=CLAIMS_PER_ACCOUNT)


class AccountChange(Reasoned):
    """What to change; what is left out stays."""

    model_config = example(prefix_quota=10, reason=_WHY)

    name: TextIn | None = None
    prefix_quota: int | None = Field(default=None, ge=0, le=CLAIMS_PER_ACCOUNT)


class Account(Wire):
    """A customer."""

    model_config = example(**_ACCOUNT)

    id: Id
    name: str
    prefix_quota: int
    prefixes: int = Field(description="How many prefixes it has, approved or not.")
    created_at: Time


class NewCredentialIn(Reasoned):
    """A token to issue: for which account, and with which scopes."""

    model_config = example(
        account_id=_ACCOUNT["id"], name="their automation", scopes=["prefixes:read"], reason=_WHY
    )

    account_id: IdIn | None = Field(
        description="null: an operator's token, which opens no account."
    )
    name: TextIn
    scopes: list[str] = Field(
        default=[],
        max_length=len(Scope),
        description="Empty: those of customers, or `operator` for an operator's.",
        json_schema_extra={"items": {"type": "string", "enum": [one.value for one in Scope]}},
    )
    expires_at: TimeIn = Field(default=None, description="null: never.")


class Credential(Wire):
    """A token's rights."""

    model_config = example(**_CREDENTIAL)

    id: Id
    account_id: Id | None = Field(description="null: an operator's.")
    name: str
    scopes: list[Scope]
    created_at: Time
    expires_at: Time | None
    revoked_at: Time | None
    last_used_at: Time | None = Field(description="To the minute.")


class IssuedCredential(Credential):
    """A new credential, with its token."""

    model_config = example(**_CREDENTIAL | {"token": "byoip_4f0c1f3a9b5de0a65a2b1a7cbb0d9e13"})

    token: SecretText | None = Field(
        description="Shown this once; null when the request is repeated with its Idempotency-Key."
    )


class OperatorEvent(Wire):
    """One line of the operators' history."""

    model_config = example(
        number=7,
        kind="service.retired",
        actor="operator:89abcdef0123456789abcdef01234567",
        request_id="6f9c2b1e4d3a48d7b0a1c2e3f4051627",
        reason=_WHY,
        at="2026-11-02T09:31:07Z",
        before={"name": "CDN"},
        after={},
    )

    number: int = Field(description="Counts up without gaps.")
    kind: str = Field(description=f"What happened; later versions may add kinds. Today: {_KINDS}.")
    actor: str
    request_id: str
    reason: str
    at: Time
    before: dict[str, Any]
    after: dict[str, Any]


def account_of(view: AccountView) -> Account:
    """An account as the wire shows it."""
    return Account.showing(view.account, prefixes=view.claims)


def credential_of(credential: domain.Credential) -> Credential:
    """A credential as the wire shows it."""
    return Credential.showing(credential, scopes=sorted(credential.scopes))


def issued_of(made: NewCredential) -> IssuedCredential:
    """A new credential, with its token."""
    return IssuedCredential(**dict(credential_of(made.credential)), token=made.token)


def issued_without_token(made: NewCredential) -> IssuedCredential:
    """The same for a repeated request, which does not show the token again."""
    return IssuedCredential(**dict(credential_of(made.credential)), token=None)


def operator_event_of(view: OperatorEventView) -> OperatorEvent:
    """A line of the operators' history."""
    return OperatorEvent.showing(view.event, reason=view.reason)
