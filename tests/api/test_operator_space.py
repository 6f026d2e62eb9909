from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.checks.delegated_statistics import too_few
from byoip.domain.checks.registry import Allocation
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registrations import StatisticsFile
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.usecases.checks.refresh_roas import RefreshRoas, RoasAccepted, RoasRefused
from tests.api.operators import WHY, Operator
from tests.api.test_tenancy import bearer
from tests.api.world import World
from tests.fakes.rpki import FakeVrpSource, entries, export_text


@pytest.fixture
def engine(own_engine: AsyncEngine) -> AsyncEngine:
    """One for each test here: snapshots and reservations hold for all accounts of a database."""
    return own_engine


async def test_reserved_space_is_claimed_by_the_named_account_only(
    world: World, operator: Operator
) -> None:
    made = await operator.act("/reservations", cidr="47.0.0.0/24", account_id=world.account_id.hex)
    assert made in await operator.result("GET", "/reservations?per_page=1000")
    assert (await operator.last_event())["kind"] == "reservation.created"
    claim = {"cidr": "47.0.0.0/23", "asn": 64500}
    url, headers = world.url("/prefixes", world.other_account_id), bearer(world.other_token)
    response = await world.client.post(url, headers=headers, json=claim)
    assert response.status_code == 409
    assert response.json()["errors"][0]["name"] == "space_reserved"
    own = await world.result("POST", "/prefixes", json=claim)
    assert (await operator.act(f"/prefixes/{own['id']}/approve"))["approved"] == "V"
    assert (await operator.result("GET", "/addresses/47.0.0.1"))["reservation"] == made
    assert await operator.act(f"/reservations/{made['id']}/release") == made
    assert (await operator.last_event())["kind"] == "reservation.released"
    response = await world.client.post(url, headers=headers, json=claim)
    assert response.is_success
    again = await operator.refusal(f"/reservations/{made['id']}/release")
    assert again == (404, "reservation_not_found")


async def test_space_reserved_for_no_account_is_not_claimed_and_not_approved(
    world: World, operator: Operator
) -> None:
    early = await world.prefix("47.1.0.0/23")
    made = await operator.act("/reservations", cidr="47.1.0.0/16")
    assert await world.errors("POST", "/prefixes", json={"cidr": "47.1.2.0/23", "asn": 64500}) == [
        (409, "space_reserved", "/cidr")
    ]
    path = f"/prefixes/{early['id']}"
    assert await operator.refusal(f"{path}/approve") == (409, "space_reserved")
    await operator.act(f"/reservations/{made['id']}/release")
    assert (await operator.act(f"{path}/approve"))["approved"] == "V"


async def test_what_is_approved_for_another_account_is_not_reserved(
    world: World, operator: Operator
) -> None:
    _, cidr = await world.approved()
    other = world.other_account_id.hex
    refused = await operator.refusal("/reservations", cidr=cidr, account_id=other)
    assert refused == (409, "overlaps_approved_prefix")
    assert await operator.act("/reservations", cidr=cidr, account_id=world.account_id.hex)


@pytest.mark.parametrize(
    ("cidr", "refusal"),
    [
        ("47.2.0.0/24", (409, "overlaps_reservation", "/cidr")),
        ("47.2.0.0/32", (409, "overlaps_reservation", "/cidr")),
        ("44.0.0.0/7", (422, "reservation_length_refused", "/cidr")),
        ("2a00::/15", (422, "reservation_length_refused", "/cidr")),
        ("47.0.0.1/8", (422, "invalid_cidr", "/cidr")),
    ],
)
async def test_a_reservation_that_makes_no_sense_is_refused(
    operator: Operator, cidr: str, refusal: tuple[int, str, str]
) -> None:
    await operator.act("/reservations", cidr="47.2.0.0/23")
    body = {"reason": WHY, "cidr": cidr}
    assert await operator.errors("POST", "/reservations", json=body) == [refusal]


async def test_a_reservation_needs_an_account_that_exists(
    operator: Operator, unknown_id: str
) -> None:
    refused = await operator.refusal("/reservations", cidr="47.3.0.0/24", account_id=unknown_id)
    assert refused == (404, "account_not_found")


async def test_an_override_is_put_replaced_and_removed(operator: Operator) -> None:
    body = {"reason": WHY, "cidr": "48.0.0.0/16", "registry": "ripencc"}
    first = await operator.result("PUT", "/registry_overrides", json=body)
    second = await operator.result("PUT", "/registry_overrides", json=body | {"reason": "again"})
    listed = await operator.result("GET", "/registry_overrides?per_page=1000")
    assert second in listed
    assert first not in listed
    event = await operator.last_event()
    assert event["before"]["registry_override_id"] == first["id"]
    assert event["after"]["registry_override_id"] == second["id"]
    assert await operator.act(f"/registry_overrides/{second['id']}/remove") == second
    assert (await operator.last_event())["kind"] == "registry_override.removed"
    again = await operator.refusal(f"/registry_overrides/{second['id']}/remove")
    assert again == (404, "registry_override_not_found")
    unknown = body | {"registry": "nobody"}
    assert await operator.errors("PUT", "/registry_overrides", json=unknown) == [
        (422, "registry_unknown", "/registry")
    ]


