"""What the OpenAPI document says of each operation, beyond its signature."""

import inspect
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import groupby
from typing import Any

from byoip.api.declarations import ROOT, Declaration
from byoip.api.examples import model_examples, success_example
from byoip.api.problems import PROBLEMS, failure_headers, failure_value
from byoip.api.refusal_samples import SAMPLES
from byoip.api.refusals import (
    KEY_LIMIT,
    BodyTooLarge,
    DatabaseAway,
    FieldInvalid,
    FieldMissing,
    FieldUnknown,
    InternalFault,
    MalformedId,
    MalformedIdempotencyKey,
    MalformedJson,
    QueryParameterInvalid,
    QueryParameterUnknown,
    WrongMediaType,
)
from byoip.api.schemas.envelope import ID_PATTERN, Failure, Wire
from byoip.domain.credential import AccountNotFound, NotAuthenticated, ScopeMissing, TwoCredentials
from byoip.domain.errors import Refusal
from byoip.ports.once import IdempotencyKeyBusy, IdempotencyKeyReused

_EVERY: tuple[type[Refusal], ...] = (
    NotAuthenticated,
    TwoCredentials,
    ScopeMissing,
    AccountNotFound,
    MalformedId,
    QueryParameterUnknown,
    QueryParameterInvalid,
    InternalFault,
    DatabaseAway,
)
_EVERY_WRITE: tuple[type[Refusal], ...] = (
    MalformedIdempotencyKey,
    IdempotencyKeyReused,
    IdempotencyKeyBusy,
    MalformedJson,
    WrongMediaType,
    BodyTooLarge,
    FieldUnknown,
    FieldInvalid,
)

SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of this account."},
    "email": {"type": "apiKey", "in": "header", "name": "X-Auth-Email", "description": "Ignored."},
    "key": {"type": "apiKey", "in": "header", "name": "X-Auth-Key", "description": "The token."},
}

_ACCOUNT_ID = {
    "name": "account_id",
    "in": "path",
    "required": True,
    "description": "The token's own account.",
    "schema": {"type": "string", "pattern": ID_PATTERN},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any unique text. Within 24 hours the same key and body get the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LIMIT},
}
_JSON = "application/json"
_FAILURE = {"$ref": "#/components/schemas/Failure"}
_HEADERS = {
    "retry-after": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "x-should-retry": {"description": "`false`: final.", "schema": {"const": "false"}},
    "www-authenticate": {"schema": {"type": "string"}},
    "allow": {"schema": {"type": "string"}},
}


def refusals_of(declaration: Declaration) -> Mapping[int, list[type[Refusal]]]:
    """Everything the operation may refuse, by status."""
    fields = declaration.body.model_fields.values() if declaration.body else ()
    writes = _EVERY_WRITE if declaration.method != "GET" else ()
    missing = (FieldMissing,) if any(field.is_required() for field in fields) else ()
    kinds = dict.fromkeys((*_EVERY, *writes, *missing, *declaration.refuses))
    ordered = sorted(kinds, key=lambda kind: (PROBLEMS[kind].status, PROBLEMS[kind].code))
    groups = groupby(ordered, key=lambda kind: PROBLEMS[kind].status)
    return {status: list(group) for status, group in groups}


def operation_document(declaration: Declaration) -> dict[str, Any]:
    """Arguments for FastAPI's route that only the document uses."""
    extra: dict[str, Any] = {
        "security": [{"token": []}, {"email": [], "key": []}],
        "x-required-scope": declaration.scope.value,
        "parameters": [_ACCOUNT_ID, *([_IDEMPOTENCY_KEY] if declaration.method != "GET" else [])],
    }
    summary, _, description = inspect.cleandoc(declaration.endpoint.__doc__ or "").partition("\n")
    failures = refusals_of(declaration)
    return {
        "operation_id": declaration.name,
        "summary": summary.removesuffix("."),
        "description": description.strip(),
        "tags": [declaration.tag],
        "response_model": declaration.answer,
        "response_description": HTTPStatus(declaration.status).phrase,
        "status_code": declaration.status,
        "responses": {status: _failure(status, kinds) for status, kinds in failures.items()},
        "openapi_extra": extra,
    }


def _failure(status: int, kinds: list[type[Refusal]]) -> dict[str, Any]:
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
    """Add what all operations share, and examples: FastAPI would drop their nulls."""
    failure = Failure.model_json_schema(ref_template="#/components/schemas/{model}")
    components = document["components"]
    components["securitySchemes"] = SECURITY_SCHEMES
    schemas = components["schemas"]
    schemas |= {**failure.pop("$defs"), "Failure": failure}
    for model in Wire.__subclasses__():
        if model.__name__ in schemas and (examples := model_examples(model)):
            schemas[model.__name__]["examples"] = examples
    for declaration in declarations:
        operation = document["paths"][ROOT + declaration.path][declaration.method.lower()]
        success = operation["responses"][str(declaration.status)]
        success["content"][_JSON]["example"] = success_example(declaration.answer)
        for status, kinds in refusals_of(declaration).items():
            content = operation["responses"][str(status)]["content"][_JSON]
            content["examples"] = {
                kind.name: {"value": failure_value([SAMPLES[kind]], public_url)} for kind in kinds
            }
