import base64
from datetime import timedelta
from uuid import UUID

import pytest

from byoip.domain.checks.evidence import (
    Check,
    Failed,
    Fault,
    Finding,
    Outcome,
    Passed,
    RawAnswer,
    Reason,
    Unanswered,
)
from byoip.domain.checks.validation_run import RunResult
from tests.api.world import World


async def test_a_token_comes_with_everything_to_paste(world: World) -> None:
    made = await world.prefix()
    path = f"/prefixes/{made['id']}/validation_tokens"
    issued = await world.result("POST", path, json={"method": "rdns"})
    assert issued["method"] == "rdns"
    assert issued["status"] == "usable"
    assert [one["name"] for one in issued["instructions"]] == [
        "byoip-validation.0.0.31.in-addr.arpa.",
        "byoip-validation.1.0.31.in-addr.arpa.",
    ]
    assert all(issued["token"] in one["line"] for one in issued["instructions"])
    [instruction, *_] = (await world.result("POST", path, json={"method": "irr"}))["instructions"]
    assert instruction["line"].startswith("remarks: byoip-validation: ")


async def test_issuing_replaces_the_token_before(world: World) -> None:
    made = await world.prefix()
    path = f"/prefixes/{made['id']}/validation_tokens"
    world.clock.advance(timedelta(seconds=1))
    issued = await world.result("POST", path, json={"method": "irr"})
    first, second = await world.result("GET", path)
    assert (first["token"], first["status"]) == (made["ownership_validation_token"], "revoked")
    assert first["revoked_at"] is not None
    assert second == {key: value for key, value in issued.items() if key != "instructions"}
    shown = await world.result("GET", f"/prefixes/{made['id']}")
    assert shown["ownership_validation_token"] == issued["token"]


async def test_a_token_is_revoked_once(world: World) -> None:
    path = f"/prefixes/{(await world.prefix())['id']}/validation_tokens"
    [token] = await world.result("GET", path)
    assert (await world.call("DELETE", f"{path}/{token['id']}")).json()["result"] is None
    assert await world.errors("DELETE", f"{path}/{token['id']}") == [(409, "token_spent", "")]


async def test_a_token_past_its_time_shows_as_expired(world: World) -> None:
    path = f"/prefixes/{(await world.prefix())['id']}/validation_tokens"
    world.clock.advance(timedelta(days=8))
    [token] = await world.result("GET", path)
    assert token["status"] == "expired"


@pytest.mark.parametrize("method", ["any", "IRR", "", None, 1, ["irr"]])
async def test_a_method_we_do_not_have_is_refused(world: World, method: object) -> None:
    path = f"/prefixes/{(await world.prefix())['id']}/validation_tokens"
    assert await world.errors("POST", path, json={"method": method}) == [
        (422, "field_invalid", "/method")
    ]


async def test_tokens_are_not_issued_faster_than_anyone_can_publish(world: World) -> None:
    path = f"/prefixes/{(await world.prefix())['id']}/validation_tokens"
    for _ in range(9):
        await world.result("POST", path, json={"method": "irr"})
    response = await world.call("POST", path, json={"method": "irr"})
    assert response.status_code == 429
    assert response.headers["retry-after"] == "3600"
    assert response.headers["x-should-retry"] == "false"


async def test_an_approved_prefix_needs_no_token(world: World) -> None:
    prefix_id, _ = await world.approved()
    path = f"/prefixes/{prefix_id}/validation_tokens"
    assert await world.errors("POST", path, json={"method": "irr"}) == [
        (409, "not_in_this_state", "")
    ]


async def run_with(world: World, outcomes: dict[Check, Outcome], raw: bytes) -> tuple[str, str]:
    """A finished run of a new prefix: ids of both."""
    prefix_id = (await world.prefix())["id"]
    await world.call("POST", f"/prefixes/{prefix_id}/validate")
    [shown] = await world.result("GET", f"/prefixes/{prefix_id}/validations")
    assert (shown["state"], shown["result"], shown["checks"]) == ("scheduled", None, [])
    now = world.clock.now()
    exhibit = RawAnswer("-r 31.0.0.0/23", "whois.sandbox.test:43", raw, now)
    findings = [Finding(check, outcome, now, (exhibit,)) for check, outcome in outcomes.items()]
    async with world.store.transaction() as tx:
        run = await tx.runs.take(UUID(shown["id"]), timedelta(seconds=30))
        assert run is not None
        await tx.runs.finish(run.finished(RunResult.FAILED, now), findings)
    return prefix_id, shown["id"]


