import re
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import pytest
from pydantic import BaseModel

from byoip.api.accounts import operator_schemas as operating
from byoip.api.application import bare_application, declarations
from byoip.api.bindings import binding_schemas as bindings
from byoip.api.bindings import edge_schemas as edges
from byoip.api.border import envelope
from byoip.api.border.declarations import ROOT
from byoip.api.checks import preflight_schemas as preflights
from byoip.api.checks import registry_override_schemas as registry_overrides
from byoip.api.checks import snapshot_schemas as snapshots
from byoip.api.checks import validation_schemas as validations
from byoip.api.claims import delegation_schemas as delegations
from byoip.api.claims import event_schemas as events
from byoip.api.claims import operator_prefix_schemas as operator_prefixes
from byoip.api.claims import prefix_schemas as prefixes
from byoip.api.claims import reservation_schemas as reservations
from byoip.api.claims import token_schemas as tokens
from byoip.api.document.examples import model_examples
from byoip.api.letters import letter_schemas as letters
from byoip.api.letters import loa_document_schemas as loa_documents
from byoip.api.letters.letter_schemas import Letter
from byoip.api.speakers import operator_route_schemas as operator_routes
from tests.api.world import World

SCHEMAS = (
    *(bindings, delegations, envelope, events, letters, loa_documents),
    *(preflights, prefixes, validations, tokens),
    *(operating, operator_prefixes, operator_routes, edges),
    *(registry_overrides, reservations, snapshots),
)
FILES = {
    "get_loa_document": "application/pdf",
    "get_edge_change_stream": "application/x-ndjson",
    "get_operator_event_export": "application/x-ndjson",
}
VERBS = ("get", "list", "create", "update", "delete", "validate", "offboard", "restore", "accept")
OPERATORS_VERBS = {
    *(
        "accept",
        "allow",
        "announce",
        "apply",
        "approve",
        "decide",
        "drain",
        "drop",
        "end",
        "forget",
        "lift",
        "lock",
        "move",
        "open",
    ),
    *("plan", "put", "rearm", "release", "remove", "resume", "retire", "revoke", "rollback"),
    *("settle", "start", "stop", "suspend", "take", "unlock", "withdraw"),
}
WITH_EXAMPLE = [
    one
    for module in SCHEMAS
    for one in vars(module).values()
    if isinstance(one, type)
    and issubclass(one, BaseModel)
    and one.__module__ == module.__name__
    and one.model_config.get("json_schema_extra")
]


def operations_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for item in document["paths"].values() for one in item.values()]


def below_the_api(document: dict[str, Any]) -> list[dict[str, Any]]:
    """All but the public page of a letter."""
    return [one for one in operations_of(document) if one["operationId"] != "get_letter"]


def test_every_operation_has_what_a_generated_client_needs(document: dict[str, Any]) -> None:
    found = below_the_api(document)
    ids = [one["operationId"] for one in found]
    assert len(set(ids)) == len(ids) == len(list(declarations()))
    for one in found:
        verb = one["operationId"].partition("_")[0]
        own = one["x-required-scope"] == "operator"
        assert verb in {*VERBS} | (OPERATORS_VERBS if own else set())
        assert one["summary"]
        assert one["security"] == [{"token": []}, {"email": [], "key": []}]
        assert one["tags"]
        assert {"400", "401", "403", "404", "422", "500", "503"} <= set(one["responses"])


def test_what_is_kept_for_old_clients_is_marked_and_says_what_to_use_instead(
    document: dict[str, Any],
) -> None:
    marked = [one for one in operations_of(document) if one.get("deprecated")]
    assert {one["operationId"] for one in marked} == {
        "get_advertisement_status",
        "update_advertisement_status",
    }
    assert all("Deprecated:" in one["description"] for one in marked)
    members = document["components"]["schemas"]["Prefix"]["properties"]
    assert {name for name, member in members.items() if member.get("deprecated")} == {
        "advertised",
        "advertised_modified_at",
        "on_demand_enabled",
        "on_demand_locked",
    }


def test_the_page_of_a_letter_needs_no_credential_and_speaks_to_people_and_machines(
    document: dict[str, Any],
) -> None:
    page = document["paths"]["/loa/{reference}"]["get"]
    assert page["security"] == []
    assert set(page["responses"]) == {"200", "404", "500", "503"}
    for status in ("200", "404"):
        assert set(page["responses"][status]["content"]) == {"application/json", "text/html"}


