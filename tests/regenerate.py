"""Write what tests compare with: `python -m tests.regenerate`, then look at the difference."""

from pathlib import Path

import msgspec

from byoip.api.document.error_page import error_markdown
from byoip.api.problems.failures import failure_headers, failure_value
from byoip.api.problems.problems import PROBLEMS, SAMPLES
from byoip.domain import event_kinds
from byoip.domain.errors import Refusal
from tests import gobgp_stubs
from tests.monitoring import rendering

REPOSITORY = Path(__file__).parents[1]
ERROR_PAGE = REPOSITORY / "docs" / "errors.md"
EVENT_PAGE = REPOSITORY / "docs" / "events.md"
MONITORING_PAGE = REPOSITORY / "docs" / "monitoring.md"
RULES = REPOSITORY / "docs" / "monitoring" / "byoip.rules.yml"
DASHBOARD = REPOSITORY / "docs" / "monitoring" / "dashboard.json"
ERRORS = REPOSITORY / "tests" / "golden" / "errors"
_OPERATORS_READ = """\
`byoip operator history`; as lines for other systems `GET …/operator/events/export`. Each event has
a hash that covers the event before: [operating](operating.md#the-operators-history-elsewhere)."""


def error_golden(kind: type[Refusal]) -> bytes:
    seen = {
        "status": PROBLEMS[kind].status,
        "headers": failure_headers(SAMPLES[kind]),
        "body": failure_value([SAMPLES[kind]], "https://byoip.example"),
    }
    return msgspec.json.format(msgspec.json.encode(seen), indent=2) + b"\n"


def event_markdown() -> str:
    """docs/events.md."""
    parts = (
        ("A prefix's history", "Customers read these: `GET …/events`.", event_kinds.OF_PREFIXES),
        ("The operators' history", _OPERATORS_READ, event_kinds.OF_OPERATORS),
    )
    lines = [
        "# Events",
        "",
        "Every kind of event. A program that reads them must expect kinds that it does not know:",
        "later versions add some. What events are for: [concepts](concepts.md#events).",
        "",
        "<!-- generated from src/byoip/domain/event_kinds.py by tests/regenerate.py -->",
    ]
    for title, where, catalogue in parts:
        lines += ["", f"## {title}", "", where, "", "| kind | what happened |", "| --- | --- |"]
        for subject, kinds in catalogue.items():
            lines += [f"| `{subject}.{what}` | {sentence} |" for what, sentence in kinds.items()]
    return "\n".join(lines) + "\n"


def monitoring_markdown() -> str:
    """docs/monitoring.md: what stands above its tables is written by hand."""
    above, _, _ = MONITORING_PAGE.read_text().partition("<!-- ")
    return above + rendering.tables()


def regenerate() -> None:
    gobgp_stubs.generate()
    ERROR_PAGE.write_text(error_markdown())
    EVENT_PAGE.write_text(event_markdown())
    MONITORING_PAGE.write_text(monitoring_markdown())
    RULES.write_text(rendering.rules_yaml())
    DASHBOARD.write_text(rendering.dashboard_json())
    for left_over in ERRORS.glob("*.json"):
        left_over.unlink()
    for kind in PROBLEMS:
        (ERRORS / f"{kind.name}.json").write_bytes(error_golden(kind))


if __name__ == "__main__":
    regenerate()
