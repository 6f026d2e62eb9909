from tests.api.world import World


async def test_the_history_names_who_did_what_at_whose_request(world: World) -> None:
    made = await world.call(
        "POST",
        "/prefixes",
        json={"cidr": "31.0.0.0/23", "asn": 64500},
        headers={"x-request-id": "deploy-42"},
    )
    [event] = await world.result("GET", f"/prefixes/{made.json()['result']['id']}/events")
    credential = await world.backend.accounts.recognise(world.token)
    assert credential is not None
    assert (event["number"], event["kind"]) == (1, "prefix.created")
    assert event["actor"] == f"credential:{credential.id.hex}"
    assert event["request_id"] == "deploy-42"
    assert event["after"]["cidr"] == "31.0.0.0/23"


async def test_reading_on_after_the_last_number_misses_nothing(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    for method in ("irr", "rdns", "irr"):
        path = f"/prefixes/{prefix_id}/validation_tokens"
        await world.result("POST", path, json={"method": method})
    whole = await world.result("GET", f"/prefixes/{prefix_id}/events")
    seen, after = [], "0"
    while True:
        query = {"after": after, "per_page": "2"}
        page = (await world.call("GET", f"/prefixes/{prefix_id}/events", params=query)).json()
        seen += page["result"]
        if page["result_info"]["cursor"] is None:
            break
        after = page["result_info"]["cursor"]
    assert seen == whole
    assert [one["number"] for one in whole] == list(range(1, len(whole) + 1))
    query = {"after": str(whole[-1]["number"])}
    assert await world.result("GET", f"/prefixes/{prefix_id}/events", params=query) == []


async def test_a_number_out_of_bounds_is_refused(world: World) -> None:
    prefix_id = (await world.prefix())["id"]
    for after in ("-1", "9" * 30, "x"):
        assert await world.errors("GET", f"/prefixes/{prefix_id}/events?after={after}") == [
            (422, "query_parameter_invalid", "")
        ]
