"""How we remember. A use case opens a transaction and gets a shelf; nothing is kept before it ends.

Everything a shelf raises besides refusals and StoreUnavailable is a fault of ours.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from byoip.domain.bindings.service_binding import Service, ServiceBinding
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.precondition import ANY_VERSION, Precondition
from byoip.domain.prefix import Prefix
from byoip.ports.accounts.operating import OperatorRepositories
from byoip.ports.bindings.edges import Edges
from byoip.ports.checks.drifts import Drifts
from byoip.ports.checks.registrations import Registrations
from byoip.ports.checks.rpki import RoaData
from byoip.ports.checks.runs import Runs
from byoip.ports.claims.delegations import Delegations
from byoip.ports.idempotency import IdempotencyKey
from byoip.ports.letters.letters import LetterRepository, LoaDocuments
from byoip.ports.routes.advertising import BgpPrefixes, Breaker
from byoip.ports.routes.offboarding import JobGuards, Offboardings
from byoip.ports.speakers.restores import Restores
from byoip.ports.speakers.routes import RouteRepository


class StoreUnavailable(Exception):  # noqa: N818 - a state of affairs: try again in a moment
    """The database is away, shutting down, or too busy to answer in time; nothing was kept."""


class StoreRefused(Exception):  # noqa: N818 - named for what happened
    """A constraint or a trigger forbids it; nothing was kept. Trying again does not help."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and at whose request.

    Attributes:
        actor: `credential:<id>`, `worker`, `operator:<id>`, `cli`.
        request_id: of the HTTP request or job that asked.
        seen: the version of the object that the request is based on.
    """

    actor: str
    request_id: str
    seen: Precondition = ANY_VERSION


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a prefix's history, before it has a number."""

    claim_id: UUID
    kind: str  # `prefix.created`, `token.issued`, `check.rpki`, `prefix.approved`, ...
    by: Actor
    at: datetime
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


class Claims(Protocol):
    """The claims of all accounts."""

    async def add(self, claim: Claim) -> None:
        """Keep a new claim.

        Raises:
            OverlapsOwnClaim: the account has a live claim on overlapping space.
        """
        ...

    async def lock_account(self, account_id: UUID) -> tuple[int, int]:
        """Lock the account against other claims; how many live claims it has, and its quota."""
        ...

    async def lock(self, claim_id: UUID, account_id: UUID | None = None) -> Claim:
        """Read a live claim for update; within one account where that is given.

        Raises:
            ClaimNotFound: not there, closed, or another account's.
        """
        ...

    async def get(self, claim_id: UUID, account_id: UUID | None = None) -> Claim:
        """Read a live claim without locking it.

        Raises:
            ClaimNotFound: as above.
        """
        ...

    async def save(self, claim: Claim) -> None:
        """Write back a claim that was locked."""
        ...

    async def lock_space(self, prefix: Prefix) -> None:
        """Serialise approvals of overlapping space until the transaction ends.

        Only while holding a pending claim: with an approved one it could deadlock with another
        that contests it.
        """
        ...

    async def approved_overlapping(self, prefix: Prefix) -> Sequence[Claim]:
        """Approved live claims of anybody that overlap it, locked for update."""
        ...

    async def unproven_since(self, before: datetime, limit: int) -> Sequence[UUID]:
        """Live pending claims created before then."""
        ...


class Tokens(Protocol):
    """Ownership tokens."""

    async def add(self, token: OwnershipToken) -> None:
        """Keep a new token; the claim's other live ones must be revoked before."""
        ...

    async def live(self, claim_id: UUID) -> OwnershipToken | None:
        """The one neither consumed nor revoked; it may have expired."""
        ...

    async def newest(self, claim_id: UUID) -> OwnershipToken | None:
        """The one that was not revoked and was issued last; consumed or expired as it may be."""
        ...

    async def get(self, claim_id: UUID, token_id: UUID) -> OwnershipToken:
        """One token of a claim.

        Raises:
            TokenNotFound: no such token of this claim.
        """
        ...

    async def save(self, token: OwnershipToken) -> None:
        """Write back a revoked token."""
        ...

    async def issued_since(self, claim_id: UUID, since: datetime) -> int:
        """How many were issued for the claim since then."""
        ...

    async def consume(self, token_id: UUID) -> bool:
        """Atomically spend it, by the database's clock; False if it is spent or expired."""
        ...


class Bindings(Protocol):
    """Service bindings. Each change is numbered for edges when the transaction ends."""

    async def of(self, claim_id: UUID) -> Sequence[ServiceBinding]:
        """The live bindings of a claim, in address order."""
        ...

    async def add(self, binding: ServiceBinding) -> ServiceBinding:
        """Keep a new binding; gives it with its state: active at once where there are no edges."""
        ...

    async def swap(self, binding_id: UUID, service: Service) -> ServiceBinding:
        """Change the service of a live binding; where there are edges the old one answers still."""
        ...

    async def remove(self, binding_id: UUID, now: datetime) -> None:
        """End a live binding; the row stays. Where there are edges its service answers still."""
        ...


class Services(Protocol):
    """What the operator offers."""

    async def get(self, service_id: UUID) -> Service:
        """One live service.

        Raises:
            ServiceNotFound: no such service.
        """
        ...


class Events(Protocol):
    """The append-only history."""

    async def add(self, *events: Event) -> None:
        """Note what happened. Numbers are given when the transaction ends, in this order."""
        ...


class Jobs(Protocol):
    """Work to be done after this transaction, and only if it commits."""

    async def enqueue_run(self, run_id: UUID, *, at: datetime | None = None) -> None:
        """Have a worker carry out a validation run, now or at a time."""
        ...

    async def enqueue_offboarding(self) -> None:
        """Have a worker go on with what is on its way out, without waiting for the clock."""
        ...

    async def enqueue_reevaluation(self) -> None:
        """Have a worker hold all routes against the newest snapshot of ROA data."""
        ...

    async def enqueue_letter(self, claim_id: UUID) -> None:
        """Have a worker that holds the operator's key write a claim's letter."""
        ...


class Transaction(Protocol):
    """All that can be remembered, within one transaction."""

    claims: Claims
    tokens: Tokens
    bindings: Bindings
    delegations: Delegations
    services: Services
    runs: Runs
    events: Events
    jobs: Jobs
    roas: RoaData
    registrations: Registrations
    operating: OperatorRepositories
    letters: LetterRepository
    loa_documents: LoaDocuments
    bgp_prefixes: BgpPrefixes
    breaker: Breaker
    edges: Edges
    offboardings: Offboardings
    guards: JobGuards
    drifts: Drifts
    routes: RouteRepository
    restores: Restores

    async def answered(self, result: object) -> None:
        """Keep the answer for a repeated key (`Once`); the last thing a write does."""
        ...


class Store(Protocol):
    """The database."""

    def transaction(
        self, once: IdempotencyKey | None = None
    ) -> AbstractAsyncContextManager[Transaction]:
        """Everything or nothing. With `once`, the first statement claims its key.

        Raises:
            AlreadyAnswered: the key was used with this body; nothing was done.
            IdempotencyKeyReused, IdempotencyKeyBusy: as they say.
            StoreUnavailable: now or at any time until the end.
        """
        ...
