from dataclasses import dataclass
from uuid import uuid4

from byoip.domain.accounts.account import Account
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.operator_text import stated_name, stated_reason
from byoip.ports.clock import Clock
from byoip.store.accounts.operator_views import AccountView
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class CreateAccount:
    """Take a new customer in."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        *,
        name: str,
        prefix_quota: int,
        reason: str,
        by: Actor,
        once: IdempotencyKey | None = None,
    ) -> AccountView:
        """Keep a new account.

        Raises:
            InvalidText: name or reason.
        """
        now, why = self.clock.now(), stated_reason(reason)
        account = Account(uuid4(), stated_name(name).value, prefix_quota, now)
        after = {
            "account_id": account.id.hex,
            "name": account.name,
            "prefix_quota": account.prefix_quota,
        }
        view = AccountView(account, claims=0)
        async with self.store.transaction(once, actor=by) as tx:
            await tx.operating.accounts.add(account)
            tx.record_for_operators("account.created", why, after=after)
            await tx.answered(view)
        return view
