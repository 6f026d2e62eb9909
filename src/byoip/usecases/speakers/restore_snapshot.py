"""Announce again what a snapshot of the applied state has: after an accident."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from byoip.domain.accounts.let_in import OUT
from byoip.domain.customer_text import CustomerText
from byoip.domain.errors import Refusal
from byoip.domain.history import Actor
from byoip.domain.operator_text import stated_reason
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.route_snapshot import RouteSnapshot, SnapshotRoute
from byoip.store.transaction import Store, Transaction
from byoip.usecases.border import Verb
from byoip.usecases.routes.announce import announce


class _DryRun(Exception):  # noqa: N818 - ends the transaction of a dry run
    pass


class _WithdrawnByOwner(Exception):  # noqa: N818 - what a row says, not a fault
    pass


@dataclass(slots=True)
class RolledBack:
    """What came of it.

    Attributes:
        announced: routes that are announced again; in a dry run: that would be.
        kept: routes that are announced anyway.
        refused: routes that are not announced again, and why.
        newer: routes that are announced now and not in the snapshot; they are not touched.
    """

    announced: list[Prefix] = field(default_factory=list)
    kept: list[Prefix] = field(default_factory=list)
    refused: list[tuple[Prefix, str]] = field(default_factory=list)
    newer: list[Prefix] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RestoreSnapshot:
    """Announce again what a snapshot says was announced; take nothing down.

    Only routes of claims that are approved now, and that their owner has not withdrawn since, as
    the row says under the claim's lock: a run of thousands takes its time. With the prepends that
    the row says, too: no accident changes those, and the owner may have since. Each route passes
    the same rules as an owner's own announcement, in a transaction of its own.
    """

    store: Store

    async def __call__(self, number: int, *, reason: str, by: Actor, dry_run: bool) -> RolledBack:
        """Roll back to snapshot `number`; can be repeated.

        Raises:
            InvalidText: the reason; nothing was changed.
            RouteSnapshotNotFound: no such snapshot is kept; nothing was changed.
            StoreUnavailable: some routes may have been announced; do it again.
        """
        why = stated_reason(reason)
        finish = await self.announce(number, reason=why, by=by, dry_run=dry_run)
        async with self.store.transaction(actor=by.afterwards()) as tx:
            return await finish(tx)

    async def announce(
        self, number: int, *, reason: CustomerText, by: Actor, dry_run: bool
    ) -> Verb[RolledBack]:
        """Do all but the last transaction, which records the roll-back: the verb for that.

        It is for `by.afterwards()`: who is out by then has rolled back all the same.

        Raises:
            RouteSnapshotNotFound, StoreUnavailable: as above.
            NotAuthenticated, ScopeMissing: who asks for it is out meanwhile; the rest stays so.
        """
        made = RolledBack()
        snapshot, claims = await self._prepare(number, made)

        async def finish(tx: Transaction) -> RolledBack:
            if not dry_run:
                after = {"snapshot": number, "announced": [str(one) for one in made.announced]}
                tx.record_for_operators("routes.rolled_back", reason, after=after)
            return made

        try:
            for route in snapshot.routes:
                claim_id = claims.get(route.bgp_prefix_id)
                if claim_id is None:
                    made.refused.append((route.cidr, "it is not known any more"))
                else:
                    await self._restore(route, claim_id, made, by, dry_run=dry_run)
        except OUT:  # what was done is recorded
            async with self.store.transaction(actor=by.afterwards()) as tx:
                await finish(tx)
            raise
        return finish

    async def _prepare(
        self, number: int, made: RolledBack
    ) -> tuple[RouteSnapshot, Mapping[UUID, UUID]]:
        async with self.store.transaction() as tx:
            snapshot = await tx.routes.snapshot(number)
            ids = [one.bgp_prefix_id for one in snapshot.routes]
            claims = await tx.routes.claims_of(ids)
            made.newer = [cidr for _, cidr in await tx.routes.advertised_besides(ids)]
        return snapshot, claims

    async def _restore(
        self, route: SnapshotRoute, claim_id: UUID, made: RolledBack, by: Actor, *, dry_run: bool
    ) -> None:
        try:
            done = await self._announce(route, claim_id, by, dry_run=dry_run)
        except _DryRun:
            done = True
        except _WithdrawnByOwner:
            made.refused.append((route.cidr, "its owner has withdrawn it since"))
            return
        except OUT:
            raise
        except Refusal as refusal:
            made.refused.append((route.cidr, refusal.message))
            return
        (made.announced if done else made.kept).append(route.cidr)

    async def _announce(
        self, route: SnapshotRoute, claim_id: UUID, by: Actor, *, dry_run: bool
    ) -> bool:
        async with self.store.transaction(actor=by) as tx:
            claim = await tx.claims.lock(claim_id)
            row = await tx.bgp_prefixes.get(claim_id, route.bgp_prefix_id)
            if row.desired.advertised:
                return False
            if await tx.routes.withdrawn_by_owner(row.id):
                raise _WithdrawnByOwner
            row.require_unlocked()
            await announce(tx, claim, row, prepend=row.desired.prepend)
            if dry_run:
                raise _DryRun
            return True
