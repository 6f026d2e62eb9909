"""What the OpenAPI document says of each operation beyond its signature: refusals, examples."""

import inspect
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import groupby
from typing import Any

from starlette.responses import Response

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border import refusals
from byoip.api.border.declarations import Audience, Declaration
from byoip.api.border.envelope import ID_PATTERN, Failure, Wire
from byoip.api.border.files import file_document, form_document
from byoip.api.border.streams import NDJSON, stream_document
from byoip.api.document.areas import LICENCE, tags_of
from byoip.api.document.examples import model_examples, success_example
from byoip.api.problems.failures import failure_headers, failure_value
from byoip.api.problems.problems import PROBLEMS, SAMPLES
from byoip.domain.accounts import credential
from byoip.domain.customer_text import InvalidText
from byoip.domain.errors import Refusal
from byoip.domain.idempotency import IdempotencyKeyBusy, IdempotencyKeyReused
from byoip.domain.precondition import PreconditionFailed, PreconditionRequired

_EVERY: tuple[type[Refusal], ...] = (
    credential.NotAuthenticated,
    credential.TwoCredentials,
    credential.ScopeMissing,
    credential.AccountNotFound,
    refusals.MalformedId,
    refusals.QueryParameterUnknown,
    refusals.QueryParameterInvalid,
    refusals.RateLimited,
    refusals.InternalFault,
    refusals.DatabaseAway,
)
_EVERY_WRITE: tuple[type[Refusal], ...] = (
    refusals.MalformedIdempotencyKey,
    IdempotencyKeyReused,
    IdempotencyKeyBusy,
    refusals.MalformedJson,
    refusals.WrongMediaType,
    refusals.BodyTooLarge,
    refusals.FieldUnknown,
    refusals.FieldInvalid,
    PreconditionFailed,
)

SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of this account."},
    "email": {"type": "apiKey", "in": "header", "name": "X-Auth-Email", "description": "Ignored."},
    "key": {"type": "apiKey", "in": "header", "name": "X-Auth-Key", "description": "The token."},
}


def parameter(place: str, name: str, description: str, pattern: str | None) -> dict[str, Any]:
    """A text in the path, which is always required, or in a header, which never is."""
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": {"type": "string"} | ({"pattern": pattern} if pattern else {}),
    }


_ACCOUNT_ID = parameter("path", "account_id", "The token's own account.", ID_PATTERN)
_IDEMPOTENCY_KEY = parameter(
    "header",
    "Idempotency-Key",
    "Any unique text. Within 24 hours the same key and body get the same answer.",
    f"^[!-~]{{1,{refusals.KEY_LIMIT}}}$",
)
_BASED_ON_PREFIX = (
    "The ETag of the prefix, or of what hangs on it, which is the same: the write is done only if "
    "no customer has written to either since."
)
_JSON = "application/json"
_FAILURE = {"$ref": "#/components/schemas/Failure"}
_HEADERS = {
    "retry-after": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "x-should-retry": {"description": "`false`: final.", "schema": {"const": "false"}},
    "www-authenticate": {"schema": {"type": "string"}},
    "allow": {"schema": {"type": "string"}},
}
_LOCATION = {
    "location": {
        "description": "The path of what was begun.",
        "schema": {"type": "string"},
    },
    "retry-after": {
        "description": "Seconds after which it is worth reading.",
        "schema": {"type": "integer"},
    },
}
_TAG_OF_PREFIX = (
    "Moves with each write of a customer to the prefix or to what hangs on it (bindings, tokens, "
    "delegations, which have the prefix's own tag), never with a check."
)
_RATE_LIMIT = {
    "ratelimit-policy": {
        "description": "Limits by name: q requests in w seconds.",
        "schema": {"type": "string"},
    },
    "ratelimit": {
        "description": "By name: r requests are left for t seconds.",
        "schema": {"type": "string"},
    },
}


def _if_match(declaration: Declaration) -> dict[str, Any]:
    own = "The object's ETag: the write is done only if no operator has written to it since."
    based_on = _BASED_ON_PREFIX if declaration.of_prefix else own
    return parameter("header", "If-Match", based_on, None)


def _etag(declaration: Declaration) -> dict[str, Any]:
    own = declaration.audience is Audience.OPERATOR
    about = "Moves with each write of an operator." if own else _TAG_OF_PREFIX
    return {"etag": {"description": about, "schema": {"type": "string"}}}


