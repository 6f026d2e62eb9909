"""The client of the API that commands use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import httpx
import typer

from byoip_cli.faults import CommandFailed, Status, Unusable, status_of
from byoip_cli.names import OPERATOR_TOKEN_VARIABLE, URL_VARIABLE

_SECONDS = 30
_PAGE = 200

Reason: TypeAlias = Annotated[str, typer.Option("--reason", help="Why; kept in the history.")]


@dataclass(frozen=True, slots=True)
class Service:
    """Where the API is, and whose token is used.

    Attributes:
        root: below it are the paths that are asked.
        variable: where the token is read.
        account: whose objects they are, where one was named.
    """

    url: str
    token: str
    root: str = "/client/v4/operator"
    variable: str = OPERATOR_TOKEN_VARIABLE
    account: str | None = None


def ask(
    ctx: typer.Context,
    method: str,
    path: str,
    body: Mapping[str, object] | None = None,
    query: Mapping[str, object] | None = None,
    seconds: float = _SECONDS,
) -> Any:
    """Make one call below the service's root and return the parsed answer.

    Raises:
        CommandFailed: anything but a success.
    """
    return parsed(ctx.obj, send(ctx.obj, method, path, body, query, seconds))


def parsed(service: Service, answer: httpx.Response) -> Any:
    """What a success says.

    Raises:
        CommandFailed: it is nothing that the service would answer.
    """
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "result" not in found:
        raise _no_answer_of_ours(service, answer)
    return found


def send(
    service: Service,
    method: str,
    path: str,
    body: Mapping[str, object] | None = None,
    query: Mapping[str, object] | None = None,
    seconds: float = _SECONDS,
) -> httpx.Response:
    """Make one call and return its answer, which is a success.

    Raises:
        CommandFailed: it is none, or there is none.
    """
    if not service.token:
        raise Unusable(f"{service.variable} is required; `byoip login` keeps one.")
    given = {name: _text(value) for name, value in (query or {}).items() if value is not None}
    try:
        answer = httpx.request(
            method,
            f"{service.url.rstrip('/')}{service.root}{path}",
            headers={"authorization": f"Bearer {service.token}"},
            params=given,
            json=body,
            timeout=seconds,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        told = str(fault) or type(fault).__name__
        where = f"{service.url} (see {URL_VARIABLE}): {told}"
        raise CommandFailed(where, Status.UNREACHABLE) from None
    if answer.is_success:
        return answer
    try:
        errors = answer.json()["errors"]
        told = "\n".join(_told(one) for one in errors)
    except (ValueError, LookupError, TypeError, RecursionError):
        raise _no_answer_of_ours(service, answer) from None
    raise CommandFailed(told, status_of(answer.status_code), errors)


def _no_answer_of_ours(service: Service, answer: httpx.Response) -> CommandFailed:
    told = f"{service.url} is not byoip: {answer.status_code}"
    return CommandFailed(told, Status.UNREACHABLE)


def act(ctx: typer.Context, path: str, reason: str, **members: object) -> Any:
    """Make one POST with a reason and return its result."""
    return ask(ctx, "POST", path, {**members, "reason": reason})["result"]


def pages(ctx: typer.Context, path: str, *, by: str = "cursor", **query: object) -> Iterator[Any]:
    """Yield every item of a list, page by page; behind a place in it, if `by` is given one."""
    place = query.get(by)
    while True:
        answer = ask(ctx, "GET", path, query={**query, "per_page": _PAGE, by: place})
        yield from answer["result"]
        place = answer["result_info"]["cursor"]
        if place is None:
            return


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _told(error: Mapping[str, Any]) -> str:
    pointer = (error.get("source") or {}).get("pointer")
    return f"{error['message']} ({error['name']}{f', {pointer}' if pointer else ''})"
