"""The one way in below /client/v4. A route declares its scope, or it does not exist.

FastAPI reads an operation's signature for the document; requests are served here, in the order
that the contract demands: who asks, which account, what right, which query, which body.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_type_hints
from uuid import UUID

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from byoip.api.border.answers import Answer, JsonBytes
from byoip.api.border.authentication import authenticate
from byoip.api.border.backend import Backend
from byoip.api.border.bodies import parse_body, read_body, require_json
from byoip.api.border.caller import Customer, Operator
from byoip.api.border.conditional import NO_VERSION, etag, expected
from byoip.api.border.declarations import Audience, Declaration
from byoip.api.border.envelope import Strict, read_id
from byoip.api.border.files import FileAnswer, file_response
from byoip.api.border.queries import QueryParameters
from byoip.api.border.streams import StreamAnswer, stream_response
from byoip.api.border.uploads import read_upload
from byoip.api.border.waiting import unless_gone
from byoip.api.document.documentation import operation_document
from byoip.api.problems.refusals import KEY_LIMIT, MalformedId, MalformedIdempotencyKey
from byoip.domain.accounts.credential import AccountNotFound, Credential, Scope, ScopeMissing
from byoip.domain.idempotency import AlreadyAnswered
from byoip.domain.precondition import ANY_VERSION, Precondition, PreconditionRequired

_APART = ("caller", "body", "upload", "return")
_KEY = re.compile(rb"[\x21-\x7e]{1,%d}" % KEY_LIMIT)


class NoMembers(Strict):
    """The body of a write that needs none: absent, or an empty object."""


class Operation(APIRoute):
    """A route that knows who asks before it does anything else."""

    def __init__(self, declaration: Declaration, backend: Backend) -> None:
        hints = get_type_hints(declaration.endpoint, include_extras=True)
        super().__init__(
            declaration.full_path,
            declaration.endpoint,
            methods=[declaration.method],
            **operation_document(declaration),
        )
        self.declaration = declaration
        self._backend = backend
        self._ids = tuple(name for name in self.param_convertors if name in hints)
        self._texts = frozenset(name for name in self._ids if get_args(hints[name])[0] is str)
        self._query = QueryParameters(
            {name: hint for name, hint in hints.items() if name not in {*_APART, *self._ids}}
        )
        self._takes_body = declaration.body is not None
        self._body_model = declaration.body or NoMembers
        self._writes = declaration.method != "GET"
        self.app = self._serve  # past FastAPI's own handling, which reads bodies of strangers

    async def _serve(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            given = await self._answer(request)
        except AlreadyAnswered as before:
            given = before.answer
        headers = None if given.version is None else {"etag": etag(given.version)}
        if isinstance(given, FileAnswer):
            await file_response(given)(scope, receive, send)
        elif isinstance(given, StreamAnswer):
            await stream_response(given)(scope, receive, send)
        else:
            await JsonBytes(given.body, given.status, headers)(scope, receive, send)

    async def _answer(self, request: Request) -> Answer:
        scope = request.scope
        credential = await authenticate(scope["headers"], self._backend.credentials)
        scope["state"]["credential"] = credential.id.hex
        await self._backend.limiter.admit(credential, scope["state"])
        account_id, ids = self._read_ids(request.path_params)
        self._admit(credential, account_id)
        arguments = self._query.read(scope["query_string"]) | ids
        raw, key, seen = b"", None, ANY_VERSION
        if self._writes:
            key = _idempotency_key(scope["headers"])
            seen = self._expected(scope["headers"])
            raw, taken = await self._take(request)
            arguments |= taken
        known: dict[str, Any] = {
            "backend": self._backend,
            "credential": credential,
            "request_id": scope["state"]["request_id"],
            "method": request.method,
            "path": scope["path"],
            "idempotency_key": key,
            "seen": seen,
            "body": raw,
        }
        asking = (
            Operator(**known) if account_id is None else Customer(**known, account_id=account_id)
        )
        work = self.declaration.endpoint(asking, **arguments)
        if arguments.get("wait"):  # seconds that nobody may be there to see the end of
            return await unless_gone(request.receive, work)
        return await work

    def _admit(self, credential: Credential, account_id: UUID | None) -> None:
        # Another's account is not there at all; an operator's credential has no account, and
        # whatever scopes a customer's has, the operator's side is closed to it.
        if credential.account_id != account_id:
            raise ScopeMissing(Scope.OPERATOR) if account_id is None else AccountNotFound
        for scope in self.declaration.scopes:
            credential.require(scope)

    def _expected(self, headers: Iterable[tuple[bytes, bytes]]) -> Precondition:
        given = expected(headers)
        if given is None:
            if self.declaration.of_prefix and self._backend.require_if_match:
                raise PreconditionRequired
            return ANY_VERSION
        if not self.declaration.conditional:
            given.require(NO_VERSION)  # there is no tag that it could be
        return given

    def _read_ids(self, params: Mapping[str, str]) -> tuple[UUID | None, dict[str, UUID | str]]:
        of_account = self.declaration.audience is Audience.ACCOUNT
        account_id = _path_id("account_id", params["account_id"]) if of_account else None
        return account_id, {
            name: params[name] if name in self._texts else _path_id(name, params[name])
            for name in self._ids
        }

    async def _take(self, request: Request) -> tuple[bytes, dict[str, Any]]:
        """What a repeated key is compared with, and what the endpoint is given of the body."""
        if part := self.declaration.uploads:
            upload = await read_upload(request, part)
            return upload.fingerprint, {"upload": upload}
        raw = await read_body(request)
        body = self._read_body(request, raw)
        return raw, {"body": body} if self._takes_body else {}

    def _read_body(self, request: Request, raw: bytes) -> BaseModel:
        if not raw and not self._takes_body:
            return NoMembers()
        require_json(request)
        return parse_body(self._body_model, raw)


def _path_id(name: str, text: str) -> UUID:
    try:
        return read_id(text)
    except ValueError:
        raise MalformedId(name) from None


def _idempotency_key(headers: list[tuple[bytes, bytes]]) -> str | None:
    keys = [value for name, value in headers if name == b"idempotency-key"]
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise MalformedIdempotencyKey
    return keys[0].decode("ascii")
