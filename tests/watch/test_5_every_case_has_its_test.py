"""The decision's table of field cases names a test for each, and a router's case; all are there."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.watch.test_5_cases_seen_by_a_router import HOLDERS, RECORDS

TESTS = Path(__file__).parents[1]
DECISION = TESTS.parent / "docs" / "decisions" / "kept-true.md"
# Of the issue, two of which have two parts; what they are called in the table.
FIELD_CASES = 16
SEEN = {case.__name__ for case in (*RECORDS, *HOLDERS)}


def rows() -> list[tuple[str, str, str]]:
    """Case, test, and who looks at the router."""
    table = DECISION.read_text(encoding="utf-8").partition("| case | ends")[2]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines()[2:] if line]
    return [(case, test.strip("`"), router.strip("`")) for case, test, router in cells]


@cache
def named_in(path: Path) -> frozenset[str]:
    """The names of the tests of a file, without running any."""
    named = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = (one for one in ast.parse(path.read_text()).body if isinstance(one, named))
    return frozenset(one.name for one in found if one.name.startswith("test_"))


def there(test: str) -> bool:
    place, _, name = test.partition("::")
    path = TESTS / place if "/" in place else TESTS / "watch" / place
    return path.is_file() and name in named_in(path)


def test_no_field_case_is_left_out() -> None:
    assert len({case for case, _, _ in rows()}) == len(rows()) >= FIELD_CASES


@pytest.mark.parametrize(("case", "test", "router"), rows())
def test_a_case_has_a_test_and_a_routers_log(case: str, test: str, router: str) -> None:
    assert there(test), f"{case}: {test}"
    assert router in SEEN or there(router), f"{case}: {router}"


def test_every_case_at_the_router_is_of_the_table() -> None:
    assert {router for _, _, router in rows()} >= SEEN
