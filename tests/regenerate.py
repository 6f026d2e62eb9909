"""Write what tests compare with: `python -m tests.regenerate`, then look at the difference."""

from pathlib import Path

import msgspec

from byoip.api.document.error_page import error_markdown
from byoip.api.problems.failures import failure_headers, failure_value
from byoip.api.problems.problems import PROBLEMS, SAMPLES
from byoip.domain.errors import Refusal
from tests import gobgp_stubs

REPOSITORY = Path(__file__).parents[1]
ERROR_PAGE = REPOSITORY / "docs" / "errors.md"
ERRORS = REPOSITORY / "tests" / "golden" / "errors"


def error_golden(kind: type[Refusal]) -> bytes:
    seen = {
        "status": PROBLEMS[kind].status,
        "headers": failure_headers(SAMPLES[kind]),
        "body": failure_value([SAMPLES[kind]], "https://byoip.example"),
    }
    return msgspec.json.format(msgspec.json.encode(seen), indent=2) + b"\n"


def regenerate() -> None:
    gobgp_stubs.generate()
    ERROR_PAGE.write_text(error_markdown())
    for left_over in ERRORS.glob("*.json"):
        left_over.unlink()
    for kind in PROBLEMS:
        (ERRORS / f"{kind.name}.json").write_bytes(error_golden(kind))


if __name__ == "__main__":
    regenerate()
