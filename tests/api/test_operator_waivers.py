"""Waivers over HTTP: granted, listed, replaced and ended by operators, read by customers."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.api.operators import WHY, Operator
from tests.api.world import World


def until(world: World, days: int = 30) -> str:
    return (world.clock.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_waiver_is_granted_replaced_and_ended(world: World, operator: Operator) -> None:
    made = (await world.prefix("46.9.0.0/23"))["id"]
    path = f"/prefixes/{made}/waivers"

    first = await operator.act(path, check="irr", expires_at=until(world))
    second = await operator.act(path, check="irr", expires_at=until(world, 60))
    other = await operator.act(path, check="rpki", expires_at=until(world))

    assert (first["check"], first["reason"], first["expires_at"]) == ("irr", WHY, until(world))
    assert await operator.result("GET", path) == [second, other]
    assert await operator.act(f"{path}/{second['id']}/end") == second
    assert await operator.result("GET", path) == [other]
    again = await operator.refusal(f"{path}/{second['id']}/end")
    assert again == (404, "waiver_not_found")
    history = await world.result("GET", f"/prefixes/{made}/events")
    noted = [one for one in history if one["kind"].startswith("waiver.")]
    assert [one["kind"].removeprefix("waiver.") for one in noted] == [
        "granted",
        "ended",
        "granted",
        "granted",
        "ended",
    ]
    assert noted[0]["after"]["reason"] == noted[-1]["after"]["reason"] == WHY


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"check": "ownership_rdns"}, "/check"),
        ({"check": "registration"}, "/check"),
        ({"expires_at": None}, "/expires_at"),
        ({"expires_at": "2000-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "9999-01-01T00:00:00Z"}, "/expires_at"),
        ({"reason": ""}, "/reason"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    world: World, operator: Operator, members: dict[str, object], pointer: str
) -> None:
    made = (await world.prefix("46.9.2.0/23"))["id"]
    body = {"check": "irr", "expires_at": until(world), "reason": WHY, **members}
    [refused] = await operator.errors("POST", f"/prefixes/{made}/waivers", json=body)
    assert (refused[0], refused[2]) == (422, pointer)
    assert await operator.result("GET", f"/prefixes/{made}/waivers") == []


async def test_of_an_unknown_prefix_there_is_nothing(world: World, operator: Operator) -> None:
    path = f"/prefixes/{uuid4().hex}/waivers"
    assert await operator.errors("GET", path) == [(404, "prefix_not_found", "")]
    refused = await operator.refusal(path, check="irr", expires_at=until(world))
    assert refused == (404, "prefix_not_found")
