import asyncio
from dataclasses import replace
from uuid import UUID

import httpx
import pytest
from prometheus_client import CollectorRegistry

from byoip.api.application import bare_application, declarations
from byoip.api.border.access_log import AccessLog
from byoip.api.border.answers import etag, expected
from byoip.api.border.declarations import Audience, Declaration
from byoip.domain.precondition import ANY_VERSION, Precondition
from tests.api.operators import WHY, Operator
from tests.api.test_tenancy import ask, bearer, outcome
from tests.api.world import World

CONDITIONAL = [pytest.param(one, id=one.name) for one in declarations() if one.of_prefix]
OTHER_WRITES = [
    pytest.param(one, id=one.name)
    for one in declarations()
    if one.method != "GET" and not one.conditional and one.audience is Audience.ACCOUNT
]


@pytest.mark.parametrize(
    ("fields", "versions"),
    [
        pytest.param([b'"7"'], {7}, id="one"),
        pytest.param([b'"7", "8"'], {7, 8}, id="a list"),
        pytest.param([b'"7"', b'"8"'], {7, 8}, id="two fields are a list"),
        pytest.param([b'"7","a,b" ,"9"'], {7, 9}, id="a comma within a tag"),
        pytest.param([b'W/"7"'], {7}, id="weakened by a proxy that compresses"),
        pytest.param([b'W/"7", "8"'], {7, 8}, id="a weak tag among strong ones"),
        pytest.param([b"7"], set(), id="without quotes"),
        pytest.param([b'"07"'], set(), id="another spelling"),
        pytest.param([b'""'], set(), id="the empty tag"),
        pytest.param([b""], set(), id="nothing"),
        pytest.param([b'"99999999999999"'], set(), id="far too large"),
        pytest.param([b'"7', b"*"], set(), id="half a tag"),
    ],
)
def test_if_match_is_read_as_tags_that_we_could_have_given(
    fields: list[bytes], versions: set[int]
) -> None:
    headers = [(b"host", b"x"), *((b"if-match", field) for field in fields)]
    assert expected(headers) == Precondition(frozenset(versions))


def test_a_star_matches_whatever_there_is_and_no_header_demands_nothing() -> None:
    assert expected([(b"if-match", b" * ")]) == ANY_VERSION
    assert expected([(b"host", b"x")]) is None
    assert expected([(b"if-match", etag(12).encode())]) == Precondition(frozenset({12}))


async def tag(world: World, path: str) -> str:
    return str((await world.call("GET", path)).headers["etag"])


async def test_a_prefix_has_a_strong_tag_that_its_writes_answer_with(world: World) -> None:
    body = {"cidr": "31.0.0.0/23", "asn": 64500}
    made = await world.call("POST", "/prefixes", json=body)
    path = f"/prefixes/{made.json()['result']['id']}"
    assert made.headers["etag"] == await tag(world, path) == '"1"'
    changed = await world.call("PATCH", path, json={"description": "x"})
    assert changed.headers["etag"] == await tag(world, path) == '"2"'


async def test_every_customers_write_moves_the_tag_and_no_check_does(world: World) -> None:
    prefix_id, cidr = await world.approved()
    path = f"/prefixes/{prefix_id}"
    cdn, spectrum = [await world.service(name) for name in ("CDN", "Spectrum")]
    seen = [await tag(world, path)]
    assert seen == ['"1"']  # approved since it was made
    body = {"cidr": cidr, "service_id": cdn}
    bound = await world.call("POST", f"{path}/bindings", json=body)
    binding = f"{path}/bindings/{bound.json()['result']['id']}"
    swapped = await world.call("PATCH", binding, json={"service_id": spectrum})
    again = await world.call("PATCH", binding, json={"service_id": spectrum})
    assert [bound.headers["etag"], swapped.headers["etag"]] == ['"2"', '"3"']
    assert again.headers["etag"] == await tag(world, binding) == await tag(world, path) == '"3"'
    await world.result("DELETE", binding)
    assert await tag(world, path) == '"4"'
    validated = await world.call("POST", f"{path}/validate")
    assert validated.headers["etag"] == '"4"'


async def test_issuing_and_revoking_a_token_moves_the_tag_of_its_prefix(world: World) -> None:
    path = f"/prefixes/{(await world.prefix())['id']}"
    issued = await world.call("POST", f"{path}/validation_tokens", json={"method": "irr"})
    assert issued.headers["etag"] == await tag(world, path) == '"2"'
    await world.result("DELETE", f"{path}/validation_tokens/{issued.json()['result']['id']}")
    assert await tag(world, path) == '"3"'


@pytest.mark.parametrize("declaration", CONDITIONAL)
async def test_every_write_to_a_prefix_is_refused_if_another_version_was_seen(
    world: World, declaration: Declaration
) -> None:
    prefix_id, _ = await world.approved()
    before = await world.result("GET", f"/prefixes/{prefix_id}/events")
    for unseen in ('"2"', 'W/"2"', "1", '"0", "x"'):
        headers = bearer(world.token) | {"if-match": unseen}
        response = await ask(world, declaration, headers, prefix_id=prefix_id)
        assert outcome(response) == (412, "precondition_failed")
    assert await world.result("GET", f"/prefixes/{prefix_id}/events") == before
    for seen in ('"1"', 'W/"1"', "*", '"9", "1"'):
        headers = bearer(world.token) | {"if-match": seen}
        fresh, _ = await world.approved()
        response = await ask(world, declaration, headers, prefix_id=fresh)
        assert response.status_code != 412


