import importlib
import json
import pkgutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

import byoip.api
import byoip.domain
import byoip.ports
import byoip.usecases
from byoip.api.document.error_page import INTRODUCTION, error_cells, error_markdown, meaning
from byoip.api.problems.failures import documentation_url, failure_body, failure_headers
from byoip.api.problems.problems import PROBLEMS, RECORDS, SAMPLES
from byoip.domain.errors import Refusal
from byoip.domain.idempotency import IdempotencyKeyBusy
from byoip.domain.routes.bgp_prefix import IncompleteBgpDeployment
from byoip.web.rendering import rendered

REPOSITORY = Path(__file__).parents[2]
GOLDEN = REPOSITORY / "tests" / "golden" / "errors"


def all_refusals() -> set[type[Refusal]]:
    for package in (byoip.domain, byoip.ports, byoip.usecases, byoip.api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return set(subclasses(Refusal))


def subclasses(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for one in kind.__subclasses__():
        if one.__module__.startswith("byoip."):
            yield one
        yield from subclasses(one)


def test_every_refusal_has_one_record_with_a_code_and_a_name_of_its_own() -> None:
    assert set(PROBLEMS) == all_refusals()
    assert len(RECORDS) == len(PROBLEMS)
    assert len({record.code for record in RECORDS}) == len(RECORDS)
    assert len({record.sample.name for record in RECORDS}) == len(RECORDS)
    assert min(record.code for record in RECORDS) >= 1000
    assert PROBLEMS[IncompleteBgpDeployment].code == 1004  # as v4 clients know it


def test_a_conflict_either_says_when_to_come_back_or_that_it_is_final() -> None:
    for kind, problem in PROBLEMS.items():
        if problem.status in {409, 429, 503}:
            headers = failure_headers(SAMPLES[kind])
            assert "retry-after" in headers or headers["x-should-retry"] == "false"
            assert problem.definitive is False or headers["x-should-retry"] == "false"
    assert "x-should-retry" not in failure_headers(IdempotencyKeyBusy())


@pytest.mark.parametrize("kind", PROBLEMS, ids=lambda kind: kind.name)
def test_the_body_of_each_error_is_the_one_we_promised(kind: type[Refusal]) -> None:
    body = json.loads(failure_body([SAMPLES[kind]], "https://byoip.example"))
    seen = {
        "status": PROBLEMS[kind].status,
        "headers": failure_headers(SAMPLES[kind]),
        "body": body,
    }
    assert seen == json.loads((GOLDEN / f"{kind.name}.json").read_text())


def test_no_golden_body_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == {kind.name for kind in PROBLEMS}


def test_the_error_page_in_the_repository_is_the_table() -> None:
    assert (REPOSITORY / "docs" / "errors.md").read_text() == error_markdown()


def test_every_documentation_url_leads_to_what_the_error_means_and_what_to_do() -> None:
    markdown = error_markdown()
    told = {"introduction": INTRODUCTION, "about_names": "", "names": [], "guided": set()}
    html = rendered("errors.html", rows=error_cells(), **told)
    for kind in PROBLEMS:
        page, _, anchor = documentation_url("", kind.name).partition("#")
        assert page == "/errors"
        [line] = [one for one in markdown.splitlines() if f'<a id="{anchor}">' in one]
        _, _, _, _, means, to_do, *_ = (cell.strip() for cell in line.split("|"))
        assert means == meaning(kind)
        assert len(means) > len("No such.")
        assert to_do == PROBLEMS[kind].remedy != ""
        entry = html.partition(f'<tr id="{anchor}">')[2].partition("</tr>")[0]
        assert means in unescape(entry)
        assert to_do.split("`")[0] in unescape(entry)
    assert "://" not in html, "it asks no other host"
