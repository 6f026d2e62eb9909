"""Stumble 36, what is never compressed: answers with a secret, streams and letters (1.6)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from byoip.api.application import declarations
from byoip.api.border.declarations import Audience, Declaration
from byoip.api.border.large_answers import COMPRESSED_FROM
from tests.api.letters import issued
from tests.api.operators import Operator
from tests.api.test_loa_documents import upload
from tests.api.world import World
from tests.pdfs import pdf, stream
from tests.stumbles.runs import carry_out, validate
from tests.stumbles.test_36_browsers_and_gzip import GZIP

READS = [one for one in declarations() if one.method == "GET"]
SECRETS = re.compile(r"(^|_)(token|secret|password)$")


def members(schema: Any) -> Iterator[str]:
    """The names of all members that a schema has."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        yield from properties if isinstance(properties, dict) else ()
        for one in schema.values():
            yield from members(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from members(one)


@pytest.mark.parametrize("read", [pytest.param(one, id=one.name) for one in READS])
def test_1_6_a_read_with_a_member_named_so_is_known_to_show_a_secret(read: Declaration) -> None:
    if not isinstance(read.answer, str):
        named = {one for one in members(read.answer.model_json_schema()) if SECRETS.search(one)}
        assert not (named and read.open), named


async def test_1_6_no_answer_with_a_token_is_compressed(world: World, operator: Operator) -> None:
    own = await world.result("POST", "/asns", json={"asn": 3320})
    made = await world.prefix()
    run_id = (await validate(world, made["id"]))["result"]["validation"]["id"]
    await carry_out(world, run_id)
    tokens = (made["ownership_validation_token"], own["asn_ownership_validation_token"])
    known = {"prefix_id": made["id"], "validation_id": run_id, "asn_id": own["id"]}
    known["account_id"] = world.account_id.hex
    shown, packed = set(), 0
    for one in READS:
        if isinstance(one.answer, str) or not set(re.findall(r"{(\w+)}", one.path)) <= {*known}:
            continue
        token = operator.token if one.audience is Audience.OPERATOR else world.token
        headers = {"authorization": f"Bearer {token}", **GZIP}
        answered = await world.client.get(one.full_path.format(**known), headers=headers)
        compressed = "content-encoding" in answered.headers
        if answered.is_success and any(each in answered.text for each in tokens):
            shown.add((one.audience, one.path))
            assert not compressed, one.full_path
        packed += compressed
    of = "/prefixes/{prefix_id}"
    both = {"/prefixes", of, f"{of}/validations", f"{of}/validations/{{validation_id}}", "/asns"}
    mine = both | {"/asns/{asn_id}", f"{of}/validation_tokens"}
    assert shown >= {(Audience.ACCOUNT, path) for path in mine}
    assert shown >= {(Audience.OPERATOR, path) for path in both}
    assert packed  # others are


async def test_1_6_no_letter_is_compressed(world: World) -> None:
    letter = await issued(world)
    brought = await upload(world, pdf(stream(bytes(COMPRESSED_FROM))))
    took = {"authorization": f"Bearer {world.token}", **GZIP}
    file = world.url(f"/loa_documents/{brought['id']}/download")
    for path in (file, f"/loa/{letter.reference}"):
        answered = await world.client.get(path, headers=took)
        assert answered.status_code == 200
        assert len(answered.content) > COMPRESSED_FROM
        assert "content-encoding" not in answered.headers
