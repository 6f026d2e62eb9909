"""Moving prefixes between accounts over HTTP: offered and accepted, or by the operator."""

from uuid import uuid4

from tests.api.operators import Operator
from tests.api.world import World


async def test_an_offer_is_accepted_by_the_other_account_alone(world: World) -> None:
    prefix_id, _ = await world.approved()
    to = world.other_account_id
    path, body = f"/prefixes/{prefix_id}/moves", {"to_account_id": to.hex}
    assert await world.errors("POST", path, json={"to_account_id": world.account_id.hex}) == [
        (422, "move_to_owner", "/to_account_id")
    ]
    assert await world.errors("POST", path, json={"to_account_id": uuid4().hex}) == [
        (422, "move_recipient_not_found", "/to_account_id")
    ]
    made = await world.result("POST", path, json=body)
    assert (made["to_account_id"], made["ended"]) == (to.hex, None)
    listed = await world.result("GET", "/moves")
    assert [one["id"] for one in listed] == [made["id"]]
    accept = f"/moves/{made['id']}/accept"
    assert await world.errors("POST", accept) == [(404, "move_not_found", "")]
    headers = {"authorization": f"Bearer {world.other_token}"}
    taken = await world.client.post(world.url(accept, to), headers=headers)
    assert taken.status_code == 200, taken.text
    assert (taken.json()["result"]["id"], taken.json()["result"]["approved"]) == (prefix_id, "V")
    assert await world.errors("GET", f"/prefixes/{prefix_id}") == [(404, "prefix_not_found", "")]
    feed = await world.result("GET", "/events?per_page=1000")
    assert feed[-1]["kind"] == "prefix.moved"


async def test_an_offer_is_taken_back(world: World) -> None:
    prefix_id, _ = await world.approved()
    body = {"to_account_id": world.other_account_id.hex}
    made = await world.result("POST", f"/prefixes/{prefix_id}/moves", json=body)
    ended = await world.result("DELETE", f"/moves/{made['id']}")
    assert ended["ended"] == "taken_back"
    assert await world.result("GET", "/moves") == []


async def test_the_operator_moves_with_a_reason(world: World, operator: Operator) -> None:
    prefix_id, _ = await world.approved()
    path = f"/prefixes/{prefix_id}/move"
    missing = {"to_account_id": uuid4().hex}
    assert await operator.refusal(path, **missing) == (404, "account_not_found")
    moved = await operator.act(path, to_account_id=world.other_account_id.hex)
    assert moved["account_id"] == world.other_account_id.hex
    to_itself = {"to_account_id": world.other_account_id.hex}
    assert await operator.refusal(path, **to_itself) == (422, "move_to_owner")