async def test_a_run_shows_what_was_asked_of_whom_and_what_came_back(world: World) -> None:
    raw = b"route: 31.0.0.0/23\norigin: AS64501\n"
    outcomes: dict[Check, Outcome] = {
        Check.IRR: Failed(Reason.ROUTE_OBJECT_OTHER_ORIGIN, "AS64501", "Change the origin."),
        Check.RPKI: Passed("ROA 31.0.0.0/23", ("max length is longer",)),
        Check.OWNERSHIP_RDNS: Unanswered(Fault.TIMEOUT, "ns1 is silent"),
    }
    prefix_id, run_id = await run_with(world, outcomes, raw)
    shown = await world.result("GET", f"/prefixes/{prefix_id}/validations/{run_id}")
    assert (shown["state"], shown["result"], shown["trigger"]) == ("finished", "failed", "customer")
    irr, rpki, rdns = shown["checks"]
    [evidence] = irr.pop("evidence")
    assert (evidence["encoding"], evidence["answer"]) == ("text", raw.decode())
    assert (evidence["asked"], evidence["size_bytes"]) == ("-r 31.0.0.0/23", len(raw))
    assert len(evidence["sha256"]) == 64
    irr.pop("at")
    assert irr == {
        "check": "irr",
        "end": "failed",
        "reason": "route_object_other_origin",
        "documentation_url": "/errors#route_object_other_origin",
        "fault": None,
        "seen": "AS64501",
        "fix": "Change the origin.",
        "warnings": [],
    }
    assert (rpki["end"], rpki["warnings"]) == ("passed", ["max length is longer"])
    assert (rdns["end"], rdns["fault"], rdns["fix"]) == (
        "unanswered",
        "timeout",
        Unanswered(Fault.TIMEOUT, "").fix,
    )


async def test_a_list_of_runs_has_findings_but_no_evidence(world: World) -> None:
    prefix_id, _ = await run_with(world, {Check.RPKI: Passed("ROA")}, b"x")
    [run] = await world.result("GET", f"/prefixes/{prefix_id}/validations")
    assert [one["check"] for one in run["checks"]] == ["rpki"]
    assert "evidence" not in run["checks"][0]


@pytest.mark.parametrize("raw", [b"caf\xe9", b"\x00\x01", b"\x1b[2J", "\u202e".encode()])
async def test_raw_bytes_that_are_not_readable_text_come_as_base64(
    world: World, raw: bytes
) -> None:
    prefix_id, run_id = await run_with(world, {Check.RPKI: Passed("ROA")}, raw)
    shown = await world.result("GET", f"/prefixes/{prefix_id}/validations/{run_id}")
    [evidence] = shown["checks"][0]["evidence"]
    assert evidence["encoding"] == "base64"
    assert base64.b64decode(evidence["answer"]) == raw


async def test_a_preflight_says_what_would_break_and_keeps_nothing(world: World) -> None:
    world.outside.registry.put(
        "RIPE", "route: 31.0.0.0/24\norigin: AS64501\nmnt-by: X-MNT\nsource: RIPE\n"
    )
    report = await world.result(
        "POST", "/prefix_preflights", json={"cidr": "31.0.0.0/23", "asn": 64500}
    )
    assert report["would_pass"] is False
    ends = {one["check"]: one["end"] for one in report["checks"]}
    assert ends["irr"] == "failed"
    assert ends["rpki"] == "unanswered"
    assert {"asn": 64501, "cidr": "31.0.0.0/24", "where": "route object in RIPE"} in report[
        "other_origins"
    ]
    assert any("AS64501" in warning for warning in report["warnings"])
    assert await world.result("GET", "/prefixes") == []


async def test_preflights_are_ten_a_minute_for_each_account(world: World) -> None:
    body = {"cidr": "31.0.0.0/23", "asn": 64500}
    for _ in range(10):
        await world.result("POST", "/prefix_preflights", json=body)
    response = await world.call("POST", "/prefix_preflights", json=body)
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 60
    world.account_id, world.token = world.other_account_id, world.other_token
    assert (await world.call("POST", "/prefix_preflights", json=body)).status_code == 200
