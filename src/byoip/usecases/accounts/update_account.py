from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.operator_text import stated_name, stated_reason
from byoip.ports.clock import Clock
from byoip.store.accounts.operator_views import AccountView
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class UpdateAccount:
    """Change an account's name or quota. A quota below what it has only keeps it from more."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        account_id: UUID,
        *,
        name: str | None,
        prefix_quota: int | None,
        reason: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> AccountView:
        """Write what is given.

        Raises:
            AccountNotFound, PreconditionFailed, InvalidText: as they say.
        """
        why = stated_reason(reason)
        given: dict[str, Any] = {}
        if name is not None:
            given["name"] = stated_name(name).value
        if prefix_quota is not None:
            given["prefix_quota"] = prefix_quota
        async with self.store.transaction(once, actor=by) as tx:
            held, _ = await tx.claims.lock_account(account_id)
            old = await tx.operating.accounts.lock(account_id)
            by.seen.require(old.version)
            new = replace(old, **given)
            if new != old:
                new = replace(new, version=old.version + 1)
                await tx.operating.accounts.save(new)
                before, after = (
                    {"account_id": account_id.hex, **{key: getattr(one, key) for key in given}}
                    for one in (old, new)
                )
                tx.record_for_operators("account.updated", why, before=before, after=after)
            view = AccountView(new, held)
            await tx.answered(view)
        return view
