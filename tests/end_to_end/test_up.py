"""`byoip up --sandbox`: the whole onboarding, and what is left when it goes."""

import json
import signal
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.end_to_end.running import BYOIP, Running, environment, eventually, family_of, up
from tests.processes import gone_within


def test_a_customer_onboards_an_ipv4_prefix_by_reverse_dns(service: Running) -> None:
    prefix = service.result("POST", "/prefixes", json={"cidr": "198.18.0.0/23", "asn": 64500})
    path = f"/prefixes/{prefix['id']}"
    assert prefix["approved"] == "P"
    names = [one["name"] for one in prefix["blockers"]]
    assert names[0] == "ownership_pending"
    zones = ("0.18.198", "1.18.198")
    service.publish(prefix, owners=[f"byoip-validation.{one}.in-addr.arpa" for one in zones])
    asked = service.ask("POST", f"{path}/validate")
    assert asked.status_code == 202
    shown = eventually(lambda: service.approved(prefix["id"]))
    assert [one["name"] for one in shown["blockers"]] == ["incomplete_bgp_deployment"]
    assert shown["advertisable"] is False
    offered = {one["name"]: one["id"] for one in service.result("GET", "/services")}
    bound = {"cidr": prefix["cidr"], "service_id": offered["CDN"]}
    service.result("POST", f"{path}/bindings", json=bound)
    shown = service.result("GET", path)
    assert (shown["advertisable"], shown["blockers"]) == (True, [])
    assert service.ask("DELETE", path).status_code == 409
    (run,) = service.result("GET", f"{path}/validations")
    assert run["result"] == "approved"
    events = service.result("GET", f"{path}/events")
    assert [one["number"] for one in events] == list(range(1, len(events) + 1))


def test_a_customer_onboards_an_ipv6_prefix_by_its_route_object(service: Running) -> None:
    body = {"cidr": "2001:db8:1::/48", "asn": 64500}
    prefix = service.result("POST", "/prefixes", json=body)
    eventually(lambda: service.looked(prefix["id"]))
    service.publish(prefix, owners=[])
    line = f"remarks: byoip-validation: {prefix['ownership_validation_token']}"
    cidr = prefix["cidr"]
    text = (
        f"inet6num: {cidr}\nstatus: ASSIGNED\nmnt-by: A-MNT\nsource: RIPE\n\n"
        f"route6: {cidr}\norigin: AS64500\n{line}\nmnt-by: A-MNT\nsource: RIPE\n"
    )
    service.control("PUT", "/irr/RIPE", content=text)
    service.result("POST", f"/prefixes/{prefix['id']}/validate")
    shown = eventually(lambda: service.approved(prefix["id"]))
    assert shown["ownership_validation_state"] == "valid"


def test_what_customers_publish_wrongly_is_told_and_then_mended(service: Running) -> None:
    prefix = service.result("POST", "/prefixes", json={"cidr": "198.18.16.0/24", "asn": 64500})
    path = f"/prefixes/{prefix['id']}"
    owner = "byoip-validation.16.18.198.in-addr.arpa"
    service.control("PUT", f"/dns/txt/{owner}", json=["f" * 32])
    service.result("POST", f"{path}/validate")
    run = eventually(lambda: _finished(service, path))
    assert run["result"] == "failed"
    shown = service.result("GET", path)
    states = [shown[f"{one}_validation_state"] for one in ("ownership", "irr", "rpki")]
    assert states == ["invalid", "missing", "missing"]
    service.publish(prefix, owners=[owner])
    service.result("POST", f"{path}/validate")
    eventually(lambda: service.approved(prefix["id"]))


def _finished(service: Running, path: str) -> dict[str, str] | None:
    found = [one for one in service.result("GET", f"{path}/validations") if one["finished_at"]]
    return found[0] if found else None


def test_silence_is_no_answer_until_the_customer_asks_again(service: Running) -> None:
    prefix = service.result("POST", "/prefixes", json={"cidr": "198.18.20.0/24", "asn": 64500})
    path = f"/prefixes/{prefix['id']}"
    service.publish(prefix, owners=["byoip-validation.20.18.198.in-addr.arpa"])
    service.control("PUT", "/faults/irr", json={"kind": "refused"})
    try:
        service.result("POST", f"{path}/validate")
        run = eventually(lambda: _finished(service, path))
        assert run["result"] == "unanswered"
        assert service.result("GET", path)["irr_validation_state"] == "pending"
    finally:
        service.control("DELETE", "/faults")
    service.result("POST", f"{path}/validate")  # the sleeping run starts at once
    eventually(lambda: service.approved(prefix["id"]), within=10)


