"""A letter, from the approval to the page that a network checks it on."""

from hashlib import sha256
from typing import Any

from byoip.adapters.letters.pdf_contents import pages_of
from tests.end_to_end.running import Running, eventually


def test_an_approved_prefix_gets_a_letter_that_ends_with_it(service: Running) -> None:
    body = {"cidr": "198.18.52.0/24", "asn": 64500, "delegate_loa_creation": True}
    made = service.result("POST", "/prefixes", json=body)
    service.publish(made, owners=["byoip-validation.52.18.198.in-addr.arpa"])
    path = f"/prefixes/{made['id']}"
    words = {"name": 'Société "Exemple"', "type": "ASSIGNED PA", "handle": "ORG-EX1-RIPE"}
    service.control("PUT", "/rdap/ripencc/198.18.52.0/24", json=words)
    service.result("POST", f"{path}/validate")
    document_id = eventually(lambda: service.result("GET", path)["loa_document_id"])
    content = service.ask("GET", f"/loa_documents/{document_id}/download").content
    assert pages_of(content) >= 1

    [issued] = [
        one for one in service.result("GET", f"{path}/events") if one["kind"] == "letter.issued"
    ]
    page = (
        f"{service.ready['base_url'].removesuffix('/client/v4')}/loa/{issued['after']['reference']}"
    )

    def letter() -> Any:
        return service.http.get(page).json()["result"]

    assert letter()["status"] == "valid"
    assert letter()["sha256"] == sha256(content).hexdigest()
    assert letter()["prefix"] == "198.18.52.0/24"
    parties = {one["check"]: one["of"] for one in letter()["checks"]}
    assert parties["irr"].startswith("RIPE NCC, 127.0.0.1:")
    # The sandbox's zones are not signed: those that showed the token are named, no resolver.
    named = "ns1.sandbox.test, ns2.sandbox.test, ns3.sandbox.test"
    assert parties["ownership_rdns"] == named
    assert not any("snapshot" in one for one in parties.values())
    least, around = letter()["registrants"]
    assert (least["end"], least["name"], least["space"]) == ("answered", 'Société "Exemple"', "PA")
    assert least["of"].startswith("RIPE NCC, 127.0.0.1:")
    assert around["name"] == "Holder of sandbox-ripencc-2"
    (run,) = service.result("GET", f"{path}/validations")
    (found, *_) = service.result("GET", f"{path}/validations/{run['id']}")["checks"]
    assert "may be a lessee" in found["warnings"][0]
    assert [one["asked"].split()[0] for one in found["evidence"][1:]] == ["RDAP", "RDAP"]
    said = service.http.get(page, headers={"accept": "text/html"}).text
    assert "Letter of Agency" in said
    assert r"<bdi>&#34;Société \&#34;Exemple\&#34;&#34;</bdi>" in said
    service.ask("DELETE", path)
    assert (letter()["status"], letter()["revoked_because"]) == ("revoked", "removed")
