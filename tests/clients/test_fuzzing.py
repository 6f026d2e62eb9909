"""schemathesis, with every check it has and stateful: no 5xx, and nothing that we do not document.

`make fuzz` gives it FUZZ_SECONDS; without that it is a short run that starts the same each time.
"""

import json
import os
from collections.abc import Iterator, Mapping
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
    """One of its own: the operator's side is fuzzed, too, and no account is safe from that.

    Without limits, which a fuzzer is over in seconds, to hear 429 ever after.
    """
    with (
        directory_open_to_all() as directory,
        up(directory, BYOIP_REQUESTS_PER_CREDENTIAL="0", BYOIP_REQUESTS_PER_ACCOUNT="0") as running,
    ):
        yield running


def onboarded(story: Story) -> dict[str, list[str]]:
    """An approved prefix with its default binding and a letter: ids that a fuzzer cannot guess."""
    root = f"{story.base_url}/accounts/{story.account_id}/addressing"
    headers = {"authorization": f"Bearer {story.api_token}"}
    with httpx.Client(headers=headers) as http:

        def ask(method: str, path: str, body: object = None) -> Any:
            return http.request(method, root + path, json=body).raise_for_status().json()["result"]

        wanted = {"cidr": story.cidr, "asn": 64500, "delegate_loa_creation": True}
        prefix = ask("POST", "/prefixes", wanted)
        path = f"/prefixes/{prefix['id']}"
        story.publish(prefix["ownership_validation_token"])
        http.post(f"{root}{path}/validate").raise_for_status()
        document_id = eventually(lambda: ask("GET", path)["loa_document_id"])
        services = [one["id"] for one in ask("GET", "/services")]
        ask("POST", f"{path}/bindings", {"cidr": story.cidr, "service_id": services[0]})
        [issued] = [one for one in ask("GET", f"{path}/events") if one["kind"] == "letter.issued"]
    return {
        "path.prefix_id": [prefix["id"]],
        "path.loa_document_id": [document_id],
        "path.reference": [issued["after"]["reference"]],
        "body.service_id": services,
    }


def spare_credential(service: Running, story: Story) -> str:
    """Id of one that may be revoked: without its own a fuzzer would hear 401 ever after."""
    answer = service.http.post(
        f"{story.root}/client/v4/operator/credentials",
        headers={"authorization": f"Bearer {service.ready['operator_token']}"},
        json={"reason": "to be revoked", "name": "spare", "account_id": story.account_id},
    )
    found: str = answer.raise_for_status().json()["result"]["id"]
    return found


def configuration(
    story: Story, operator_token: str, credential_id: str, known: Mapping[str, list[str]]
) -> str:
    """What a fuzzer cannot guess: ids that exist, and addresses that may be brought."""
    half, one = story.cidr.replace("/24", "/25"), story.cidr.replace("0/24", "7/32")
    sometimes = {
        **known,
        "body.cidr": [story.cidr, half, one, "198.18.66.0/24", "2001:db8:77::/48"],
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
            f'"path.credential_id" = "{credential_id}"',
            '"query.wait" = 0',  # half a minute without news is no fault
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
    spare = spare_credential(service, story)
    configured.write_text(configuration(story, operator_token, spare, onboarded(story)))
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
