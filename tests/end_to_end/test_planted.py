"""Issue Tools, 4.4: what is planted in the sandbox is told to its customer by its own reason."""

from typing import Any

from tests.end_to_end.running import Running, eventually


def claimed(service: Running, cidr: str) -> dict[str, Any]:
    made: dict[str, Any] = service.result("POST", "/prefixes", json={"cidr": cidr, "asn": 64500})
    return made


def checked(service: Running, prefix: dict[str, Any]) -> dict[str, Any]:
    """The checks of the newest run, by name, with their reasons."""
    path = f"/prefixes/{prefix['id']}"
    asked = service.ask("POST", f"{path}/validate").json()["result"]["validation"]["id"]

    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = service.result("GET", f"{path}/validations/{asked}?wait=10")
        return run if run["finished_at"] else None

    return {one["check"]: one["reason"] for one in eventually(ended)["checks"]}


def test_4_4_a_planted_cname_is_told_as_an_alias(service: Running) -> None:
    prefix, owner = claimed(service, "198.18.32.0/24"), "byoip-validation.32.18.198.in-addr.arpa"
    service.publish(prefix, owners=[owner])
    service.control("PUT", f"/dns/cname/{owner}", json="token.elsewhere.example.")
    assert checked(service, prefix)["ownership_rdns"] == "alias_in_answer"
    service.control("DELETE", f"/dns/cname/{owner}")
    checked(service, prefix)
    assert service.approved(prefix["id"])


def test_4_4_planted_signatures_that_do_not_hold_are_told_as_bogus(service: Running) -> None:
    prefix, zone = claimed(service, "198.18.33.0/24"), "33.18.198.in-addr.arpa"
    service.publish(prefix, owners=[f"byoip-validation.{zone}"])
    service.control("PUT", f"/dns/bogus/{zone}")
    assert checked(service, prefix)["ownership_rdns"] == "dnssec_bogus"
    service.control("DELETE", f"/dns/bogus/{zone}")
    checked(service, prefix)
    assert service.approved(prefix["id"])


def test_4_4_a_planted_end_of_a_token_shows_at_once_and_validate_issues_another(
    service: Running,
) -> None:
    prefix = claimed(service, "198.18.34.0/24")
    path, old = f"/prefixes/{prefix['id']}", prefix["ownership_validation_token"]
    service.control("POST", "/tokens/expire", json=old)
    shown = service.result("GET", path)
    assert shown["ownership_validation_state"] == "expired"
    assert shown["blockers"][0]["name"] == "ownership_token_needed"
    assert "expired at" in shown["blockers"][0]["message"]
    answer = service.ask("POST", f"{path}/validate").json()
    assert "token_reissued" in str(answer["messages"])
    assert service.result("GET", path)["ownership_validation_token"] != old


def test_4_4_a_planted_missing_inetnum_is_told_as_that(service: Running) -> None:
    prefix = claimed(service, "198.18.35.0/24")
    eventually(lambda: service.looked(prefix["id"]))
    service.publish(prefix, owners=[])
    block = "inetnum: 198.18.35.0 - 198.18.35.255\nstatus: ASSIGNED PA\nmnt-by: A-MNT\n"
    line = f"remarks: byoip-validation: {prefix['ownership_validation_token']}"
    route = f"route: {prefix['cidr']}\norigin: AS64500\n{line}\nmnt-by: A-MNT\nsource: RIPE\n"
    service.control("PUT", "/irr/RIPE", content=f"{block}source: RIPE\n\n{route}")
    service.control("DELETE", f"/irr/RIPE/blocks/{prefix['cidr']}")
    assert checked(service, prefix)["ownership_irr"] == "address_block_missing"
    service.control("PUT", "/irr/RIPE", content=f"{block}source: RIPE\n")
    checked(service, prefix)
    assert service.approved(prefix["id"])
