"""The one way in for writes, whatever front they come from.

A verb is a function of a transaction. The border opens the transaction, which claims the
idempotency key and holds the precondition; has the verb do its work; renders the result and keeps
the answer, both within the transaction; commits; and only then lets the reply go.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey, StoredAnswer
from byoip.domain.precondition import ANY_VERSION, Precondition
from byoip.store.transaction import Store, Transaction
from byoip.usecases.routes.withdraw import tripping

Result = TypeVar("Result")
Reply = TypeVar("Reply")
Verb: TypeAlias = Callable[[Transaction], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """Who asks for a write, and on what terms.

    Attributes:
        precondition: the versions of the object that the sender has seen (If-Match).
        key: of a write that its sender may repeat; None: every request counts.
    """

    actor: Actor
    precondition: Precondition = ANY_VERSION
    key: IdempotencyKey | None = None


@dataclass(frozen=True, slots=True)
class Border:
    """Carries out verbs, each in a transaction of its own."""

    store: Store

    async def write(
        self,
        request: WriteRequest,
        verb: Verb[Result],
        render: Callable[[Result], Reply],
        *,
        keep: Callable[[Result], StoredAnswer] | None = None,
    ) -> Reply:
        """Do it, and reply.

        Args:
            request: who asks.
            verb: what is done.
            render: makes the reply, within the transaction: a result that cannot be shown is not
                kept either.
            keep: makes the answer that a repeated request is given, where that is not the reply,
                because it shows a secret; without a key it is not called.

        Raises:
            NotAuthenticated, ScopeMissing, RoleMissing: the actor would not be let in any more.
            AlreadyAnswered: the key was used with the same request; here is its answer.
            IdempotencyKeyReused, IdempotencyKeyBusy: the key stands for another request, or its
                first one still runs.
            WithdrawalsStopped: the write would withdraw more routes than the breaker lets through.
            StoreUnavailable: the database is away; whether the write was kept is not known if it
                went during the commit.
        """
        async with (
            tripping(self.store),
            self.store.transaction(
                request.key, actor=request.actor, precondition=request.precondition
            ) as tx,
        ):
            result = await verb(tx)
            reply = render(result)
            if request.key is not None:
                tx.keep(keep(result) if keep else _kept(reply))
        return reply

    async def require_unanswered(self, request: WriteRequest) -> None:
        """Look for the key's answer before a write of several transactions, the last a verb.

        The key is kept with the answer, by the last one: without this look, a request that is
        repeated would do all before it a second time.

        Raises:
            NotAuthenticated, AlreadyAnswered, IdempotencyKeyReused, IdempotencyKeyBusy, and so on:
                as `write` does.
        """
        if request.key is None:
            return
        with suppress(_Looked):
            async with self.store.transaction(request.key, actor=request.actor):
                raise _Looked


class _Looked(Exception):  # noqa: N818 - ends a transaction that only looked
    pass


def _kept(reply: object) -> StoredAnswer:
    if not isinstance(reply, StoredAnswer):
        raise TypeError("a front without stored answers takes no idempotency keys")
    return reply
