"""schemathesis, with every check it has and stateful: no 5xx, and nothing that we do not document.

`make fuzz` gives it FUZZ_SECONDS; without that it is a short run that starts the same each time.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.parts import TOOLS, Part, require
from tests.clients.stories import Story, run, teller
from tests.databases import directory_open_to_all
from tests.end_to_end.running import Running, eventually, up

SHORT_SECONDS = 20
SECONDS = int(os.environ.get("FUZZ_SECONDS", SHORT_SECONDS))


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    """One of its own: the operator's side is fuzzed, too, and no account is safe from that."""
    with directory_open_to_all() as directory, up(directory) as running:
        yield running


def onboarded(story: Story) -> tuple[str, list[str]]:
    """An approved prefix with its default binding; its id, and the services."""
    root = f"{story.base_url}/accounts/{story.account_id}/addressing"
    headers = {"authorization": f"Bearer {story.api_token}"}
    with httpx.Client(headers=headers) as http:

        def ask(method: str, path: str, body: object = None) -> Any:
            return http.request(method, root + path, json=body).raise_for_status().json()["result"]

        prefix = ask("POST", "/prefixes", {"cidr": story.cidr, "asn": 64500})
        path = f"/prefixes/{prefix['id']}"
        story.publish(prefix["ownership_validation_token"])
        http.post(f"{root}{path}/validate").raise_for_status()
        eventually(lambda: ask("GET", path)["approved"] == "V")
        services = [one["id"] for one in ask("GET", "/services")]
        ask("POST", f"{path}/bindings", {"cidr": story.cidr, "service_id": services[0]})
    return prefix["id"], services


def configuration(story: Story, operator_token: str, prefix_id: str, services: list[str]) -> str:
    """What a fuzzer cannot guess: ids that exist, and addresses that may be brought."""
    half, one = story.cidr.replace("/24", "/25"), story.cidr.replace("0/24", "7/32")
    sometimes = {
        "path.prefix_id": [prefix_id],
        "body.cidr": [story.cidr, half, one, "198.18.66.0/24", "2001:db8:77::/48"],
        "body.service_id": services,
        "body.delegated_account_id": [story.other_account_id],
        "body.asn": [64500],
    }
    lists = [f'"{name}" = {{ values = {json.dumps(given)} }}' for name, given in sometimes.items()]
    bound = [f'"{name}" = {{ dictionary = "{name}", probability = 0.7 }}' for name in sometimes]
    # Not everything that has the right form is right: those are 409 and 422, never 400.
    accepted = json.dumps(["2XX", 401, 403, 404, 409, 412, 422, 428, 429])
    return "\n".join(
        [
            f'headers = {{ Authorization = "Bearer {story.api_token}" }}',
            "[dictionaries]",
            *lists,
            "[parameters]",
            f'"path.account_id" = "{story.account_id}"',
            *bound,
            "[generation]",
            "with-security-parameters = false",  # the token is given; a second one would be 400
            'database = "none"',
            "[checks.positive_data_acceptance]",
            f"expected-statuses = {accepted}",
            "[[operations]]",
            'include-path-regex = "^/client/v4/operator/"',
            f'headers = {{ Authorization = "Bearer {operator_token}" }}',
        ]
    )


@pytest.mark.timeout(SECONDS + 100)
def test_a_fuzzer_finds_nothing_wrong(service: Running, tmp_path: Path) -> None:
    require(Part.TOOLS)
    story, operator_token = teller(service)(65), service.ready["operator_token"]
    configured = tmp_path / "schemathesis.toml"
    configured.write_text(configuration(story, operator_token, *onboarded(story)))
    document = service.http.get(f"{story.root}/openapi.json").raise_for_status()
    kept = tmp_path / "openapi.json"
    kept.write_bytes(document.content)
    said = run(
        *(TOOLS / "schemathesis", "--config-file", configured, "run", kept, "--url", story.root),
        *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"),
        *("--max-time", str(SECONDS), "--continue-on-failure", "--no-color"),
        *(("--seed", "1") if SECONDS == SHORT_SECONDS else ()),
        cwd=tmp_path,
        timeout=SECONDS + 60,
    )
    operations = sum(len(item) for item in document.json()["paths"].values())
    assert f"Tested: {operations}\n" in said, said
