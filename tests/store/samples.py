"""Claims, tokens and the rest, valid unless told otherwise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from uuid import UUID, uuid4

from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import CUSTOMER_SCOPES, Credential
from byoip.domain.asn import Asn
from byoip.domain.bindings.service_binding import Service, ServiceBinding
from byoip.domain.checks.evidence import CheckState
from byoip.domain.checks.validation_run import Trigger, ValidationRun
from byoip.domain.claims.claim import CheckRecord, Claim
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import Actor, Event
from byoip.domain.prefix import Prefix
from byoip.store.transaction import Store, Transaction

BY = Actor("credential:1", "request-1")


@asynccontextmanager
async def undone(store: Store) -> AsyncIterator[Transaction]:
    """A transaction that fails at its end."""
    with suppress(ZeroDivisionError):
        async with store.transaction() as tx:
            yield tx
            raise ZeroDivisionError


class SetClock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


def account(quota: int = 10) -> Account:
    return Account(uuid4(), "Example", quota, datetime.now(UTC))


def claim(account_id: UUID, cidr: str = "192.0.2.0/24") -> Claim:
    now = datetime.now(UTC)
    return Claim(
        id=uuid4(),
        account_id=account_id,
        prefix=Prefix.parse(cidr),
        asn=Asn(64500),
        description=CustomerText.parse("ours since 2001"),
        delegate_loa_creation=False,
        created_at=now,
        modified_at=now,
    )


def passed(at: datetime) -> CheckRecord:
    return CheckRecord(state=CheckState.VALID, passed_at=at)


def token(of: Claim, *, lifetime: timedelta = timedelta(days=7)) -> OwnershipToken:
    now = datetime.now(UTC)
    return OwnershipToken(
        id=uuid4(),
        claim_id=of.id,
        account_id=of.account_id,
        prefix=of.prefix,
        asn=of.asn,
        method=TokenMethod.ANY,
        value=token_hex(16),
        created_at=now,
        expires_at=now + lifetime,
    )


def run(of: Claim, *, due_in: timedelta = timedelta(0)) -> ValidationRun:
    now = datetime.now(UTC)
    return ValidationRun(uuid4(), of.id, Trigger.CUSTOMER, now, due_at=now + due_in)


def binding(of: Claim, service: Service, cidr: str | None = None) -> ServiceBinding:
    part = of.prefix if cidr is None else Prefix.parse(cidr)
    return ServiceBinding(uuid4(), of.id, of.prefix, part, service, datetime.now(UTC))


def credential(account_id: UUID | None) -> Credential:
    return Credential(uuid4(), account_id, "ci", CUSTOMER_SCOPES, datetime.now(UTC))


def event(of: Claim, kind: str = "prefix.created") -> Event:
    return Event(of.id, kind, BY, datetime.now(UTC), after={"cidr": str(of.prefix)})