async def test_snapshots_are_listed_with_counts_and_objections_and_accepted(
    world: World, operator: Operator, engine: AsyncEngine, tmp_path: Path
) -> None:
    now = world.clock.now()
    full = [*entries(10, "ripe"), *entries(10, "apnic")]
    numbers = []
    for roas, age in ((full, 2), (full[:12], 1)):
        source = FakeVrpSource(tmp_path, export_text(roas, now - timedelta(hours=age)))
        refresh = RefreshRoas(
            source, JsonVrps(), VrpSnapshots(engine), GatePolicy(floor=5), world.clock
        )
        result = await refresh()
        assert isinstance(result, RoasAccepted | RoasRefused)
        numbers.append(result.number)
    good, refused = numbers
    newest, before = (await operator.result("GET", "/roa_snapshots"))[:2]
    assert (newest["number"], newest["accepted"], newest["in_use"]) == (refused, False, False)
    assert newest["counts"] == {"ripe": 10, "apnic": 2}
    assert [one["gate"] for one in newest["objections"]] == ["anchor"]
    assert (before["number"], before["in_use"], before["objections"]) == (good, True, [])
    [first_page] = await operator.result("GET", f"/roa_snapshots?below={refused}&per_page=1")
    assert first_page["number"] == good
    accepted = await operator.act(f"/roa_snapshots/{refused}/accept")
    assert (accepted["in_use"], accepted["accepted"]) == (True, True)
    assert accepted["acceptance"]["reason"] == WHY
    assert accepted["acceptance"]["by"].startswith("operator:")
    assert (await operator.result("GET", "/roa_snapshots"))[0] == accepted
    event = await operator.last_event()
    assert (event["kind"], event["after"]) == ("roa_snapshot.accepted", {"number": refused})
    again = await operator.refusal(f"/roa_snapshots/{refused}/accept")
    assert again == (409, "snapshot_not_acceptable")


@pytest.mark.parametrize("number", ["0", "999999999", "9" * 20, "-1", "x", "%D9%A1"])
async def test_an_unknown_snapshot_is_not_there(operator: Operator, number: str) -> None:
    assert await operator.refusal(f"/roa_snapshots/{number}/accept") == (404, "snapshot_not_found")


async def test_registration_snapshots_are_listed(operator: Operator) -> None:
    answer = await operator.call("GET", "/registration_snapshots")
    assert answer.json()["result_info"]["cursor"] is None


async def test_a_registry_that_shrank_is_believed_on_an_operators_word(
    world: World, operator: Operator, engine: AsyncEngine
) -> None:
    async def fetched(ranges: int) -> dict[str, Any]:
        allocations = [
            Allocation(Prefix.parse(f"47.{number}.0.0/16"), "ripencc", "allocated", "a")
            for number in range(ranges)
        ]
        file = StatisticsFile("ripencc", "1", "0" * 64, world.clock.now(), allocations)
        registrations = RegistrationSnapshots(engine)
        async with registrations.exclusive() as tx:
            if fault := too_few(ranges, await tx.best_count("ripencc", world.clock.now())):
                now = world.clock.now()
                await tx.record_failure("ripencc", fault, at=now, refused=ranges)
            else:
                await tx.replace(file)
        [shown] = await operator.result("GET", "/registration_snapshots")
        return dict(shown)

    path = "/registration_snapshots/ripencc/accept"
    assert await operator.refusal(path) == (404, "snapshot_not_found")
    assert (await fetched(10))["refused"] is None
    assert await operator.refusal(path) == (409, "snapshot_not_acceptable")
    shrunk = await fetched(2)
    assert (shrunk["ranges"], shrunk["refused"], shrunk["acceptance"]) == (10, 2, None)
    accepted = await operator.act(path)
    assert accepted["acceptance"]["reason"] == WHY
    event = await operator.last_event()
    assert event["kind"] == "registration_snapshot.accepted"
    assert event["before"] == {"registry": "ripencc", "ranges": 10}
    assert event["after"] == {"registry": "ripencc", "ranges": 2}
    assert await operator.refusal(path) == (409, "snapshot_not_acceptable")
    loaded = await fetched(3)  # the next day's
    assert (loaded["ranges"], loaded["fault"], loaded["acceptance"]) == (3, None, None)