def test_the_ready_file_is_private_and_goes_and_data_stays(open_directory: Path) -> None:
    with up(open_directory, COLUMNS="60") as first:
        assert stat.S_IMODE(first.ready_file.stat().st_mode) == 0o600
        assert first.ready["base_url"].endswith("/client/v4")
        root = first.ready["base_url"].removesuffix("/client/v4")
        assert first.http.get(f"{root}/readyz").status_code == 200
        assert first.http.get(f"{root}/healthz").status_code == 200
        assert the_link_is_whole(first)
        assert b"# TYPE" in first.http.get(f"{root}/metrics").content
        made = first.result("POST", "/prefixes", json={"cidr": "198.18.8.0/24", "asn": 64500})
        assert first.stop() == 0
        assert not first.ready_file.exists()
    with up(open_directory) as second:
        for name in ("account_id", "api_token", "operator_token"):
            assert second.ready[name] == first.ready[name]
        assert second.result("GET", f"/prefixes/{made['id']}") == made
        all_of_it = family_of(second.process.pid)
        assert len(all_of_it) > 2  # Postgres and its own
        second.process.send_signal(signal.SIGKILL)
        second.process.wait()
        assert gone_within(10, all_of_it)


def test_a_production_database_refuses_the_sandbox(bare_database_url: str) -> None:
    known = environment(DATABASE_URL=bare_database_url)
    subprocess.run([BYOIP, "migrate"], env=known, check=True, capture_output=True)
    refused = subprocess.run(
        [BYOIP, "up", "--sandbox", "--port", "0"],
        env=known,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert refused.returncode == 2
    assert "production" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_up_for_production_refreshes_roas_in_a_process_of_its_own(open_directory: Path) -> None:
    feed = open_directory / "feed.json"
    built = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    roa = {"prefix": "8.8.8.0/24", "asn": 64500, "maxLength": 24, "ta": "ripe"}
    feed.write_text(json.dumps({"metadata": {"buildtime": built}, "roas": [roa]}))
    settings = {
        "BYOIP_ORIGIN_ASNS": "64500",
        "BYOIP_RPKI_FEED_FILE": str(feed),
        "BYOIP_RPKI_ANCHORS": "ripe",
        "BYOIP_RPKI_FLOOR": "1",
        "BYOIP_STATISTICS_DIR": str(open_directory),
    }
    with up(open_directory, production=True, COLUMNS="60", **settings) as running:
        root = running.ready["base_url"].removesuffix("/client/v4")

        def loaded() -> bool:
            told = running.http.get(f"{root}/metrics").text
            return 'byoip_roa_snapshot_entries{anchor="ripe"} 1.0' in told

        assert eventually(loaded)
        assert "sandbox_control_url" not in running.ready
        assert the_link_is_whole(running)
        assert signs_in_once(running, "/ui/noc")


def test_the_sandbox_gives_a_link_that_signs_in_once(service: Running) -> None:
    assert service.ready["sign_in_link"].startswith("http://localhost:")
    assert signs_in_once(service, "/ui/prefixes")


def the_link_is_whole(running: Running) -> bool:
    """Printed on a line of its own, however narrow the terminal."""
    link = running.ready["sign_in_link"]
    assert len(link) > 60

    def printed() -> bool:
        said = running.ready_file.with_name("log").read_text()
        return f"  {link}" in said.splitlines()

    return eventually(printed)


def signs_in_once(running: Running, home: str) -> bool:
    """By the link that was printed; it leads to this page."""
    address, _, code = running.ready["sign_in_link"].partition("#")
    own = {"sec-fetch-site": "same-origin"}
    with httpx.Client(timeout=10) as browser:
        assert '<form id="enter"' in browser.get(address).text
        entered = browser.post(address, data={"code": code}, headers=own)
        cookie = entered.headers["set-cookie"].partition(";")[0]
        led = browser.get(address.replace("/enter", ""), headers={"cookie": cookie})
        again = browser.post(address, data={"code": code}, headers=own)
    assert (entered.status_code, led.status_code, again.status_code) == (303, 303, 403)
    return bool(led.headers["location"] == home)
