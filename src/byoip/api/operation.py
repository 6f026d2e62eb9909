"""The one way in below /client/v4. A route declares its scope, or it does not exist.

FastAPI reads an operation's signature for the document; requests are served here, in the order
that the contract demands: who asks, which account, what right, which query, which body.
"""

import re
from collections.abc import Mapping
from typing import get_type_hints
from uuid import UUID

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from byoip.api.answers import Answer, JsonBytes
from byoip.api.authentication import authenticate
from byoip.api.bodies import demand_json, parse_body, read_body
from byoip.api.caller import Caller
from byoip.api.declarations import ROOT, Declaration
from byoip.api.dependencies import Backend
from byoip.api.documentation import operation_document
from byoip.api.queries import QueryParameters
from byoip.api.refusals import KEY_LIMIT, MalformedId, MalformedIdempotencyKey
from byoip.api.schemas.envelope import Strict, read_id
from byoip.domain.credential import AccountNotFound, Credential
from byoip.ports.once import AnsweredBefore

_APART = ("caller", "body", "return")
_KEY = re.compile(rb"[\x21-\x7e]{1,%d}" % KEY_LIMIT)


class NoMembers(Strict):
    """The body of a write that needs none: absent, or an empty object."""


class Operation(APIRoute):
    """A route that knows who asks before it does anything else."""

    def __init__(self, declaration: Declaration, backend: Backend) -> None:
        hints = get_type_hints(declaration.endpoint, include_extras=True)
        super().__init__(
            ROOT + declaration.path,
            declaration.endpoint,
            methods=[declaration.method],
            **operation_document(declaration),
        )
        self.declaration = declaration
        self._backend = backend
        self._ids = tuple(name for name in self.param_convertors if name in hints)
        self._query = QueryParameters(
            {name: hint for name, hint in hints.items() if name not in {*_APART, *self._ids}}
        )
        self._takes_body = declaration.body is not None
        self._body_model = declaration.body or NoMembers
        self._writes = declaration.method != "GET"
        self.app = self._serve  # past FastAPI's own handling, which reads bodies of strangers

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            given = await self._answer(request)
        except AnsweredBefore as before:
            given = before.answer
        await JsonBytes(given.body, given.status)(scope, receive, send)

    async def _answer(self, request: Request) -> Answer:
        scope = request.scope
        credential = await authenticate(scope["headers"], self._backend.accounts)
        scope["state"]["credential"] = credential.id.hex
        account_id, *ids = self._read_ids(request.path_params)
        self._admit(credential, account_id)
        arguments = self._query.read(scope["query_string"])
        arguments |= zip(self._ids, ids, strict=True)
        raw, key = b"", None
        if self._writes:
            key = _idempotency_key(scope["headers"])
            raw = await read_body(request)
            body = self._read_body(request, raw)
            if self._takes_body:
                arguments["body"] = body
        caller = Caller(
            backend=self._backend,
            account_id=account_id,
            credential=credential,
            request_id=scope["state"]["request_id"],
            method=request.method,
            path=scope["path"],
            idempotency_key=key,
            body=raw,
        )
        return await self.declaration.endpoint(caller, **arguments)

    def _admit(self, credential: Credential, account_id: UUID) -> None:
        # Another's account is not there at all; an operator's credential has no account.
        if credential.account_id != account_id:
            raise AccountNotFound
        credential.demand(self.declaration.scope)

    def _read_ids(self, path_params: Mapping[str, str]) -> list[UUID]:
        return [_path_id(name, path_params[name]) for name in ("account_id", *self._ids)]

    def _read_body(self, request: Request, raw: bytes) -> BaseModel:
        if not raw and not self._takes_body:
            return NoMembers()
        demand_json(request)
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