def test_every_parameter_in_a_path_is_described(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for one in item.values():
            described = {two["name"] for two in one["parameters"] if two["in"] == "path"}
            assert described == set(re.findall(r"\{(\w+)\}", path))
            patterns = {two["schema"].get("pattern") for two in one["parameters"]}
            shared = not path.startswith(ROOT)
            assert "^[0-9a-f]{32}$" in patterns or shared


def test_writes_and_only_writes_take_an_idempotency_key(document: dict[str, Any]) -> None:
    for item in document["paths"].values():
        for method, one in item.items():
            takes = any(two["name"] == "Idempotency-Key" for two in one["parameters"])
            assert takes == (method != "get")


def test_writes_below_a_prefix_and_operators_changes_take_if_match(
    document: dict[str, Any],
) -> None:
    for path, item in document["paths"].items():
        below = "/accounts/{account_id}/addressing/prefixes/{prefix_id}" in path
        for method, one in item.items():
            takes = any(two["name"] == "If-Match" for two in one["parameters"])
            of_prefix = below and method != "get"
            change = "/operator/" in path and method == "patch"
            assert takes == (of_prefix or change)
            assert of_prefix == ("428" in one["responses"])
            assert ("412" in one["responses"]) == (method != "get")


def test_failures_are_our_envelope_and_never_the_frameworks(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for one in operations_of(document):
        for status, response in one["responses"].items():
            if one["operationId"] in FILES and status == "200":
                assert list(response["content"]) == [FILES[one["operationId"]]]
                continue
            pages = ["text/html"] if one["operationId"] == "get_letter" and status < "500" else []
            assert list(response["content"]) == ["application/json", *pages]
            content = response["content"]["application/json"]
            if status >= "400":
                assert content["schema"] == {"$ref": "#/components/schemas/Failure"}
                for name, example in content["examples"].items():
                    assert example == {"$ref": f"#/components/examples/{name}"}
                    shown = document["components"]["examples"][name]["value"]
                    envelope.Failure.model_validate(shown)
            else:
                assert content["schema"]["$ref"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    known = document["components"]["schemas"]
    referred = set(re.findall(r"#/components/schemas/([\w-]+)", repr(document)))
    assert referred <= set(known)
    assert {"Prefix", "PrefixAnswer", "Failure", "ServiceBinding"} <= set(known)


def test_1_6_head_is_not_in_the_document(document: dict[str, Any]) -> None:
    methods = {method for path in document["paths"].values() for method in path}
    assert methods == {"get", "post", "put", "patch", "delete"}


def test_success_examples_are_answers_of_their_model(document: dict[str, Any]) -> None:
    models = {one.name: one.answer for one in declarations()} | {
        "get_letter": envelope.answer_of(Letter)
    }
    for one in operations_of(document):
        [success] = [value for status, value in one["responses"].items() if status < "400"]
        model = models[one["operationId"]]
        if not isinstance(model, str):  # a file
            model.model_validate(success["content"]["application/json"]["example"])


@pytest.mark.parametrize("model", WITH_EXAMPLE)
def test_an_example_is_one(model: type[BaseModel]) -> None:
    [example] = model_examples(model)
    model.model_validate(example)


def test_members_of_answers_are_all_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    inputs = {"NewPrefix", "PrefixChange", "NewToken", "NewPreflight", "NewBinding"}
    inputs |= {"NewDelegation", "NewBgpPrefix", "BgpPrefixChange", "WantedOnDemand"}
    inputs |= {"WantedSignal", "AdvertisementChange", "RollbackOrder"}
    inputs |= {"SpeakerDrainOrder", "StageDrainOrder", "NewWebhook", "WebhookChange"}
    inputs |= {"NewMailAddress"}
    inputs |= {"NewAccount", "AccountChange", "NewCredentialIn", "NewService", "NewReservation"}
    inputs |= {"OperatorApproval", "ProofEnd", "DisputeDecision", "AsnDisputeDecision"}
    for name, schema in schemas.items():
        if schema.get("type") == "object" and name not in inputs | {"BindingChange"}:
            assert set(schema["properties"]) == set(schema["required"]), name


def test_the_document_says_where_the_service_is(world: World, document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": "http://byoip.test"}]
    assert set(document["components"]["securitySchemes"]) == {"token", "email", "key"}
    assert bare_application(world.backend).openapi() == document


def test_nobody_is_shown_it_half_made(world: World, document: dict[str, Any]) -> None:
    """Three addresses show it, each made in a thread of its own."""
    app = bare_application(world.backend)

    def as_soon_as_it_is_there() -> dict[str, Any]:
        while app.openapi_schema is None:
            time.sleep(0)
        return deepcopy(app.openapi())

    with ThreadPoolExecutor() as threads:
        early = [threads.submit(as_soon_as_it_is_there) for _ in range(2)]
        assert threads.submit(app.openapi).result() == document
        assert [one.result() == document for one in early] == [True, True]
