"""Accounts: what operators do to take a customer in, and what they change of one."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from byoip.domain.accounts.account import Account
from byoip.domain.operator_text import stated_name, stated_reason
from byoip.store.accounts.operator_views import AccountView
from byoip.store.transaction import Transaction


async def create(tx: Transaction, *, name: str, prefix_quota: int, reason: str) -> AccountView:
    """Take a new customer in.

    Raises:
        InvalidText: the name or the reason is empty, too long, or cannot be shown.
    """
    why = stated_reason(reason)
    account = Account(uuid4(), stated_name(name).value, prefix_quota, tx.now)
    await tx.accounts.add(account)
    shown = {"name": account.name, "prefix_quota": prefix_quota}
    tx.record_for_operators("account.created", why, after={"account_id": account.id.hex, **shown})
    return AccountView(account, claims=0)


async def update(
    tx: Transaction, account_id: UUID, *, name: str | None, prefix_quota: int | None, reason: str
) -> AccountView:
    """Change an account's name or quota; None leaves it as it is.

    A quota below the number of its claims takes none away: the account can only add no more.

    Raises:
        InvalidText: the name or the reason is empty, too long, or cannot be shown.
        AccountNotFound: there is no such account.
        PreconditionFailed: the account has another version by now.
    """
    why = stated_reason(reason)
    given: dict[str, Any] = {}
    if name is not None:
        given["name"] = stated_name(name).value
    if prefix_quota is not None:
        given["prefix_quota"] = prefix_quota
    held, _ = await tx.claims.lock_account(account_id)
    old = await tx.accounts.lock(account_id)
    tx.precondition.require(old.version)
    new = replace(old, **given)
    if new != old:
        new = replace(new, version=old.version + 1)
        await tx.accounts.save(new)
        before, after = (
            {"account_id": account_id.hex, **{key: getattr(one, key) for key in given}}
            for one in (old, new)
        )
        tx.record_for_operators("account.updated", why, before=before, after=after)
    return AccountView(new, held)
