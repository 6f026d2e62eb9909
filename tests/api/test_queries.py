from dataclasses import replace
from typing import Annotated

import pytest
from fastapi import Query

from byoip.api.application import declarations
from byoip.api.border.declarations import Audience, Declaration
from byoip.api.border.queries import QueryParameters
from byoip.api.border.refusals import QueryParameterInvalid, QueryParameterUnknown
from byoip.domain.claims.lifecycle import Standing
from tests.api.test_tenancy import ask, bearer, outcome
from tests.api.world import World

PARAMETERS = QueryParameters(
    {
        "per_page": Annotated[int | None, Query(ge=1, le=1000)],
        "pending_delete": bool,
        "cursor": str | None,
        "standing": Standing | None,
    }
)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (b"", {}),
        (b"per_page=1", {"per_page": 1}),
        (b"per_page=1000&cursor=a%20b", {"per_page": 1000, "cursor": "a b"}),
        (b"pending_delete=true", {"pending_delete": True}),
        (b"pending_delete=false", {"pending_delete": False}),
        (b"standing=contested", {"standing": Standing.CONTESTED}),
    ],
)
def test_parameters_are_read(query: bytes, values: dict[str, object]) -> None:
    assert PARAMETERS.read(query) == values


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(b"pending_delete=", id="empty"),
        pytest.param(b"pending_delete=1", id="one is not true"),
        pytest.param(b"pending_delete=True", id="case"),
        pytest.param(b"pending_delete=yes", id="yes is not true"),
        pytest.param(b"pending_delete=true&pending_delete=true", id="repeated"),
        pytest.param(b"per_page=0", id="below its bounds"),
        pytest.param(b"per_page=1001", id="above its bounds"),
        pytest.param(b"per_page=+5", id="a space before"),
        pytest.param(b"per_page=%2B5", id="a sign"),
        pytest.param(b"per_page=05", id="a leading zero"),
        pytest.param(b"per_page=1_0", id="an underscore"),
        pytest.param(b"per_page=%D9%A5", id="a digit of another script"),
        pytest.param(b"per_page=5.0", id="a float"),
        pytest.param(b"standing=OK", id="a word of another case"),
        pytest.param(b"standing=fine", id="no such word"),
        pytest.param(b"per_page=" + b"9" * 5000, id="very many digits"),
    ],
)
def test_a_value_that_means_nothing_is_refused(query: bytes) -> None:
    with pytest.raises(QueryParameterInvalid):
        PARAMETERS.read(query)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(b"pendng_delete=true", id="a typing error"),
        pytest.param(b"Per_page=5", id="names have a case"),
        pytest.param(b"pending_delete", id="a name alone"),
        pytest.param(b"=5", id="a value alone"),
        pytest.param(b"&", id="nothing at all, twice"),
        pytest.param(b"per_page=5&", id="a separator at the end"),
        pytest.param(b"cursor=%ff", id="not UTF-8"),
        pytest.param("cursor=é".encode(), id="not escaped"),
        pytest.param(b"&".join([b"cursor=1"] * 100), id="far too many"),
    ],
)
def test_a_query_that_is_not_understood_is_refused(query: bytes) -> None:
    with pytest.raises(QueryParameterUnknown):
        PARAMETERS.read(query)


def test_a_parameter_of_a_type_that_cannot_be_read_strictly_does_not_start() -> None:
    with pytest.raises(TypeError):
        QueryParameters({"ids": list[int]})


@pytest.mark.parametrize("declaration", [pytest.param(one, id=one.name) for one in declarations()])
async def test_every_operation_refuses_an_unknown_parameter_but_tells_strangers_nothing(
    world: World, declaration: Declaration
) -> None:
    strange = replace(declaration, path=declaration.path + "?pending_delete")
    own = declaration.audience is Audience.ACCOUNT
    token = world.token if own else await world.credential(None, declaration.scopes)
    assert outcome(await ask(world, strange, bearer(token))) == (422, "query_parameter_unknown")
    assert outcome(await ask(world, strange, {})) == (401, "not_authenticated")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_probes_and_metrics_ignore_queries(world: World, path: str) -> None:
    assert (await world.client.get(f"{path}?pending_delete&x=&x=")).status_code == 200
