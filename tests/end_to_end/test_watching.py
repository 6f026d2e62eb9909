"""A worker looks at what was approved, at the sandbox's registry, name servers and statistics."""

import time
from typing import Any

from tests.end_to_end.running import Running, eventually

MINUTES = 3
SIGNALS = 6
PAUSE = 1.0  # this asks for minutes, and an account may ask so often


def test_what_is_approved_is_watched_from_the_first_minute_on(service: Running) -> None:
    made = service.result("POST", "/prefixes", json={"cidr": "198.18.53.0/24", "asn": 64500})
    service.publish(made, owners=["byoip-validation.53.18.198.in-addr.arpa"])
    path = f"/prefixes/{made['id']}"
    service.result("POST", f"{path}/validate")
    eventually(lambda: service.result("GET", path)["approved"])

    def looked_at() -> Any:
        time.sleep(PAUSE)
        shown = service.result("GET", f"{path}/watch")
        signals = [one for one in shown["signals"] if one["looked_at"]]
        return shown if len(signals) == SIGNALS else None

    time.sleep(PAUSE)  # all routes are judged by each newer snapshot: of a later second
    known = service.control("GET", "/rpki/vrps")
    other = {"prefix": "198.18.54.0/24", "asn": 64500, "maxLength": 24, "ta": "ripe"}
    service.control("PUT", "/rpki/vrps", json=[*known, other])
    shown = eventually(looked_at, within=60 * MINUTES)
    found = {one["signal"]: one for one in shown["signals"]}
    assert {one["level"] for one in found.values()} == {"none"}
    assert {one["unanswered"] for one in found.values()} == {None}
    named = '"Holder of sandbox-ripencc-2" (sandbox-ripencc-2 at ripencc)'
    assert found["holder"]["seen"] == named
    assert "maintained by" in found["route_object"]["seen"]
    assert found["roa"]["seen"] == "Valid by the ROA data in use."
    assert shown["frozen_for"] == []
