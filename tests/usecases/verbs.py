"""Verbs as a front calls them: through the border, each in a transaction of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from byoip.domain.history import Actor
from byoip.domain.precondition import ANY_VERSION, Precondition
from byoip.store.transaction import Store
from byoip.usecases.border import Border, WriteRequest

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Verb(Generic[Result]):
    """One verb: called with its arguments, and `by`."""

    store: Store
    verb: Callable[..., Awaitable[Result]]

    async def __call__(
        self, *args: Any, by: Actor, if_match: Precondition = ANY_VERSION, **asked: Any
    ) -> Result:
        request = WriteRequest(by, if_match)
        return await Border(self.store).write(
            request, lambda tx: self.verb(tx, *args, **asked), lambda result: result
        )
