"""A worker looks at what was approved, at the sandbox's registry, name servers and statistics."""

from typing import Any

from tests.end_to_end.running import Running, eventually

MINUTES = 3
SIGNALS = 6


def test_what_is_approved_is_watched_from_the_first_minute_on(service: Running) -> None:
    made = service.result("POST", "/prefixes", json={"cidr": "198.18.53.0/24", "asn": 64500})
    service.publish(made, owners=["byoip-validation.53.18.198.in-addr.arpa"])
    path = f"/prefixes/{made['id']}"
    service.result("POST", f"{path}/validate")
    eventually(lambda: service.result("GET", path)["approved"])

    def looked_at() -> Any:
        shown = service.result("GET", f"{path}/watch")
        return shown if len(shown["signals"]) == SIGNALS else None

    shown = eventually(looked_at, within=60 * MINUTES)
    found = {one["signal"]: one for one in shown["signals"]}
    assert {one["level"] for one in found.values()} == {"none"}
    assert {one["unanswered"] for one in found.values()} == {None}
    assert found["holder"]["seen"] == "sandbox-ripencc-2 at ripencc"
    assert "maintained by" in found["route_object"]["seen"]
    assert found["roa"]["seen"] == "Valid by the ROA data in use."
    assert shown["frozen_for"] == []
