"""Issue "Time", 3: `byoip up --sandbox` with three perspectives, from the claim to the letter."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from byoip.adapters.perspectives.wire import public_text
from tests.databases import directory_open_to_all, fast_place
from tests.end_to_end.running import BYOIP, Running, environment, eventually, up
from tests.perspectives.agents import PLACES, write_key
from tests.processes import reserved_port

OWNER = "byoip-validation.{}.18.198.in-addr.arpa"


@contextmanager
def agent(directory: Path, service: Running, name: str, port: int, core: str) -> Iterator[None]:
    """A perspective that asks where the sandbox says."""
    ports = service.control("PUT", f"/places/{name}")
    region = next(one.region for one in PLACES if one.name == name)
    file = directory / f"{name}.toml"
    lines = [
        f'perspective_name = "{name}"',
        f'perspective_region = "{region}"',
        f'perspective_key = "{directory / name}.pem"',
        f'perspective_callers = ["{core}"]',
        f'resolvers = ["127.0.0.1:{ports["name_server_port"]}"]',
        f"name_server_port = {ports['name_server_port']}",
        'contactable = ["127.0.0.0/8"]',
        '[[registries]]\nkey = "ripencc"\nsource = "RIPE"\ndialect = "ripe"\nhost = "127.0.0.1"',
        f"port = {ports['whois_port']}",
    ]
    file.write_text("\n".join(lines))
    argv = [str(BYOIP), "perspective", "--port", str(port)]
    with subprocess.Popen(argv, env=environment(BYOIP_CONFIG=str(file))) as process:
        try:
            yield
        finally:
            process.kill()


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    with ExitStack() as stack:
        directory = stack.enter_context(directory_open_to_all(fast_place()))
        core = Ed25519PrivateKey.generate()
        ports = [stack.enter_context(reserved_port()) for _ in PLACES]
        lines = [
            f'perspective_key = "{write_key(directory / "core.pem", core)}"',
            "perspectives_decide = true",
        ]
        (directory / "core.pem").chmod(0o644)  # the service may run as somebody else
        for place, port in zip(PLACES, ports, strict=True):
            key = Ed25519PrivateKey.generate()
            write_key(directory / f"{place.name}.pem", key)
            lines += [
                "[[perspectives]]",
                f'name = "{place.name}"\nregion = "{place.region}"\nasn = {place.asn}',
                f"latitude = {place.latitude}\nlongitude = {place.longitude}",
                f'url = "http://127.0.0.1:{port}"\npublic_key = "{public_text(key)}"',
            ]
        file = directory / "core.toml"
        file.write_text("\n".join(lines))
        running = stack.enter_context(up(directory, BYOIP_CONFIG=str(file)))
        for place, port in zip(PLACES, ports, strict=True):
            about = directory, running, place.name, port, public_text(core)
            stack.enter_context(agent(*about))
        for port in ports:
            eventually(partial(listens, port))
        yield running


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def claimed(service: Running, number: int) -> tuple[Any, str]:
    body = {"cidr": f"198.18.{number}.0/24", "asn": 64500, "delegate_loa_creation": True}
    made = service.result("POST", "/prefixes", json=body)
    owner = OWNER.format(number)
    service.publish(made, owners=[owner])
    return made, owner


def ended(service: Running, prefix_id: str) -> dict[str, Any]:
    """The newest run, once it has ended."""
    run = service.result("POST", f"/prefixes/{prefix_id}/validate")
    assert run
    path = f"/prefixes/{prefix_id}/validations"

    def done() -> dict[str, Any] | None:
        newest = service.result("GET", path)[0]
        over = newest["result"] is not None
        return service.result("GET", f"{path}/{newest['id']}") if over else None

    return eventually(done)


def check(run: dict[str, Any]) -> dict[str, Any]:
    (found,) = [one for one in run["checks"] if one["check"] == "ownership_rdns"]
    return dict(found)


def test_all_agree_and_the_letter_says_so(service: Running) -> None:
    made, _ = claimed(service, 61)
    path = f"/prefixes/{made['id']}"
    run = ended(service, made["id"])
    assert check(run)["seen"].startswith("From here and 3 of 3 other places: "), json.dumps(run)
    eventually(lambda: service.approved(made["id"]))
    eventually(lambda: service.result("GET", path)["loa_document_id"])
    events = service.result("GET", f"{path}/events")
    [issued] = [one for one in events if one["kind"] == "letter.issued"]
    root = service.ready["base_url"].removesuffix("/client/v4")
    letter = service.http.get(f"{root}/loa/{issued['after']['reference']}").json()["result"]
    (stated,) = [one for one in letter["checks"] if one["check"] == "ownership_rdns"]
    assert stated["seen"].startswith("From here and 3 of 3 other places: ")
    assert "perspective" not in stated["of"]


def test_two_places_that_see_otherwise_are_a_no(service: Running) -> None:
    made, owner = claimed(service, 62)
    for place in ("nyc", "tyo"):
        service.control("PUT", f"/places/{place}/dns/txt/{owner}", json=["somebody-elses"])
    run = ended(service, made["id"])
    found = check(run)
    assert (run["result"], found["end"]) == ("failed", "failed")
    assert found["reason"] == "perspectives_disagree"
    assert "nyc (arin): " in found["seen"]
    assert any("from perspective tyo" in one["of"] for one in found["evidence"])
    assert service.approved(made["id"]) is None
