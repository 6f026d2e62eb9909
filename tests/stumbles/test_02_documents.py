"""Stumble 2: /docs says how to begin, and shows customers what is theirs, with code to copy."""

import ast
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from byoip.api.document.views import View, view
from byoip.domain.checks.evidence import CheckState, Reason
from tests.api.world import World
from tests.stumbles.runs import carry_out, validate


@pytest.mark.parametrize(("path", "loads"), [("/docs", "customer"), ("/docs/operator", "operator")])
async def test_02_two_pages_show_two_views_without_a_token(
    world: World, path: str, loads: str
) -> None:
    page = await world.client.get(path)
    assert page.status_code == 200
    assert f"/docs/{loads}.json" in page.text
    assert "https://" not in page.text
    shown = (await world.client.get(f"/docs/{loads}.json")).json()
    assert "## Getting started" in shown["info"]["description"]
    operators = {one.startswith("/client/v4/operator") for one in shown["paths"]}
    assert operators == {loads == "operator"}


def test_02_the_views_are_the_document_between_them(document: dict[str, Any]) -> None:
    customer, operator = view(document, View.CUSTOMER), view(document, View.OPERATOR)
    assert customer["paths"].keys() | operator["paths"].keys() == document["paths"].keys()
    assert not customer["paths"].keys() & operator["paths"].keys()
    assert customer["components"] == operator["components"] == document["components"]


def test_02_the_licence_is_named_and_each_group_of_operations_says_what_it_is_for(
    document: dict[str, Any],
) -> None:
    assert document["info"]["license"]["name"] == "Apache-2.0"
    for shown in (document, *(view(document, whose) for whose in View)):
        items = [one for item in shown["paths"].values() for one in item.values()]
        used = {tag for one in items for tag in one.get("tags", ())}
        told = [one["name"] for one in shown["tags"]]
        assert len(told) == len(set(told))
        assert set(told) == used
        assert all(len(one["description"]) > 15 for one in shown["tags"])


def samples(document: dict[str, Any]) -> list[tuple[str, str, list[dict[str, str]]]]:
    return [
        (path, method, told["x-codeSamples"])
        for whose in View
        for path, item in view(document, whose)["paths"].items()
        for method, told in item.items()
    ]


def test_02_every_operation_has_samples_that_say_the_same_request(
    document: dict[str, Any],
) -> None:
    found = samples(document)
    assert len(found) > 90
    for path, method, [curl, python, script] in found:
        words = shlex.split(curl["source"])
        assert words[:3] == ["curl", "-X", method.upper()]
        assert words[3].endswith(path)
        if "-d" in words:
            json.loads(words[words.index("-d") + 1])
        ast.parse(python["source"])
        for one in (python, script):
            assert path in one["source"]
            assert method.upper() in one["source"]
    bodies = [curl["source"] for path, _, [curl, *_] in found if path.endswith("/prefixes")]
    assert any('"cidr": "198.18.0.0/23"' in one for one in bodies)


def test_02_a_sample_in_python_runs(document: dict[str, Any], tmp_path: Path) -> None:
    [[_, python, _]] = [
        of
        for path, method, of in samples(document)
        if (path, method) == ("/client/v4/accounts", "get")
    ]
    script = tmp_path / "sample.py"
    script.write_text(
        "import httpx\n"
        "httpx.request = lambda *given, **more: print(given, sorted(more['headers']))\n"
        + python["source"]
    )
    told = subprocess.run(
        ["python3", str(script)],
        capture_output=True,
        text=True,
        check=False,
        env={"BYOIP_TOKEN": "x", "PATH": ":".join([str(Path(".venv/bin").resolve())])},
    )
    assert "Authorization" in told.stdout, told.stderr


async def test_02_every_blocker_and_reason_is_explained_where_the_api_points(world: World) -> None:
    page = (await world.client.get("/errors")).text
    anchors = re.findall(r'id="([a-z0-9_]+)"', page)
    assert len(anchors) == len(set(anchors))
    states = {state.value for state in CheckState} - {"valid"}
    named = {f"{check}_{state}" for check in CHECKS for state in (*states, "outdated")}
    assert named | set(Reason) | OTHERS <= set(anchors)
    made = await world.prefix()
    for one in made["blockers"]:
        where, _, anchor = one["documentation_url"].partition("#")
        assert (where, anchor) == ("/errors", one["name"])
        assert anchor in anchors
    run = (await validate(world, made["id"]))["result"]["validation"]["id"]
    await carry_out(world, run)
    shown = await world.result("GET", f"/prefixes/{made['id']}/validations/{run}")
    for check in shown["checks"]:
        expected = f"/errors#{check['reason']}" if check["reason"] else None
        assert check["documentation_url"] == expected
    assert any(check["documentation_url"] for check in shown["checks"])


CHECKS = ("irr", "rpki", "ownership")
OTHERS = {
    "ownership_token_needed",
    "other_origins_known",
    "other_origins_unknown",
    "offboarding_waits",
}
