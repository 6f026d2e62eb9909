"""The only way in below /client/v4: every route is a declared operation with a scope.

FastAPI reads an operation's signature for the document; requests are served here, in the order
that the contract demands: credential, rate limit, account, scope, query, body.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from copy import copy
from hashlib import sha256
from time import monotonic
from typing import Any, Self, get_args, get_type_hints
from uuid import UUID

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from byoip.api.border.answers import NO_VERSION, Answer, expected, idempotency_key, send_json
from byoip.api.border.backend import Backend
from byoip.api.border.bodies import parse_body, read_body, require_json
from byoip.api.border.caller import Customer, Operator
from byoip.api.border.declarations import Audience, Declaration
from byoip.api.border.envelope import Strict, read_id
from byoip.api.border.files import FileAnswer, file_response
from byoip.api.border.large_answers import PART
from byoip.api.border.queries import QueryParameters
from byoip.api.border.streams import StreamAnswer, stream_response
from byoip.api.border.uploads import reading_upload
from byoip.api.border.waiting import unless_gone
from byoip.api.document.documentation import operation_document
from byoip.api.path_ids import path_id
from byoip.domain.accounts.credential import (
    AccountNotFound,
    Credential,
    NotAuthenticated,
    Scope,
    ScopeMissing,
    TwoCredentials,
)
from byoip.domain.accounts.let_in import LetIn
from byoip.domain.foreign_text import storable
from byoip.domain.history import Actor
from byoip.domain.idempotency import AlreadyAnswered, IdempotencyKey
from byoip.domain.precondition import ANY_VERSION, Precondition, PreconditionRequired
from byoip.store.accounts.credentials import token_hash
from byoip.store.sharing import work_for, working_for
from byoip.usecases.border import WriteRequest

_APART = ("caller", "body", "upload", "return")
# RFC 6750, section 2.1, bounded.
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9\-._~+/]{1,512}=*)")
_KEY = re.compile(rb"([A-Za-z0-9\-._~+/]{1,512}=*)")
_CREDENTIAL_HEADERS = (b"authorization", b"x-auth-key", b"x-auth-email")
_TRUSTED_SECONDS = 1.0  # that a token which was recognised may be revoked for, and counts


class NoMembers(Strict):
    """The body of a write that needs none: absent, or an empty object."""


class Operation(APIRoute):
    """A route that authenticates the client before it does anything else."""

    backend: Backend

    def __init__(self, declaration: Declaration) -> None:
        hints = get_type_hints(declaration.endpoint, include_extras=True)
        super().__init__(
            declaration.full_path,
            declaration.endpoint,
            methods=[declaration.method],
            **operation_document(declaration),
        )
        self.declaration = declaration
        self._audience = declaration.audience
        self._scopes = declaration.scopes
        self._conditional = declaration.conditional
        self._of_prefix = declaration.of_prefix
        self._ids = tuple(name for name in self.param_convertors if name in hints)
        self._texts = frozenset(name for name in self._ids if get_args(hints[name])[0] is str)
        self._query = QueryParameters(
            {name: hint for name, hint in hints.items() if name not in {*_APART, *self._ids}}
        )
        self._large, self._beside = declaration.large, declaration.beside
        self._takes_body = declaration.body is not None
        self._body_model = declaration.body or NoMembers
        self._writes, self._open = declaration.method != "GET", declaration.open

    def on(self, backend: Backend) -> Self:
        """The same route, served by this backend."""
        bound = copy(self)
        bound.backend = backend
        bound.app = bound.serve  # past FastAPI's own, which reads bodies before it authenticates
        return bound

    async def serve(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive, send)
        async with AsyncExitStack() as held:
            try:
                given = await self._answer(request, held)
            except AlreadyAnswered as before:
                given = before.answer
            await self._send(given, scope, receive, send)

    async def _send(self, given: Answer, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if isinstance(given, FileAnswer):
            await file_response(given)(scope, receive, send)
        elif isinstance(given, StreamAnswer):
            await stream_response(given)(scope, receive, send)
        else:
            await send_json(given, scope, send, open_=self._open)

    async def _answer(self, request: Request, held: AsyncExitStack) -> Answer:
        scope = request.scope
        digest, since = token_hash(given_token(scope["headers"])), monotonic()
        credential, beside = await self._recognise(digest, request)
        whose = credential.account_id or credential.id  # an edge has a token of its own
        work_for(whose)
        scope["state"]["credential"] = credential.id.hex
        await self.backend.limiter.admit(credential, scope["state"])
        account_id, ids = self._read_ids(request.path_params, credential)
        self._admit(credential, account_id)
        arguments: dict[str, Any] = {**ids}
        if query := scope["query_string"]:
            arguments |= self._query.read(query)
        asked = scope["state"]["request_id"], LetIn.by_token(credential, self._scopes)
        if account_id is None:
            actor = Actor(f"operator:{credential.id.hex}", *asked)
        else:
            actor = Actor(f"credential:{credential.id.hex}", *asked)
        write = WriteRequest(actor)
        if self._writes:
            write, taken = await self._read_write(request, credential, actor, held)
            arguments |= taken
            await self._require_standing(credential, since)
        of: dict[str, Any] = {
            "backend": self.backend,
            "declaration": self.declaration,
            "credential": credential,
            "now": self.backend.clock.now(),
            "request": write,
            "beside": beside,
        }
        caller = Operator(**of) if account_id is None else Customer(**of, account_id=account_id)
        if self._large and not arguments.get("wait"):
            held.enter_context(self.backend.large.one_more(whose))
            async with self.backend.large.turn(whose), caller.turn():
                given = await self.declaration.endpoint(caller, **arguments)
            held.enter_context(self.backend.large.holding(whose, len(given.body)))
            return given
        if not self._writes and not arguments.get("wait"):
            async with caller.turn():
                given = await self.declaration.endpoint(caller, **arguments)
            if isinstance(given, StreamAnswer):
                held.enter_context(self.backend.turns.listen(whose))
            return given
        if arguments.get("wait"):
            held.enter_context(self.backend.turns.listen(whose))
        work = self.declaration.endpoint(caller, **arguments)
        if not arguments.get("wait"):
            return await work
        given = await unless_gone(request.receive, work)  # the client may leave before it is there
        await self._require_standing(credential, since)
        if len(given.body) > PART:
            held.enter_context(self.backend.large.one_more(whose))
            held.enter_context(self.backend.large.holding(whose, len(given.body)))
        return given

    async def _recognise(self, digest: bytes, request: Request) -> tuple[Credential, Any]:
        """Whose token it is, and what is read beside it, of which nothing is judged yet.

        Who was here before does not wait for strangers.
        """
        if seen := self.backend.credentials.seen(digest):
            with working_for(seen[0]):
                known = await self._known(digest, request.path_params, seen)
        else:
            async with self.backend.client_turns.turn(request.scope):
                known = await self._known(digest, request.path_params)
        if known is None:
            raise NotAuthenticated
        return known

    async def _known(
        self, digest: bytes, params: Mapping[str, str], seen: Sequence[UUID] = ()
    ) -> tuple[Credential, Any] | None:
        credentials = self.backend.credentials
        beside = self._beside and not self.backend.limiter.spent(seen)  # else refused at once
        claim_id = None
        with suppress(ValueError):  # refused when its turn comes
            claim_id = read_id(params["prefix_id"]) if beside else None
        if claim_id is not None:
            return await credentials.recognise_with(digest, self.backend.reader.beside(claim_id))
        known = await credentials.recognise_with(digest)
        return known and (known[0], None)

    async def _require_standing(self, credential: Credential, since: float) -> None:
        """Look again, where a body or news came so late that the token may have ended since."""
        if monotonic() - since < _TRUSTED_SECONDS:
            return
        if not await self.backend.credentials.stands(credential.id):
            raise NotAuthenticated

    async def _read_write(
        self, request: Request, credential: Credential, actor: Actor, held: AsyncExitStack
    ) -> tuple[WriteRequest, dict[str, Any]]:
        """On what terms a write is asked for, and what the endpoint is given of its body."""
        scope = request.scope
        text = idempotency_key(scope["headers"])
        precondition = self._expected(scope["headers"])
        raw, taken = await self._take(request, credential.account_id, held)
        key = None
        if text is not None:
            digest = sha256(raw).digest()
            key = IdempotencyKey(credential.id, request.method, scope["path"], text, digest)
        return WriteRequest(actor, precondition, key), taken

    def _admit(self, credential: Credential, account_id: UUID | None) -> None:
        # To a customer another account does not exist. An operator's credential has no account; a
        # customer's has one, which closes the operator's side to it, whatever its scopes.
        if credential.account_id != account_id:
            raise ScopeMissing(Scope.OPERATOR) if account_id is None else AccountNotFound
        for scope in self._scopes:
            credential.require(scope)

    def _expected(self, headers: Iterable[tuple[bytes, bytes]]) -> Precondition:
        given = expected(headers)
        if given is None:
            if self._of_prefix and self.backend.require_if_match:
                raise PreconditionRequired
            return ANY_VERSION
        if not self._conditional:
            given.require(NO_VERSION)  # the object has no tag that could match
        return given

    def _read_ids(
        self, params: Mapping[str, str], credential: Credential
    ) -> tuple[UUID | None, dict[str, UUID | str]]:
        """The account that the request is for, and the ids that the endpoint is given."""
        account_id = credential.account_id if self._audience is Audience.EITHER else None
        if self._audience is Audience.ACCOUNT:
            account_id = path_id("account_id", params["account_id"])
        return account_id, {
            name: storable(params[name]) if name in self._texts else path_id(name, params[name])
            for name in self._ids
        }

    async def _take(
        self, request: Request, account_id: UUID | None, held: AsyncExitStack
    ) -> tuple[bytes, dict[str, Any]]:
        """The bytes that a repeated key is compared with, and the endpoint's arguments.

        `held` is what the request keeps until it is answered.
        """
        if part := self.declaration.uploads:
            uploads = self.backend.uploads
            held.enter_context(uploads.one_more(account_id))
            reading = reading_upload(request, part, uploads.whole)
            upload = await held.enter_async_context(reading)
            return upload.fingerprint, {"upload": upload}
        raw = await read_body(request)
        body = self._read_body(request, raw)
        return raw, {"body": body} if self._takes_body else {}

    def _read_body(self, request: Request, raw: bytes) -> BaseModel:
        if not raw and not self._takes_body:
            return NoMembers()
        require_json(request)
        return parse_body(self._body_model, raw)


def given_token(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token in the request's headers; names are lowercase, as ASGI has them.

    Either `Authorization: Bearer`, or the older pair `X-Auth-Email` and `X-Auth-Key`, where the
    key is a token and the e-mail address is ignored.

    Raises:
        TwoCredentials: both ways at once, or one of them twice.
        NotAuthenticated: none, or not in the right form.
    """
    given = [(name, value) for name, value in headers if name in _CREDENTIAL_HEADERS]
    names = [name for name, _ in given]
    if len(set(names)) < len(names) or (b"authorization" in names and len(names) > 1):
        raise TwoCredentials
    for name, value in given:
        if name == b"authorization":
            match = _BEARER.fullmatch(value.strip())
        elif name == b"x-auth-key":
            match = _KEY.fullmatch(value.strip())
        else:
            continue
        if match:
            return match[1].decode("ascii")
    raise NotAuthenticated
