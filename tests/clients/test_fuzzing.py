"""schemathesis, with every check it has and stateful: no 5xx, and nothing that we do not document.

`make fuzz` gives it FUZZ_SECONDS: three fifths of the time are for operations one by one, the rest
for what follows from another's answer, which would get nothing if it came after the first within
the same time. Without it this is a short run that starts the same each time, leaves out the
thousands of cases of "coverage", and asks so many questions however long they take: on a slow
machine a time would be over before the last phase.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.parts import TOOLS, Part, require
from tests.clients.stories import Story, run, teller
from tests.databases import directory_open_to_all, fast_place
from tests.end_to_end.running import Running, eventually, up

pytestmark = pytest.mark.real
ONE_BY_ONE = "examples,coverage,fuzzing" if "FUZZ_SECONDS" in os.environ else "examples,fuzzing"
SECONDS = int(os.environ.get("FUZZ_SECONDS", "0"))
PATIENCE = SECONDS or 300


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    """One of its own: the operator's side is fuzzed, too, and no account is safe from that.

    Without limits, which a fuzzer is over in seconds, to hear 429 ever after.
    """
    with (
        directory_open_to_all(fast_place()) as directory,
        up(directory, BYOIP_REQUESTS_PER_CREDENTIAL="0", BYOIP_REQUESTS_PER_ACCOUNT="0") as running,
    ):
        yield running


def onboarded(story: Story) -> dict[str, list[str]]:
    """An approved prefix with its default binding and a letter: ids that a fuzzer cannot guess."""
    root = f"{story.base_url}/accounts/{story.account_id}/addressing"
    headers = {"authorization": f"Bearer {story.api_token}"}
    with httpx.Client(headers=headers, timeout=60) as http:

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


def credential(service: Running, account_id: str | None, **members: object) -> dict[str, str]:
    """A new one, with its token."""
    answer = service.http.post(
        f"{service.ready['base_url']}/operator/credentials",
        headers={"authorization": f"Bearer {service.ready['operator_token']}"},
        json={"reason": "to be fuzzed", "name": "fuzzer", "account_id": account_id, **members},
    )
    made: dict[str, str] = answer.raise_for_status().json()["result"]
    return made


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
            # A stream goes on for minutes, which to a fuzzer is silence: it hears a refusal.
            "[[operations]]",
            'include-path-regex = "/edge/changes/stream$"',
            f'headers = {{ Authorization = "Bearer {operator_token}" }}',
            'parameters = { "query.after" = 2000000000 }',
        ]
    )


@dataclass(frozen=True)
class Fuzzed:
    """What a run works with."""

    directory: Path
    url: str
    operations: int


@pytest.fixture(scope="module")
def fuzzed(service: Running, tmp_path_factory: pytest.TempPathFactory) -> Fuzzed:
    require(Part.TOOLS)
    directory, story = tmp_path_factory.mktemp("fuzzing"), teller(service)(65)
    token = credential(service, None, scopes=["operator", "edge:read", "edge:ack"])["token"]
    # One that may be revoked: without its own a fuzzer would hear 401 ever after.
    spare = credential(service, story.account_id)["id"]
    (directory / "schemathesis.toml").write_text(
        configuration(story, token, spare, onboarded(story))
    )
    document = service.http.get(f"{story.root}/openapi.json").raise_for_status()
    (directory / "openapi.json").write_bytes(document.content)
    operations = sum(len(item) for item in document.json()["paths"].values())
    return Fuzzed(directory, story.root, operations)


@pytest.mark.timeout(PATIENCE + 100)
@pytest.mark.parametrize(
    ("phases", "last", "share", "examples"),
    [(ONE_BY_ONE, "Fuzzing", 3, 3), ("stateful", "Stateful", 2, 8)],
)
def test_a_fuzzer_finds_nothing_wrong(
    fuzzed: Fuzzed, phases: str, last: str, share: int, examples: int
) -> None:
    short = ("--seed", "1", "--max-examples", str(examples))
    said = run(
        *(TOOLS / "schemathesis", "--config-file", fuzzed.directory / "schemathesis.toml"),
        *("run", fuzzed.directory / "openapi.json", "--url", fuzzed.url),
        *("--checks", "all", "--phases", phases),
        *("--continue-on-failure", "--no-color"),
        *(("--max-time", str(SECONDS * share // 5)) if SECONDS else short),
        cwd=fuzzed.directory,
        timeout=PATIENCE + 60,
    )
    assert f"✅ {last}" in said, said
    assert "uthentication" not in said, said
    if last == "Fuzzing":
        assert f"Tested: {fuzzed.operations}\n" in said, said
