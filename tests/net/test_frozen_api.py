"""What clients of the API hold on to, without the words for people."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from fastapi import FastAPI

from tests.net import today
from tests.net.held import PROSE, hold, line, without_prose

_REFERENCE: Final = re.compile(r'\{"\$ref": "#/components/schemas/([^"]+)"\}')
_APART: Final = PROSE | {"operationId", "parameters", "requestBody", "responses"}


@pytest.fixture(scope="module")
def document() -> Mapping[str, Any]:
    return today.app().openapi()


def short(fact: str) -> str:
    """A reference is the schema's name in pointed brackets."""
    return _REFERENCE.sub(r"<\1>", fact.replace("application/json ", ""))


def answer(given: Mapping[str, Any]) -> str:
    """A body or response on one line: schema by media type, headers, refusals by name."""
    parts = []
    for media_type, content in given.get("content", {}).items():
        parts.append(f"{media_type} {line(without_prose(content.get('schema', {})))}")
        if names := content.get("examples"):
            parts.append(f"refusals {' '.join(sorted(names))}")
    headers = sorted(given.get("headers", {}).items())
    parts += [f"header {name} {line(without_prose(header))}" for name, header in headers]
    return " | ".join(parts)


def operation_facts(where: str, operation: Mapping[str, Any]) -> Iterator[str]:
    for key in operation.keys() - _APART:
        yield f"{where} {key} {line(operation[key])}"
    for one in operation.get("parameters", ()):
        shape = without_prose({key: value for key, value in one.items() if key != "name"})
        yield f"{where} parameter {one['name']} {line(shape)}"
    if body := operation.get("requestBody"):
        need = "required" if body.get("required") else "optional"
        yield f"{where} body {need} {answer(body)}"
    for status, response in operation["responses"].items():
        yield f"{where} {status} {answer(response)}".rstrip()


def schema_facts(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    bare = without_prose(schema)
    properties = bare.pop("properties", {})
    required = bare.pop("required", [])
    yield f"schema {name} {line(bare)}"
    if properties:
        yield f"schema {name} in this order {' '.join(properties)}"
    for key, value in properties.items():
        need = "required" if key in required else "optional"
        yield f"schema {name}.{key} {need} {line(value)}"


def document_facts(document: Mapping[str, Any]) -> Iterator[str]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = operation["operationId"]
            yield f"operation {name} {method.upper()} {path}"
            yield from operation_facts(name, operation)
    yield f"document {document['openapi']}, version {document['info']['version']}"
    components = document["components"]
    for name, schema in components.get("schemas", {}).items():
        yield from schema_facts(name, schema)
    for name, scheme in components.get("securitySchemes", {}).items():
        yield f"security {name} {line(without_prose(scheme))}"


def route_facts(app: FastAPI) -> Iterator[str]:
    for route in app.routes:
        methods = sorted(getattr(route, "methods", None) or ())
        yield f"{' '.join(methods)} {getattr(route, 'path', '')}"


def refusal_facts() -> Iterator[str]:
    for one in today.refusals():
        retry = "definitive" if one.definitive else "not definitive"
        yield f"{one.code} {one.name} {one.status} {retry} pointer {one.pointer}"
        for header, value in one.headers.items():
            yield f"{one.code} {one.name} {header}: {value}"


def test_operations_and_schemas_stay_as_they_are(document: Mapping[str, Any]) -> None:
    hold("api", map(short, document_facts(document)))


def test_every_route_stays_where_it_is_documented_or_not() -> None:
    hold("routes", route_facts(today.app()))


def test_the_sandboxs_control_api_stays_as_it_is() -> None:
    document = today.control_app().openapi()
    # Its operation ids and schemas are named by FastAPI after our functions and classes.
    hold("control", control_facts(document))


def control_facts(document: Mapping[str, Any]) -> Iterator[str]:
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method.upper()} {path}"
            for fact in operation_facts(where, operation):
                yield inlined(fact, schemas)


def inlined(fact: str, schemas: Mapping[str, Any]) -> str:
    """References replaced by what they refer to: their names are free."""
    for name, schema in schemas.items():
        reference = line({"$ref": f"#/components/schemas/{name}"})
        fact = fact.replace(reference, line(without_prose(schema)))
    return fact


def test_every_refusal_keeps_its_code_name_status_and_headers() -> None:
    hold("refusals", refusal_facts())
