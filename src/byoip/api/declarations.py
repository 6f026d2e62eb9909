"""How a module of routes declares its operations: path, scope, answer, refusals."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias, get_type_hints

from pydantic import BaseModel

from byoip.api.answers import Answer
from byoip.domain.credential import Scope
from byoip.domain.errors import Refusal

ROOT = "/client/v4/accounts/{account_id}/addressing"

Endpoint: TypeAlias = Callable[..., Awaitable[Answer]]


class Decorator(Protocol):
    """Notes an endpoint and gives it back."""

    def __call__(self, endpoint: Endpoint, /) -> Endpoint:
        """Note it."""
        ...


@dataclass(frozen=True, slots=True)
class Declaration:
    """One operation.

    Attributes:
        path: below the account's addressing path.
        endpoint: its name is the operationId; the first line of its docstring the summary.
        body: the model of the request's body, if it has one.
        answer: the model of the success, for the document.
        refuses: what it may refuse besides what every operation may.
    """

    method: str
    path: str
    endpoint: Endpoint
    scope: Scope
    answer: type[BaseModel]
    status: int
    refuses: tuple[type[Refusal], ...]
    tag: str
    body: type[BaseModel] | None

    @property
    def name(self) -> str:
        """Stable, verb_noun."""
        return self.endpoint.__name__


class Declarations:
    """The operations of one module."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._all: list[Declaration] = []

    def operation(
        self,
        method_and_path: str,
        scope: Scope,
        *,
        answer: type[BaseModel],
        status: int = 200,
        refuses: tuple[type[Refusal], ...] = (),
    ) -> Decorator:
        """Declare one, as in `GET /prefixes`. There is no default scope."""
        method, _, path = method_and_path.partition(" ")

        def note(endpoint: Endpoint, /) -> Endpoint:
            body = get_type_hints(endpoint).get("body")
            made = Declaration(
                method, path, endpoint, scope, answer, status, refuses, self._tag, body
            )
            self._all.append(made)
            return endpoint

        return note

    def __iter__(self) -> Iterator[Declaration]:
        return iter(self._all)
