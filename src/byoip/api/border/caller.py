"""What a route knows about the client and its request, once the border has let it in."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, NoReturn, Self, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Depends

from byoip.api.border.account_turns import AccountTurns
from byoip.api.border.answers import Answer, answer
from byoip.api.border.backend import Backend
from byoip.api.border.declarations import Declaration
from byoip.api.border.envelope import Message, Shown
from byoip.api.border.refusals import RateLimited
from byoip.domain.accounts.credential import Credential
from byoip.domain.accounts.limits import Policy
from byoip.store.accounts.rate_limits import Allowance, Wanted
from byoip.usecases.border import Verb, WriteRequest

MINUTES_OF_DAY = 24 * 60

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticated:
    """A request whose sender may make it.

    Attributes:
        declaration: of the operation that it is for.
        now: when the request was let in.
        request: who asks for a write, with its precondition and its idempotency key.
        beside: what was read with the credential, where the operation is one that has that.
    """

    backend: Backend
    declaration: Declaration
    credential: Credential
    now: datetime
    request: WriteRequest
    beside: Any = None

    async def write(
        self,
        verb: Verb[Result],
        show: Callable[[Result], Shown | None],
        *,
        version: Callable[[Result], int] = attrgetter("version"),
        kept: Callable[[Result], Shown | None] | None = None,
        messages: Callable[[Result], Sequence[Message]] | None = None,
        location: Callable[[Result], str | None] | None = None,
        spending: Sequence[Wanted] = (),
        changes_people: bool = False,
    ) -> Answer:
        """Have the border carry out a verb, and answer; the same bytes each time with a key.

        Status, and whether there is an ETag, are as the operation declares.

        Args:
            verb: what is done, as a function of a transaction.
            show: makes the result's wire form.
            version: gives the version for the ETag.
            kept: makes what a repeated request is shown, where `show` shows a secret.
            messages: gives the remarks beside it.
            location: gives the path of what it has begun.
            spending: the account's permits that it takes, see `Customer.spend`.
            changes_people: whether it changes who may come in, or as what.
        """
        declared = self.declaration

        def render(result: Result) -> Answer:
            return answer(
                show(result),
                status=declared.status,
                version=version(result) if declared.tagged else None,
                messages=() if messages is None else messages(result),
                location=None if location is None else location(result),
            )

        def keep(result: Result) -> Answer:
            return render(result) if kept is None else answer(kept(result), status=declared.status)

        border, request = self.backend.border, self.request
        if changes_people:
            request = replace(request, actor=request.actor.changing())
        await self.count_write(*spending)
        async with self.turn():
            return await border.write(request, verb, render, keep=keep if kept else None)

    async def require_unanswered(self) -> None:
        """Look for the key's answer, before a write of several transactions; see the border."""
        async with self.turn():
            await self.backend.border.require_unanswered(self.request)

    def afterwards(self) -> Self:
        """The same caller, for a write that only records what was done, whoever is out by now."""
        actor = self.request.actor.afterwards()
        return replace(self, request=replace(self.request, actor=actor))

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for the request's turn at the database: operators do not."""
        return nullcontext()

    async def count_write(self, *spending: Wanted) -> None:
        """Count one more, and take permits; of operators none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Authenticated):
    """A customer's request, for an account that is the caller's own."""

    account_id: UUID

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait until few others of the account are at work."""
        return self.backend.turns.turn(self.account_id)

    async def count_write(self, *spending: Wanted) -> None:
        """Take permits, then count one more of the account's day: what it leaves behind stays.

        Raises:
            RateLimited: the account has written a day's worth, and more than one comes in seconds;
                or a permit is not left.
        """
        per_day = self.backend.limiter.limits.writes_per_account
        await self.spend(*spending, Wanted("write", per_day / MINUTES_OF_DAY, MINUTES_OF_DAY))

    async def spend(self, *wanted: Wanted) -> None:
        """Take some of the account's permits for what costs others more than a read, in this order.

        0 a minute: no limit. Those named "…:id" are for that prefix alone.

        Raises:
            RateLimited: none is left in these minutes.
        """
        await spend(self.backend.allowance, self.backend.turns, self.account_id, *wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator(Authenticated):
    """An operator's request, for the whole service."""


async def spend(allowance: Allowance, turns: AccountTurns, who: UUID, *wanted: Wanted) -> None:
    """Take permits of an account, or of whoever else they are counted for: see `Customer.spend`.

    Raises:
        RateLimited: none is left in these minutes.
    """
    limited = [one for one in wanted if one.per_minute]
    if not limited:
        return
    async with turns.turn(who):
        refused = await allowance.spend_each(who, *limited)
    if refused is not None:
        one, wait = refused
        what, _, of = one.what.partition(":")
        policy = Policy(what, round(one.per_minute * one.minutes), 60 * one.minutes)
        raise RateLimited(wait, policy, whose="this prefix" if of else "this account")


def nothing(_: object) -> None:
    """What a deletion shows."""


def _only_an_operation_knows() -> NoReturn:
    # If FastAPI's own machinery ever served a route, it would fail here and answer no client.
    raise RuntimeError("a route below /client/v4 is not an Operation")


CustomerRequest: TypeAlias = Annotated[Customer, Depends(_only_an_operation_knows)]
OperatorRequest: TypeAlias = Annotated[Operator, Depends(_only_an_operation_knows)]
TokenRequest: TypeAlias = Annotated[Customer | Operator, Depends(_only_an_operation_knows)]
