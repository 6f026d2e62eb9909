import re
from typing import Any

import pytest
from pydantic import BaseModel

from byoip.api.application import bare_application, declarations
from byoip.api.examples import model_examples
from byoip.api.schemas import bindings, envelope, events, prefixes, preflights, validations
from byoip.api.schemas import validation_tokens as tokens
from tests.api.world import World

SCHEMAS = (bindings, envelope, events, preflights, prefixes, validations, tokens)
WITH_EXAMPLE = [
    one
    for module in SCHEMAS
    for one in vars(module).values()
    if isinstance(one, type)
    and issubclass(one, BaseModel)
    and one.__module__ == module.__name__
    and one.model_config.get("json_schema_extra")
]


@pytest.fixture
def document(world: World) -> dict[str, Any]:
    return world.app.openapi()


def operations_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for item in document["paths"].values() for one in item.values()]


def test_every_operation_has_what_a_generated_client_needs(document: dict[str, Any]) -> None:
    found = operations_of(document)
    ids = [one["operationId"] for one in found]
    assert len(set(ids)) == len(ids) == len(list(declarations()))
    for one in found:
        verb = one["operationId"].partition("_")[0]
        assert verb in {"get", "list", "create", "update", "delete", "validate"}
        assert one["summary"]
        assert one["security"] == [{"token": []}, {"email": [], "key": []}]
        assert one["tags"]
        assert {"400", "401", "403", "404", "422", "500", "503"} <= set(one["responses"])


def test_operation_ids_are_stable(document: dict[str, Any]) -> None:
    assert sorted(one["operationId"] for one in operations_of(document)) == [
        "create_prefix",
        "create_prefix_preflight",
        "create_service_binding",
        "create_validation_token",
        "delete_prefix",
        "delete_service_binding",
        "delete_validation_token",
        "get_prefix",
        "get_service_binding",
        "get_validation",
        "list_prefix_events",
        "list_prefixes",
        "list_service_bindings",
        "list_services",
        "list_validation_tokens",
        "list_validations",
        "update_prefix",
        "update_service_binding",
        "validate_prefix",
    ]


def test_every_parameter_in_a_path_is_described(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for one in item.values():
            described = {two["name"] for two in one["parameters"] if two["in"] == "path"}
            assert described == set(re.findall(r"\{(\w+)\}", path))
            patterns = {two["schema"].get("pattern") for two in one["parameters"]}
            assert "^[0-9a-f]{32}$" in patterns


def test_writes_and_only_writes_take_an_idempotency_key(document: dict[str, Any]) -> None:
    for item in document["paths"].values():
        for method, one in item.items():
            takes = any(two["name"] == "Idempotency-Key" for two in one["parameters"])
            assert takes == (method != "get")


def test_failures_are_our_envelope_and_never_the_frameworks(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for one in operations_of(document):
        for status, response in one["responses"].items():
            assert list(response["content"]) == ["application/json"]
            content = response["content"]["application/json"]
            if status >= "400":
                assert content["schema"] == {"$ref": "#/components/schemas/Failure"}
                for example in content["examples"].values():
                    envelope.Failure.model_validate(example["value"])
            else:
                assert content["schema"]["$ref"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    known = document["components"]["schemas"]
    referred = set(re.findall(r"#/components/schemas/([\w-]+)", repr(document)))
    assert referred <= set(known)
    assert {"Prefix", "PrefixAnswer", "Failure", "ServiceBinding"} <= set(known)


def test_success_examples_are_answers_of_their_model(document: dict[str, Any]) -> None:
    models = {one.name: one.answer for one in declarations()}
    for one in operations_of(document):
        [success] = [value for status, value in one["responses"].items() if status < "400"]
        models[one["operationId"]].model_validate(success["content"]["application/json"]["example"])


@pytest.mark.parametrize("model", WITH_EXAMPLE)
def test_an_example_is_one(model: type[BaseModel]) -> None:
    [example] = model_examples(model)
    model.model_validate(example)


def test_members_of_answers_are_all_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    inputs = {"NewPrefix", "PrefixChange", "NewToken", "NewPreflight", "NewBinding"}
    for name, schema in schemas.items():
        if schema.get("type") == "object" and name not in inputs | {"BindingChange"}:
            assert set(schema["properties"]) == set(schema["required"]), name


def test_the_document_says_where_the_service_is(world: World, document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": "http://byoip.test"}]
    assert set(document["components"]["securitySchemes"]) == {"token", "email", "key"}
    assert bare_application(world.backend).openapi() == document
