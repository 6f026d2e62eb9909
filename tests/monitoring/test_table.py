"""Every metric has its alert or a reason for none, and every alert its section of the runbook."""

import json
import re

import pytest

from byoip.domain.monitoring.alerts import ALERTS
from byoip.domain.monitoring.graphs import GRAPH_ONLY, ROWS
from byoip.domain.monitoring.route_alarms import KINDS_WITH_GAUGES, PAGED_KINDS
from byoip.domain.speakers.alarm_kinds import ALARM_KINDS
from tests import regenerate
from tests.monitoring.rendering import (
    anchor,
    dashboard_json,
    families,
    metrics_in,
    rules_yaml,
)

RUNBOOK = regenerate.REPOSITORY / "docs" / "runbook.md"
FROZEN = regenerate.REPOSITORY / "tests" / "golden" / "frozen" / "metrics.txt"  # as in the code
HEADINGS = re.findall(r"^#+ (.*)$", RUNBOOK.read_text(), re.MULTILINE)


def frozen_labels() -> dict[str, set[str]]:
    found = re.findall(r"^(\w+) by (.*)$", FROZEN.read_text(), re.MULTILINE)
    told: dict[str, set[str]] = {}
    for name, labels in found:
        family = re.sub(r"_(total|bucket|count|sum)$", "", name)
        if not name.endswith("_created"):
            told.setdefault(family, set()).update(set(labels.split()) - {"nothing"})
    return told


def test_the_net_has_the_metrics_that_the_code_tells() -> None:
    assert {name: set(labels) for name, (_, labels) in families().items()} == frozen_labels()


def test_stumble_23_every_metric_has_an_alert_or_a_reason_for_none() -> None:
    alerted = {name for one in ALERTS for name in metrics_in(one.expression)}
    assert alerted | set(GRAPH_ONLY) == set(frozen_labels())
    assert not alerted & set(GRAPH_ONLY)


def test_every_metric_is_on_the_dashboard_and_no_other() -> None:
    queries = [query for row in ROWS.values() for one in row for query, _ in one.queries]
    shown = {name for query in queries for name in metrics_in(query)}
    assert shown == set(frozen_labels())


@pytest.mark.parametrize("alert", ALERTS, ids=lambda one: one.name)
def test_an_expression_names_labels_that_its_metric_has(alert: object) -> None:
    assert isinstance(alert, type(ALERTS[0]))
    known = frozen_labels()
    here = {label for name in metrics_in(alert.expression) for label in known[name]}
    named = set(re.findall(r"(\w+)(?:!~|=~|!=|=)\"", alert.expression))
    for group in re.findall(r"(?:by|on) \(([\w, ]+)\)", alert.expression):
        named |= set(group.split(", "))
    assert named <= here | {"job"}


def test_alerts_have_names_of_their_own() -> None:
    assert len({one.name for one in ALERTS}) == len(ALERTS)


def test_every_alert_links_a_section_of_the_runbook() -> None:
    missing = {one.section for one in ALERTS} - {"{kind}"} - set(HEADINGS)
    assert missing == set()
    anchors = [anchor(one) for one in HEADINGS]
    assert len(set(anchors)) == len(anchors)


def test_the_runbook_has_a_section_for_every_alarm() -> None:
    assert set(ALARM_KINDS) - set(HEADINGS) == set()


def test_the_runbook_says_more_than_the_headings_of_alarms() -> None:
    sections = re.split(r"^#+ (.*)$", RUNBOOK.read_text(), flags=re.MULTILINE)
    texts = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert [one for one in ALARM_KINDS if len(texts[one].split()) < 10] == []


def test_the_kinds_that_call_a_person_at_once_exist() -> None:
    assert set(PAGED_KINDS) | set(KINDS_WITH_GAUGES) <= set(ALARM_KINDS)
    assert not set(PAGED_KINDS) & set(KINDS_WITH_GAUGES)


def test_stumble_24_the_runbook_asks_nobody_to_edit_rows() -> None:
    writes = r"\b(UPDATE \w+\s+SET|INSERT INTO|DELETE FROM|TRUNCATE)\b"
    assert re.findall(writes, RUNBOOK.read_text(), re.IGNORECASE) == []


def test_the_files_and_tables_are_as_the_table_has_it() -> None:
    assert regenerate.RULES.read_text() == rules_yaml()
    assert regenerate.DASHBOARD.read_text() == dashboard_json()
    assert regenerate.MONITORING_PAGE.read_text() == regenerate.monitoring_markdown()


def test_the_sample_for_alertmanager_names_what_there_is() -> None:
    sample = (regenerate.REPOSITORY / "docs" / "monitoring" / "alertmanager.yml").read_text()
    named = set(re.findall(r"alertname = (\w+)", sample))
    assert named
    assert named <= {one.name for one in ALERTS}
    assert set(re.findall(r"severity = (\w+)", sample)) <= {str(one.severity) for one in ALERTS}
    receivers = set(re.findall(r"- name: (\w+)", sample))
    assert set(re.findall(r"receiver: (\w+)", sample)) == receivers >= {"slack", "pagerduty"}
    assert "slack_configs" in sample
    assert "pagerduty_configs" in sample


def test_panels_of_the_dashboard_lie_beside_each_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in json.loads(dashboard_json())["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
