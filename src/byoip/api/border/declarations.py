"""How a module of routes declares its operations: path, scope, answer, refusals."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias, get_type_hints

from pydantic import BaseModel

from byoip.api.border.answers import Answer
from byoip.api.border.envelope import shows_secret
from byoip.domain.accounts.credential import Scope
from byoip.domain.errors import Refusal

ROOT = "/client/v4/accounts/{account_id}/addressing"


class Audience(StrEnum):
    """Who may call an operation; the value is the root of its path.

    A customer's credential is good for its own account only, an operator's for no account. What
    only a token is needed for takes both, with any scope, and shows each what is its own.
    """

    ACCOUNT = ROOT
    OPERATOR = "/client/v4/operator"
    EITHER = "/client/v4"


Endpoint: TypeAlias = Callable[..., Awaitable[Answer]]


class Decorator(Protocol):
    """Takes an endpoint into the declarations, and gives it back."""

    def __call__(self, endpoint: Endpoint, /) -> Endpoint:
        """Take it in."""
        ...


@dataclass(frozen=True, slots=True)
class Declaration:
    """One operation.

    Attributes:
        path: below the root of its audience.
        endpoint: its name is the operationId; the first line of its docstring the summary.
        body: the model of the request's body, if it has one.
        tagged: its success carries an ETag.
        answer: the model of the success, for the document; or the media type of a file.
        uploads: name of the form's part, where the body is a form with a file.
        refuses: what it may refuse beyond what every operation of its kind may (see
            `refusals_of`).
        also: further scopes that are needed.
    """

    method: str
    path: str
    endpoint: Endpoint
    scope: Scope | None
    answer: type[BaseModel] | str
    status: int
    refuses: tuple[type[Refusal], ...]
    tag: str
    body: type[BaseModel] | None
    audience: Audience = Audience.ACCOUNT
    tagged: bool = False
    uploads: str | None = None
    also: tuple[Scope, ...] = ()

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """All scopes that a credential must have."""
        return self.also if self.scope is None else (self.scope, *self.also)

    @property
    def full_path(self) -> str:
        """From the root of the server."""
        return self.audience.value + self.path

    @property
    def conditional(self) -> bool:
        """Whether If-Match holds: against the prefix, or against the operator's object itself."""
        return self.of_prefix or (self.audience is Audience.OPERATOR and self.method == "PATCH")

    @property
    def of_prefix(self) -> bool:
        """Whether it writes to a prefix or what hangs on it."""
        below = self.audience is Audience.ACCOUNT and self.path.startswith("/prefixes/{prefix_id}")
        return below and self.method != "GET"

    @property
    def open(self) -> bool:
        """Whether its success shows nothing secret: it reads, and no tokens."""
        return self.method == "GET" and not shows_secret(self.answer)

    @property
    def located(self) -> bool:
        """Whether its success says where to read what it has begun, and when."""
        return self.full_path == f"{Audience.ACCOUNT.value}/prefixes/{{prefix_id}}/validate"

    @property
    def beside(self) -> bool:
        """Whether its prefix is read in the statement that recognises the credential."""
        return (
            self.full_path == f"{Audience.ACCOUNT.value}/prefixes/{{prefix_id}}"
            and not self.of_prefix
        )

    @property
    def large(self) -> bool:
        """Whether it may have megabytes: a list, a document, evidence, all that is bound."""
        alone = self.path.endswith(("/download", "/{validation_id}", "/edge/state"))
        return alone or "per_page" in get_type_hints(self.endpoint)

    @property
    def deprecated(self) -> bool:
        """Whether it is kept for old clients only: then its docstring says so, and what to use."""
        return "Deprecated: " in (self.endpoint.__doc__ or "")

    @property
    def name(self) -> str:
        """Stable, verb_noun."""
        return self.endpoint.__name__


class Declarations:
    """The operations of one module."""

    def __init__(self, tag: str, audience: Audience = Audience.ACCOUNT) -> None:
        self._tag = tag
        self._audience = audience
        self._all: list[Declaration] = []

    def operation(
        self,
        method_and_path: str,
        scope: Scope | None,
        *,
        answer: type[BaseModel] | str,
        status: int = 200,
        refuses: tuple[type[Refusal], ...] = (),
        tagged: bool = False,
        uploads: str | None = None,
        also: tuple[Scope, ...] = (),
    ) -> Decorator:
        """Declare one, as in `GET /prefixes`. There is no default scope; None: any will do."""
        method, _, path = method_and_path.partition(" ")

        def note(endpoint: Endpoint, /) -> Endpoint:
            body = get_type_hints(endpoint).get("body")
            made = Declaration(
                method=method,
                path=path,
                endpoint=endpoint,
                scope=scope,
                answer=answer,
                status=status,
                refuses=refuses,
                tag=self._tag,
                body=body,
                audience=self._audience,
                tagged=tagged,
                uploads=uploads,
                also=also,
            )
            self._all.append(made)
            return endpoint

        return note

    def __iter__(self) -> Iterator[Declaration]:
        return iter(self._all)