@pytest.mark.parametrize("declaration", OTHER_WRITES)
async def test_where_there_is_no_tag_none_can_match(world: World, declaration: Declaration) -> None:
    headers = bearer(world.token) | {"if-match": '"1"'}
    response = await ask(world, declaration, headers)
    assert outcome(response) == (412, "precondition_failed")


async def test_a_prefix_that_is_not_there_is_404_whatever_was_seen(
    world: World, unknown_id: str
) -> None:
    response = await world.call("DELETE", f"/prefixes/{unknown_id}", headers={"if-match": '"1"'})
    assert outcome(response) == (404, "prefix_not_found")


async def test_of_many_that_have_seen_the_same_version_one_writes(world: World) -> None:
    path = f"/prefixes/{(await world.prefix())['id']}"
    seen = {"if-match": await tag(world, path)}
    said = await asyncio.gather(
        *(
            world.call("PATCH", path, json={"description": str(number)}, headers=seen)
            for number in range(12)
        ),
        world.call("POST", f"{path}/validation_tokens", json={"method": "irr"}, headers=seen),
    )
    [done, *refused] = sorted(one.status_code for one in said)
    assert done in {200, 201}
    assert refused == [412] * 12
    assert await tag(world, path) == '"2"'


async def test_a_repeated_key_gets_the_tag_of_the_first_time(world: World) -> None:
    path = f"/prefixes/{(await world.prefix())['id']}"
    headers = {"idempotency-key": "k", "if-match": '"1"'}
    first = await world.call("PATCH", path, json={"description": "x"}, headers=headers)
    again = await world.call("PATCH", path, json={"description": "x"}, headers=headers)
    assert first.headers["etag"] == again.headers["etag"] == '"2"'
    assert again.content == first.content


async def test_a_check_that_moved_makes_no_write_fail(world: World) -> None:
    made = await world.prefix()
    async with world.store.transaction() as tx:
        claim = await tx.claims.lock(UUID(made["id"]))
        checked = replace(claim, irr=replace(claim.irr, doubt="timeout"))
        await tx.claims.save(checked)
    path, seen = f"/prefixes/{made['id']}", {"if-match": '"1"'}
    await world.result("PATCH", path, json={"description": "x"}, headers=seen)


@pytest.mark.parametrize("declaration", CONDITIONAL)
async def test_the_operator_may_demand_that_writes_say_what_they_are_based_on(
    world: World, declaration: Declaration
) -> None:
    prefix_id, _ = await world.approved()
    strict = replace(world.backend, require_if_match=True)
    app = AccessLog(bare_application(strict), CollectorRegistry())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://byoip.test"
    ) as client:
        there = replace(world, client=client)
        response = await ask(there, declaration, bearer(world.token), prefix_id=prefix_id)
        assert outcome(response) == (428, "precondition_required")
        headers = bearer(world.token) | {"if-match": '"1"'}
        response = await ask(there, declaration, headers, prefix_id=prefix_id)
        assert response.status_code not in {412, 428}


def test_whatever_operators_change_says_what_it_is_based_on() -> None:
    operators = [one for one in declarations() if one.audience is Audience.OPERATOR]
    changing = {one.name for one in operators if one.conditional}
    assert changing == {"update_account", "update_service"}
    readable = {one.path for one in operators if one.method == "GET" and one.tagged}
    assert readable == {one.path for one in operators if one.conditional}


async def test_of_many_operators_that_have_seen_the_same_account_one_writes(
    operator: Operator,
) -> None:
    made = await operator.call("POST", "/accounts", json={"reason": WHY, "name": "Example"})
    path = f"/accounts/{made.json()['result']['id']}"
    seen = {"if-match": (await operator.call("GET", path)).headers["etag"]}
    assert seen["if-match"] == made.headers["etag"] == '"1"'
    said = await asyncio.gather(
        *(
            operator.call("PATCH", path, json={"reason": WHY, "prefix_quota": quota}, headers=seen)
            for quota in range(1, 7)
        )
    )
    assert sorted(one.status_code for one in said) == [200, *[412] * 5]
    assert (await operator.call("GET", path)).headers["etag"] == '"2"'
    quota = (await operator.result("GET", path))["prefix_quota"]
    same = {"reason": WHY, "prefix_quota": quota}
    assert (await operator.call("PATCH", path, json=same)).headers["etag"] == '"2"'


async def test_a_service_that_another_operator_has_changed_is_not_changed_unseen(
    operator: Operator, unknown_id: str
) -> None:
    made = await operator.act("/services", name=f"Scrubbing {unknown_id}")
    path = f"/services/{made['id']}"
    read = await operator.call("GET", path)
    assert (read.json()["result"], read.headers["etag"]) == (made, '"1"')
    change, seen = {"reason": WHY, "default_only": True}, {"if-match": '"1"'}
    assert (await operator.call("PATCH", path, json=change, headers=seen)).headers["etag"] == '"2"'
    change["default_only"] = False
    refused = await operator.call("PATCH", path, json=change, headers=seen)
    assert outcome(refused) == (412, "precondition_failed")
    assert (await operator.result("GET", path))["default_only"] is True
    missing = await operator.call("GET", f"/services/{unknown_id}")
    assert outcome(missing) == (404, "service_not_offered")
