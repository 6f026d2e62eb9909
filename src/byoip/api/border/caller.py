"""What a route knows about the client and its request, once the border has let it in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Generic, NoReturn, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel

from byoip.api.border.answers import Answer, answer
from byoip.api.border.backend import Backend
from byoip.api.border.envelope import Message
from byoip.domain.accounts.credential import Credential
from byoip.domain.history import Actor
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.precondition import ANY_VERSION, Precondition
from byoip.usecases.border import Verb, WriteRequest

Result = TypeVar("Result")


class Pen(Generic[Result]):
    """Writes the answer of one write, once: within the transaction if its key is to be kept."""

    def __init__(
        self,
        caller: "Authenticated",
        show: Callable[[Result], BaseModel | None],
        status: int,
        version: Callable[[Result], int] | None,
        kept: Callable[[Result], BaseModel | None] | None = None,
        messages: Callable[[Result], Sequence[Message]] | None = None,
    ) -> None:
        self.by = caller.by
        self.once = caller.once(self.answer if kept is None else self._kept_answer)
        self._show = show
        self._kept = kept or show
        self._status = status
        self._version = version
        self._messages = messages
        self._written: Answer | None = None

    def answer(self, result: Result) -> Answer:
        """The answer; the same bytes each time."""
        if self._written is None:
            version = None if self._version is None else self._version(result)
            messages = () if self._messages is None else self._messages(result)
            self._written = answer(
                self._show(result), status=self._status, version=version, messages=messages
            )
        return self._written

    def _kept_answer(self, result: Result) -> Answer:
        return answer(self._kept(result), status=self._status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticated:
    """A request whose sender may make it.

    Attributes:
        by: for the history.
        now: when the request was let in.
        idempotency_key: as sent, or None.
        body: the raw body, empty for reads.
        seen: what If-Match says; not compared yet.
    """

    backend: Backend
    credential: Credential
    by: Actor
    now: datetime
    method: str
    path: str
    idempotency_key: str | None
    body: bytes
    seen: Precondition = ANY_VERSION

    async def write(
        self,
        verb: Verb[Result],
        show: Callable[[Result], BaseModel | None],
        *,
        status: int = 200,
        version: Callable[[Result], int] | None = None,
        kept: Callable[[Result], BaseModel | None] | None = None,
        messages: Callable[[Result], Sequence[Message]] | None = None,
    ) -> Answer:
        """Have the border carry out a verb, and answer; the same bytes each time with a key.

        Args:
            verb: what is done, as a function of a transaction.
            show: makes the result's wire form.
            status: of the answer.
            version: gives the version for its ETag.
            kept: makes what a repeated request is shown, where `show` shows a secret.
            messages: gives the remarks beside it.
        """

        def render(result: Result) -> Answer:
            return answer(
                show(result),
                status=status,
                version=None if version is None else version(result),
                messages=() if messages is None else messages(result),
            )

        def keep(result: Result) -> Answer:
            return render(result) if kept is None else answer(kept(result), status=status)

        request = WriteRequest(self.by, self.seen, self._key)
        return await self.backend.border.write(request, verb, render, keep=keep if kept else None)

    async def require_unanswered(self) -> None:
        """Look for the key's answer, before a write of several transactions; see the border."""
        await self.backend.border.require_unanswered(WriteRequest(self.by, self.seen, self._key))

    @property
    def _key(self) -> IdempotencyKey | None:
        return None if self.idempotency_key is None else self.once(_not_here)

    def pen(
        self,
        show: Callable[[Result], BaseModel | None],
        *,
        status: int = 200,
        version: Callable[[Result], int] | None = None,
        kept: Callable[[Result], BaseModel | None] | None = None,
        messages: Callable[[Result], Sequence[Message]] | None = None,
    ) -> Pen[Result]:
        """What a write needs to answer once.

        Args:
            show: makes the result's wire form.
            status: of the answer.
            version: gives the version for its ETag.
            kept: makes what a repeated request is shown, where `show` shows a secret.
            messages: gives the remarks beside it.
        """
        return Pen(self, show, status, version, kept, messages)

    def once(self, render: Callable[[Result], Answer]) -> IdempotencyKey | None:
        """The claim on the Idempotency-Key, if one was sent."""
        if self.idempotency_key is None:
            return None
        return IdempotencyKey(
            credential_id=self.credential.id,
            method=self.method,
            path=self.path,
            key=self.idempotency_key,
            body_sha256=sha256(self.body).digest(),
            render=render,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Authenticated):
    """A customer's request, for an account that is the caller's own."""

    account_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator(Authenticated):
    """An operator's request, for the whole service."""


def _not_here(_: object) -> NoReturn:
    raise RuntimeError("the border renders the answer")


def nothing(_: object) -> None:
    """What a deletion shows."""


def _only_an_operation_knows() -> NoReturn:
    # If FastAPI's own machinery ever served a route, it would fail here and answer no client.
    raise RuntimeError("a route below /client/v4 is not an Operation")


CustomerRequest: TypeAlias = Annotated[Customer, Depends(_only_an_operation_knows)]
OperatorRequest: TypeAlias = Annotated[Operator, Depends(_only_an_operation_knows)]
