"""Release routes that wait since a restore: they are announced as on their owner's word."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from byoip.domain.accounts.let_in import OUT
from byoip.domain.checks.origin_validation import judge_roas
from byoip.domain.customer_text import CustomerText
from byoip.domain.errors import Refusal
from byoip.domain.history import Actor
from byoip.domain.operator_text import stated_reason
from byoip.domain.precondition import PreconditionFailed
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.route_snapshot import Unreleased
from byoip.ports.checks.rpki import NoVrps
from byoip.store.transaction import Store, Transaction
from byoip.usecases.routes.announce import announce

MOST_SHOWN: Final = 50  # each is judged as it is shown


@dataclass(slots=True)
class Released:
    """What came of it.

    Attributes:
        announced: routes that are announced.
        refused: routes that go on waiting, and why.
    """

    announced: list[Prefix] = field(default_factory=list)
    refused: list[tuple[Prefix, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReleaseRoutes:
    """Announces those that wait, each in a transaction of its own; can be repeated."""

    store: Store

    async def waiting(self) -> Sequence[tuple[Unreleased, str]]:
        """Those that wait, and what origin validation says of each now."""
        async with self.store.transaction() as tx:
            return [(one, await _judged(tx, one)) for one in await tx.unreleased.all()]

    async def some(self) -> tuple[Sequence[tuple[Unreleased, str]], int]:
        """The first of them, MOST_SHOWN at most, and how many wait in all."""
        async with self.store.transaction() as tx:
            found = await tx.unreleased.first(MOST_SHOWN)
            return [(one, await _judged(tx, one)) for one in found], await tx.unreleased.count()

    async def __call__(self, cidr: Prefix | None, *, reason: str, by: Actor) -> Released:
        """Release this route, or all; those that the rules refuse go on waiting.

        Raises:
            InvalidText: the reason; nothing was changed.
            StoreUnavailable: some routes may have been released; do it again.
        """
        why = stated_reason(reason)
        async with self.store.transaction() as tx:
            waiting = [one for one in await tx.unreleased.all() if cidr in {None, one.cidr}]
        return await self.these(waiting, reason=why, by=by)

    async def these(
        self, waiting: Collection[Unreleased], *, reason: CustomerText, by: Actor
    ) -> Released:
        """Release just these; each is in history as it is announced: another may be faster.

        Raises:
            StoreUnavailable: as above.
            NotAuthenticated, ScopeMissing: who asks for it is out meanwhile; the rest waits on.
        """
        made = Released()
        for one in waiting:
            try:
                if await self._release(one, by, reason):
                    made.announced.append(one.cidr)
            except OUT:
                raise
            except Refusal as refusal:
                made.refused.append((one.cidr, refusal.message))
        return made

    async def _release(self, one: Unreleased, by: Actor, why: CustomerText) -> bool:
        """Announce it, unless its owner or a speaker was faster."""
        async with self.store.transaction(actor=by) as tx:
            claim = await tx.claims.lock(one.claim_id)
            row = await tx.bgp_prefixes.get(one.claim_id, one.bgp_prefix_id)
            if not await tx.unreleased.waits(row.id):
                return False
            await announce(tx, claim, row, prepend=row.desired.prepend)
            _record(tx, row.cidr, why)
            return True


async def release_one(
    tx: Transaction, claim_id: UUID, bgp_prefix_id: UUID, *, reason: str
) -> Prefix:
    """Release one route, of a claim that is as whoever decides has seen it.

    Raises:
        InvalidText: the reason.
        ClaimNotFound, BgpPrefixNotFound: there is none.
        PreconditionFailed: it waits no longer, or its claim has changed.
        Refusal: the rules for announcing; it goes on waiting.
    """
    why = stated_reason(reason)
    claim = await tx.lock_claim(claim_id)
    row = await tx.bgp_prefixes.get(claim_id, bgp_prefix_id)
    if not await tx.unreleased.waits(row.id):
        raise PreconditionFailed
    await announce(tx, claim, row, prepend=row.desired.prepend)
    _record(tx, row.cidr, why)
    return row.cidr


async def _judged(tx: Transaction, one: Unreleased) -> str:
    answer = await tx.roas.about(one.cidr)
    if isinstance(answer, NoVrps):
        return f"unanswered: {answer.detail}"
    return judge_roas(one.cidr, one.asn, answer.covering, now=tx.now).seen


def _record(tx: Transaction, announced: Prefix, why: CustomerText) -> None:
    tx.record_for_operators("routes.released", why, after={"announced": [str(announced)]})
