"""A customer asks for the checks to run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID, uuid4

from byoip.domain.checks.registry import Registry
from byoip.domain.checks.validation_run import Trigger, ValidationRun
from byoip.domain.claims.claim import CheckRecord, Claim, ClaimNotFound
from byoip.domain.claims.closing import closes_at, kept_alive
from byoip.domain.claims.ownership_token import Absence, OwnershipToken
from byoip.ports.tokens import TokenMint
from byoip.store.claims.views import ClaimView
from byoip.store.transaction import Transaction
from byoip.usecases.checks.first_looks.have_looked import have_looked
from byoip.usecases.events import record_changes, record_token_revoked


@dataclass(frozen=True, slots=True)
class NewTokens:
    """How a token is made in place of one that has expired, or was published too early.

    Attributes:
        registries: by key; where nobody has to look before it is published.
    """

    mint: TokenMint
    lifetime: timedelta
    registries: Mapping[str, Registry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Requested:
    """The claim, with the run that is out for it.

    Attributes:
        reissued: its token had expired, and has a successor, which this run does not ask for.
    """

    view: ClaimView
    reissued: bool = False


async def request_validation(
    tx: Transaction,
    account_id: UUID,
    claim_id: UUID,
    *,
    tokens: NewTokens | None = None,
    by_owner: bool = True,
) -> Requested:
    """Have the checks run: start a run, wake the sleeping one, or join the one that runs.

    Where the token has expired, a new one of the same method takes its place, once: it is
    published nowhere yet, so this run does not ask for it. In its last days an unproven claim is
    kept for thirty more, once.

    Args:
        tx: the transaction.
        account_id: the owner's.
        claim_id: the prefix.
        tokens: how a successor is made; None: an expired token stays.
        by_owner: or an operator asks, and the thirty days stay its customer's to use.

    Raises:
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
    """
    claim, token = await tx.session.look(
        tx.claims.asking(claim_id, account_id, locking=True), tx.tokens.asking(claim_id)
    )
    if claim is None:
        raise ClaimNotFound
    tx.precondition.require(claim.version)
    lasting = kept_alive(claim, tx.now) if by_owner else claim
    if lasting is not claim:
        await tx.claims.save(lasting)
        closes = closes_at(lasting, tx.now)
        after = {"closes_at": closes.isoformat()} if closes else {}
        tx.record(claim_id, "prefix.extended", after=after)
    fresh = None
    if tokens and token and token.expired(tx.now) and not claim.approved:
        fresh = await _reissue(tx, lasting, tokens)
    without = None if fresh is None else fresh.id
    wanted = ValidationRun(
        uuid4(), claim_id, Trigger.CUSTOMER, tx.now, due_at=tx.now, without_token=without
    )
    run, new = await tx.runs.open(wanted)
    woken = new or await tx.runs.wake(run.id, tx.now, without_token=without)
    view = await tx.claims.view(claim_id)
    if woken:
        await tx.jobs.enqueue_run(run.id)
        tx.record(claim_id, "validation.requested", after={"validation_id": run.id.hex})
    return Requested(view, fresh is not None)


async def _reissue(tx: Transaction, claim: Claim, tokens: NewTokens) -> OwnershipToken | None:
    """A token in place of the expired one, with which goes what that one proved.

    None for a claim that was a rival by its proof: a mere request gives that up for nobody.
    """
    old = await tx.tokens.live(claim.id)  # read again: the first look may be older than the lock
    if old is None or not old.expired(tx.now) or not await tx.claims.outside_contests(claim):
        return None
    fresh = await put_in_place(tx, old, tokens, because="expired")
    await have_looked(tx, claim, fresh, tokens.registries)
    unproven = replace(claim.written(tx.now), ownership=CheckRecord())
    await tx.claims.save(unproven)
    record_changes(tx, claim, unproven)
    return fresh


async def put_in_place(
    tx: Transaction,
    old: OwnershipToken,
    tokens: NewTokens,
    *,
    because: str,
    absence: Absence | None = None,
) -> OwnershipToken:
    """End a token, and issue another of its method; the claim is locked.

    `because` stands in the history; `absence` says where the registry was seen before the new token
    came to be, and so without it.
    """
    await tx.tokens.save(old.revoke(tx.now))
    record_token_revoked(tx, old)
    fresh = replace(
        old,
        id=uuid4(),
        value=tokens.mint.mint(),
        created_at=tx.now,
        expires_at=tx.now + tokens.lifetime,
        absence=absence,
        look_needed=True,
    )
    await tx.tokens.add(fresh)
    after = {"token_id": fresh.id.hex, "method": fresh.method.value, "because": because}
    tx.record(old.claim_id, "token.issued", after=after)
    return fresh
