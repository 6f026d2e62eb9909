"""What is made of the table of alerts: Prometheus' rules, Grafana's dashboard, the manual."""

import json
import re
from typing import Any, Final

from prometheus_client import CollectorRegistry

from byoip.api.border.access_log import AccessLog
from byoip.api.operations import AWAY, BUILD
from byoip.domain.monitoring.alert import Alert
from byoip.domain.monitoring.alerts import ALERTS, JOB
from byoip.domain.monitoring.graphs import GRAPH_ONLY, ROWS, Panel
from byoip.store.gauges import GAUGES

RUNBOOK: Final = "https://docs.example.net/runbook.md"  # operators put their own place here
_MADE_BY: Final = "generated from src/byoip/domain/monitoring by tests/regenerate.py"
_WIDTH, _HEIGHT, _IN_A_ROW = 8, 8, 3
_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}


def anchor(heading: str) -> str:
    """As the web shows of a heading in Markdown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def metrics_in(expression: str) -> set[str]:
    """Names of families: a counter's without `_total`, a histogram's without `_bucket`."""
    names: list[str] = re.findall(r"byoip_\w+", expression)
    return {re.sub(r"_(total|bucket)$", "", name) for name in names}


def rules_yaml() -> str:
    lines = [f"# {_MADE_BY}", "groups:", "  - name: byoip", "    rules:"]
    for alert in ALERTS:
        lines += [
            f"      - alert: {alert.name}",
            f"        expr: {json.dumps(alert.expression)}",
            f"        for: {alert.hold}",
            "        labels:",
            f"          severity: {alert.severity}",
            "        annotations:",
            f"          summary: {json.dumps(_templated(alert.says))}",
            f"          runbook_url: {json.dumps(_runbook_url(alert))}",
        ]
    return "\n".join(lines) + "\n"


def _templated(text: str) -> str:
    return re.sub(r"\{(\w+)\}", r"{{ $labels.\1 }}", text)


def _runbook_url(alert: Alert) -> str:
    if alert.section == "{kind}":
        return f"{RUNBOOK}#{_templated(alert.section)}"
    return f"{RUNBOOK}#{anchor(alert.section)}"


def dashboard_json() -> str:
    """In the schema of Grafana 9."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in ROWS.items():
        panels.append({"type": "row", "title": title, "gridPos": _place(0, y, 24, 1)})
        for number, panel in enumerate(row):
            down, across = divmod(number, _IN_A_ROW)
            place = _place(across * _WIDTH, y + 1 + down * _HEIGHT, _WIDTH, _HEIGHT)
            panels.append(_panel(panel) | {"gridPos": place})
        y += 1 + -(-len(row) // _IN_A_ROW) * _HEIGHT
    board = {
        "uid": "byoip",
        "title": "byoip",
        "description": _MADE_BY,
        "schemaVersion": 37,
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": _VARIABLES},
        "panels": [one | {"id": number} for number, one in enumerate(panels, 1)],
    }
    return json.dumps(board, indent=1) + "\n"


_VARIABLES: Final = [
    {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
    {
        "name": "job",
        "label": "Installation",
        "type": "query",
        "datasource": _SOURCE,
        "query": "label_values(byoip_database_up, job)",
        "refresh": 2,
        "current": {"text": JOB, "value": JOB},
    },
]


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": name, "datasource": _SOURCE, "expr": query, "legendFormat": legend}
            for name, (query, legend) in zip("ABCDEF", panel.queries, strict=False)
        ],
    }


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def families() -> dict[str, tuple[str, tuple[str, ...]]]:
    """What each metric says, and its labels."""
    told: dict[str, tuple[str, tuple[str, ...]]] = {
        one.name: (one.explanation, (one.label,) if one.label else ())
        for one in (AWAY, BUILD, *GAUGES)
    }
    registry = CollectorRegistry()
    log = AccessLog(_nobody, registry)
    for one in (log._requests, log._seconds):
        (family,) = one.collect()
        told[family.name] = (family.documentation, tuple(one._labelnames))
    return told


async def _nobody(*_: object) -> None: ...


def tables() -> str:
    """The tables of docs/monitoring.md."""
    lines = [f"<!-- {_MADE_BY} -->", "", "## Alerts", ""]
    lines += ["| alert | when | for | calls | what to do |", "| --- | --- | --- | --- | --- |"]
    lines += [_row(alert) for alert in ALERTS]
    lines += ["", "## Metrics", "", "| metric | what it says | alert |", "| --- | --- | --- |"]
    for name, (said, labels) in sorted(families().items()):
        shown = name.replace("_requests", "_requests_total") + (
            f"{{{','.join(labels)}}}" if labels else ""
        )
        by = [f"`{one.name}`" for one in ALERTS if name in metrics_in(one.expression)]
        calls = ", ".join(by) or f"graph only: {GRAPH_ONLY[name]}"
        lines.append(f"| `{shown}` | {said} | {calls} |")
    return "\n".join(lines) + "\n"


def _row(alert: Alert) -> str:
    says = re.sub(r"\{(\w+)\}", r"`{\1}`", alert.says)
    where = anchor("Routes: orphans and alarms" if alert.section == "{kind}" else alert.section)
    name = "the section of that name" if alert.section == "{kind}" else alert.section
    links = f"[{name}](runbook.md#{where})"
    return f"| `{alert.name}` | {says} | {alert.hold} | {alert.severity} | {links} |"
