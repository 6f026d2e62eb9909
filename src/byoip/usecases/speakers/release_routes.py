"""Release routes that wait since a restore: they are announced as on their owner's word."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from byoip.domain.checks.origin_validation import judge_roas
from byoip.domain.errors import Refusal
from byoip.domain.history import Actor
from byoip.domain.operator_text import stated_reason
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.route_snapshot import Unreleased
from byoip.ports.checks.rpki import NoVrps
from byoip.store.transaction import Store
from byoip.usecases.routes.announce import announce


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
            found = []
            for one in await tx.unreleased.all():
                answer = await tx.roas.about(one.cidr)
                if isinstance(answer, NoVrps):
                    said = f"unanswered: {answer.detail}"
                else:
                    said = judge_roas(one.cidr, one.asn, answer.covering, now=tx.now).seen
                found.append((one, said))
            return found

    async def __call__(self, cidr: Prefix | None, *, reason: str, by: Actor) -> Released:
        """Release this route, or all; those that the rules refuse go on waiting.

        Raises:
            InvalidText: the reason; nothing was changed.
            StoreUnavailable: some routes may have been released; do it again.
        """
        why, made = stated_reason(reason), Released()
        async with self.store.transaction() as tx:
            waiting = [one for one in await tx.unreleased.all() if cidr in {None, one.cidr}]
        for one in waiting:
            try:
                if await self._release(one, by):
                    made.announced.append(one.cidr)
            except Refusal as refusal:
                made.refused.append((one.cidr, refusal.message))
        async with self.store.transaction(actor=by) as tx:
            after = {"announced": [str(one) for one in made.announced]}
            tx.record_for_operators("routes.released", why, after=after)
        return made

    async def _release(self, one: Unreleased, by: Actor) -> bool:
        """Announce it, unless its owner or a speaker was faster."""
        async with self.store.transaction(actor=by) as tx:
            claim = await tx.claims.lock(one.claim_id)
            row = await tx.bgp_prefixes.get(one.claim_id, one.bgp_prefix_id)
            if not await tx.unreleased.waits(row.id):
                return False
            await announce(tx, claim, row, prepend=row.desired.prepend)
            return True