def refusals_of(declaration: Declaration) -> Mapping[int, list[type[Refusal]]]:
    """Everything the operation may refuse, by status."""
    fields = declaration.body.model_fields.values() if declaration.body else ()
    writes = _EVERY_WRITE if declaration.method != "GET" else ()
    if declaration.uploads:
        writes = (
            *(kind for kind in writes if kind is not refusals.MalformedJson),
            refusals.MalformedForm,
        )
    reasoned = declaration.body is not None and issubclass(declaration.body, Reasoned)
    stated = (InvalidText,) if reasoned else ()
    based = (PreconditionRequired,) if declaration.of_prefix else ()
    missing = (refusals.FieldMissing,) if any(field.is_required() for field in fields) else ()
    kinds = dict.fromkeys((*_EVERY, *writes, *stated, *based, *missing, *declaration.refuses))
    ordered = sorted(kinds, key=lambda kind: (PROBLEMS[kind].status, PROBLEMS[kind].code))
    groups = groupby(ordered, key=lambda kind: PROBLEMS[kind].status)
    return {status: list(group) for status, group in groups}


def operation_document(declaration: Declaration) -> dict[str, Any]:
    """Arguments for FastAPI's route that only the document uses."""
    extra: dict[str, Any] = {
        "security": [{"token": []}, {"email": [], "key": []}],
        "x-required-scope": " ".join(declaration.scopes),
        "parameters": [
            *([_ACCOUNT_ID] if declaration.audience is Audience.ACCOUNT else []),
            *([_IDEMPOTENCY_KEY] if declaration.method != "GET" else []),
            *([_if_match(declaration)] if declaration.conditional else []),
        ],
    }
    if part := declaration.uploads:
        extra["requestBody"] = form_document(part)
    summary, _, description = inspect.cleandoc(declaration.endpoint.__doc__ or "").partition("\n")
    failures = refusals_of(declaration)
    responses = {status: failure_document(status, kinds) for status, kinds in failures.items()}
    answer: dict[str, Any] = {"response_model": declaration.answer}
    if isinstance(declaration.answer, str):
        # Of FastAPI's own response classes each would add its own media type.
        answer = {"response_model": None, "response_class": Response}
        streams = declaration.answer == NDJSON and not declaration.large
        document = stream_document() if streams else file_document(declaration.answer)
        responses[declaration.status] = document
    return {
        "operation_id": declaration.name,
        "deprecated": declaration.deprecated or None,
        "summary": summary.removesuffix("."),
        "description": description.strip(),
        "tags": [declaration.tag],
        "response_description": HTTPStatus(declaration.status).phrase,
        "status_code": declaration.status,
        "responses": responses,
        "openapi_extra": extra,
        **answer,
    }


def failure_document(status: int, kinds: list[type[Refusal]]) -> dict[str, Any]:
    """An answer of this status; `complete` adds the examples."""
    headers = {name for kind in kinds for name in failure_headers(SAMPLES[kind])}
    names = ", ".join(kind.name for kind in kinds)
    return {
        "description": f"{HTTPStatus(status).phrase}: {names}",
        "headers": {name: _HEADERS[name] for name in sorted(headers)},
        "content": {_JSON: {"schema": _FAILURE}},
    }


def complete(
    document: dict[str, Any], declarations: Iterable[Declaration], public_url: str
) -> None:
    """Add what all operations share, and the examples, whose nulls FastAPI would drop."""
    document["info"]["license"] = dict(LICENCE)
    document["tags"] = tags_of(document["paths"])
    failure = Failure.model_json_schema(ref_template="#/components/schemas/{model}")
    components = document["components"]
    components["securitySchemes"] = SECURITY_SCHEMES
    shared: dict[str, Any] = components.setdefault("examples", {})  # the same for all operations
    schemas = components["schemas"]
    schemas |= {**failure.pop("$defs"), "Failure": failure}
    for model in Wire.__subclasses__():
        if model.__name__ in schemas and (examples := model_examples(model)):
            schemas[model.__name__]["examples"] = examples
    for declaration in declarations:
        operation = document["paths"][declaration.full_path][declaration.method.lower()]
        success = operation["responses"][str(declaration.status)]
        if not isinstance(declaration.answer, str):
            success["content"][_JSON]["example"] = success_example(declaration.answer)
        success["headers"] = _RATE_LIMIT | (_etag(declaration) if declaration.tagged else {})
        success["headers"] |= _LOCATION if declaration.located else {}
        for status, kinds in refusals_of(declaration).items():
            content = operation["responses"][str(status)]["content"][_JSON]
            for kind in kinds:
                shared[kind.name] = {"value": failure_value([SAMPLES[kind]], public_url)}
            content["examples"] = example_references(kinds)


def example_references(kinds: Iterable[type[Refusal]]) -> dict[str, Any]:
    """References to the examples of these refusals, which all operations share."""
    return {kind.name: {"$ref": f"#/components/examples/{kind.name}"} for kind in kinds}
