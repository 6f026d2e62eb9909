"""What a route knows about the client and its request, once the border has let it in."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Annotated, NoReturn, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel

from byoip.api.border.answers import Answer, answer
from byoip.api.border.backend import Backend
from byoip.api.border.declarations import Declaration
from byoip.api.border.envelope import Message
from byoip.api.border.refusals import RateLimited
from byoip.domain.accounts.credential import Credential
from byoip.domain.accounts.limits import Policy
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
    """

    backend: Backend
    declaration: Declaration
    credential: Credential
    now: datetime
    request: WriteRequest

    async def write(
        self,
        verb: Verb[Result],
        show: Callable[[Result], BaseModel | None],
        *,
        version: Callable[[Result], int] = attrgetter("version"),
        kept: Callable[[Result], BaseModel | None] | None = None,
        messages: Callable[[Result], Sequence[Message]] | None = None,
    ) -> Answer:
        """Have the border carry out a verb, and answer; the same bytes each time with a key.

        Status, and whether there is an ETag, are as the operation declares.

        Args:
            verb: what is done, as a function of a transaction.
            show: makes the result's wire form.
            version: gives the version for the ETag.
            kept: makes what a repeated request is shown, where `show` shows a secret.
            messages: gives the remarks beside it.
        """
        declared = self.declaration

        def render(result: Result) -> Answer:
            return answer(
                show(result),
                status=declared.status,
                version=version(result) if declared.tagged else None,
                messages=() if messages is None else messages(result),
            )

        def keep(result: Result) -> Answer:
            return render(result) if kept is None else answer(kept(result), status=declared.status)

        border = self.backend.border
        await self.count_write()
        async with self.turn():
            return await border.write(self.request, verb, render, keep=keep if kept else None)

    async def require_unanswered(self) -> None:
        """Look for the key's answer, before a write of several transactions; see the border."""
        async with self.turn():
            await self.backend.border.require_unanswered(self.request)

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for the request's turn at the database: operators do not."""
        return nullcontext()

    async def count_write(self) -> None:
        """Count one more; of operators none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Authenticated):
    """A customer's request, for an account that is the caller's own."""

    account_id: UUID

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait until few others of the account are at work."""
        return self.backend.turns.turn(self.account_id)

    async def count_write(self) -> None:
        """Count one more of the account's day: what it leaves behind stays.

        Raises:
            RateLimited: the account has written a day's worth, and more than one comes in seconds.
        """
        per_day = self.backend.limiter.limits.writes_per_account
        await self.spend("write", per_day / MINUTES_OF_DAY, minutes=MINUTES_OF_DAY)

    async def spend(
        self, what: str, per_minute: float, *, minutes: int = 1, of: UUID | None = None
    ) -> None:
        """Take one of the account's permits for something that costs others more than a read.

        With `of` they are for that prefix alone. Those of so many minutes may be taken at once;
        0: no limit.

        Raises:
            RateLimited: none is left in these minutes.
        """
        if per_minute:
            counted = what if of is None else f"{what}:{of.hex}"
            async with self.turn():
                wait = await self.backend.allowance.spend(
                    counted, self.account_id, per_minute=per_minute, minutes=minutes
                )
            if wait is not None:
                policy = Policy(what, round(per_minute * minutes), 60 * minutes)
                whose = "this account" if of is None else "this prefix"
                raise RateLimited(wait, policy, whose=whose)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator(Authenticated):
    """An operator's request, for the whole service."""


def nothing(_: object) -> None:
    """What a deletion shows."""


def _only_an_operation_knows() -> NoReturn:
    # If FastAPI's own machinery ever served a route, it would fail here and answer no client.
    raise RuntimeError("a route below /client/v4 is not an Operation")


CustomerRequest: TypeAlias = Annotated[Customer, Depends(_only_an_operation_knows)]
OperatorRequest: TypeAlias = Annotated[Operator, Depends(_only_an_operation_knows)]
TokenRequest: TypeAlias = Annotated[Customer | Operator, Depends(_only_an_operation_knows)]
