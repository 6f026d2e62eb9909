"""Prometheus' own tool takes the rules, and each fires when it should, after its time."""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from byoip.domain.monitoring.alert import Alert, Severity
from byoip.domain.monitoring.alerts import ALERTS
from byoip.domain.monitoring.graphs import ROWS
from tests.monitoring.rendering import RUNBOOK, anchor
from tests.real.parts import Part, program, require
from tests.regenerate import REPOSITORY, RULES

pytestmark = pytest.mark.real

INFINITE = "+Inf+0x150"
HTTP = 'byoip_http_requests_total{job="byoip",method="GET",route="/a",status="%s"}'
SIGN_IN = HTTP.replace("/a", "/ui/enter/provider/back")

Series = Sequence[tuple[str, str]]


def one(name: str, label: str = "", value: str = "") -> str:
    more = f',{label}="{value}"' if label else ""
    return f'{name}{{job="byoip",instance="a"{more}}}'


def steady(name: str, bad: str, good: str, label: str = "", value: str = "") -> tuple[Any, ...]:
    """What fires at one value of a series, and not at another one."""
    labels = {label: value} if label else {}
    series = one(name, label, value)
    return [(series, f"{bad}+0x150")], [(series, f"{good}+0x150")], labels | {"job": "byoip"}


# alert -> series that make it fire, series that do not, labels of the alert
CASES: dict[str, tuple[Series, Series, dict[str, str]]] = {
    "ByoipDown": (
        [('up{job="byoip-eu",instance="a"}', "0x150")],
        [('up{job="byoip",instance="a"}', "1x150"), ('up{job="other",instance="a"}', "0x150")],
        {"job": "byoip-eu", "instance": "a"},
    ),
    "ByoipAbsent": ([], [(one("byoip_database_up"), "0x150")], {}),
    "ByoipDatabaseAway": (
        [(one("byoip_database_up"), "0x150")],
        [(one("byoip_database_up"), "1x150")],
        {"job": "byoip", "instance": "a"},
    ),
    "ByoipIdentityProviderAway": (
        [(SIGN_IN % "503", "0+1x150")],
        [(SIGN_IN % "303", "0+9x150"), (HTTP % "503", "0+9x150")],
        {"job": "byoip"},
    ),
    "ByoipServerErrors": (
        [(HTTP % "200", "0+90x150"), (HTTP % "503", "0+10x150")],
        [
            (HTTP % "200", "0+99x150"),
            (HTTP % "500", "0+1x150"),
            (HTTP.replace("/a", "/readyz") % "503", "0+99x150"),
        ],
        {"job": "byoip"},
    ),
    "ByoipBreakerOpen": steady("byoip_breaker_open", "1", "0", "scope", "job"),
    "ByoipWithdrawnByItself": (
        [(one("byoip_withdrawals", "source", "roll_back"), "0+2x150")],
        [
            (one("byoip_withdrawals", "source", "request"), "0+50x150"),
            (one("byoip_withdrawals", "source", "job"), "500-1x400"),  # restored
        ],
        {"job": "byoip", "source": "roll_back"},
    ),
    "ByoipOffboardingsParked": steady("byoip_offboardings_parked", "1", "0"),
    "ByoipOffboardingStuck": (
        [(one("byoip_offboardings_open", "step", "confirm"), "1x150")],
        [(one("byoip_offboardings_open", "step", "grace"), "1x150")],
        {"job": "byoip"},
    ),
    "ByoipJobRefused": steady("byoip_jobs_refused", "40", "0", "kind", "offboard"),
    "ByoipLevelsHeld": steady("byoip_levels_held", "7", "0", "signal", "roa"),
    "ByoipRouteObjectsUnseen": steady(
        "byoip_route_object_age_seconds", "700000", "600000", "registry", "ripencc"
    ),
    "ByoipJobStopped": (
        [(one("byoip_jobs_stopped", "kind", "offboard"), "1x1500")],
        [(one("byoip_jobs_stopped", "kind", "offboard"), "1x1000 0x20 1x1000")],
        {"job": "byoip", "kind": "offboard"},
    ),
    "ByoipSpeakerDown": steady("byoip_speaker_up", "0", "1", "speaker", "ams1"),
    "ByoipReconcilerSilent": (
        [
            (one("byoip_reconciler_silent_seconds"), INFINITE),
            (one("byoip_speaker_up", "speaker", "ams1"), "1x150"),
            (one("byoip_speaker_up", "speaker", "fra1"), "1x150"),
        ],
        [(one("byoip_reconciler_silent_seconds"), INFINITE)],  # no speakers
        {"job": "byoip"},
    ),
    "ByoipRoutesLost": steady("byoip_routes_lost_last_minute", "3", "2"),
    "ByoipRouteAlarm": (
        [(one("byoip_route_alarms", "kind", "imports_open"), "1x150")],
        [(one("byoip_route_alarms", "kind", "drained"), "1x150")],
        {"job": "byoip", "kind": "imports_open"},
    ),
    "ByoipRouteAlarmForLater": (
        [(one("byoip_route_alarms", "kind", "of_a_newer_version"), "1x150")],
        [
            (one("byoip_route_alarms", "kind", "lost"), "1x150"),
            (one("byoip_route_alarms", "kind", "speaker_down"), "1x150"),
        ],
        {"job": "byoip", "kind": "of_a_newer_version"},
    ),
    "ByoipOrphans": steady("byoip_orphan_routes", "2", "0", "speaker", "ams1"),
    "ByoipRoutesUnsettled": (
        [(one("byoip_routes_unsettled"), "1x150")],
        [(one("byoip_routes_unsettled"), "1x10 0 1x10 0 1x10 0 1x10")],
        {"job": "byoip"},
    ),
    "ByoipRunsOverdue": steady("byoip_validation_run_overdue_seconds", "61", "60"),
    "ByoipRoaDataOld": steady("byoip_roa_snapshot_age_seconds", "10801", "10800"),
    "ByoipRoaDataStale": (
        [(one("byoip_roa_snapshot_age_seconds"), INFINITE)],
        [(one("byoip_roa_snapshot_age_seconds"), "86400x150")],
        {"job": "byoip"},
    ),
    "ByoipRoaSnapshotsRefused": steady("byoip_roa_snapshots_refused", "1", "0"),
    "ByoipRoaEntriesFell": (
        [(one("byoip_roa_snapshot_entries", "anchor", "arin"), "1000x1440 899x200")],
        [(one("byoip_roa_snapshot_entries", "anchor", "arin"), "1000x1440 901x200")],
        {"job": "byoip", "anchor": "arin"},
    ),
    "ByoipStatisticsOld": steady(
        "byoip_registration_age_seconds", "172801", "172800", "registry", "lacnic"
    ),
    "ByoipNoStatistics": (
        [(one("byoip_database_up"), "1x150")],
        [
            (one("byoip_database_up"), "1x150"),
            (one("byoip_registration_age_seconds", "registry", "ripe"), "5x150"),
        ],
        {"job": "byoip"},
    ),
    "ByoipRegistryPaused": steady("byoip_registry_paused_seconds", "60", "0", "registry", "apnic"),
    "ByoipContested": (
        [(one("byoip_prefixes_not_ok", "standing", "contested"), "2x150")],
        [(one("byoip_prefixes_not_ok", "standing", "suspended"), "2x150")],
        {"job": "byoip"},
    ),
    "ByoipOriginDrift": steady("byoip_origin_drifts", "1", "0", "validity", "invalid"),
    "ByoipLettersOwed": steady("byoip_letters_owed", "1", "0"),
    "ByoipDisputeOpen": steady("byoip_disputes_open", "1", "0"),
    "ByoipWebhooksOverdue": steady("byoip_webhooks_overdue", "1", "0"),
    "ByoipWebhooksFailing": (
        [
            (one("byoip_webhooks", "state", "failing"), "3x150"),
            (one("byoip_webhooks", "state", "active"), "2x150"),
        ],
        [
            (one("byoip_webhooks", "state", "failing"), "3x150"),
            (one("byoip_webhooks", "state", "active"), "3x150"),
        ],
        {"job": "byoip"},
    ),
    "ByoipMailOverdue": steady("byoip_mail_overdue", "1", "0"),
    "ByoipMailHeldUp": (
        [(one("byoip_mail_addresses", "state", "held_up"), "1x150")],
        [
            (one("byoip_mail_addresses", "state", "failing"), "5x150"),
            (one("byoip_mail_addresses", "state", "held_up"), "0x150"),
        ],
        {"job": "byoip"},
    ),
    "ByoipMailFailing": (
        [(one("byoip_mail_addresses", "state", "failing"), "1x150")],
        [
            (one("byoip_mail_addresses", "state", "held_up"), "5x150"),
            (one("byoip_mail_addresses", "state", "failing"), "0x150"),
        ],
        {"job": "byoip"},
    ),
    "ByoipEdgeLag": steady("byoip_edge_lag", "1", "0", "edge", "fra1"),
    "ByoipEdgeSilent": (
        [
            (one("byoip_edge_silent_seconds", "edge", "fra1"), "301x150"),
            (one("byoip_edge_lag", "edge", "fra1"), "0x150"),
        ],
        [(one("byoip_edge_silent_seconds", "edge", "fra1"), "301x150")],  # drained
        {"job": "byoip", "edge": "fra1"},
    ),
    "ByoipBindingsProvisioning": steady("byoip_bindings_provisioning", "1", "0"),
}


_DAY = 24 * 60 + 1  # minutes
CALLING = [one for one in ALERTS if one.severity is not Severity.NONE]


def takes_a_day(alert: Alert) -> bool:
    return "1d" in alert.expression or alert.hold.endswith("d")


def promtool(*arguments: str | Path) -> str:
    """What it says; it must be content."""
    require(Part.PROMTOOL)
    ran = subprocess.run(
        [program("promtool"), *arguments], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def minutes(hold: str) -> int:
    number, unit = int(hold[:-1]), hold[-1]
    return number * {"s": 0, "m": 1, "h": 60, "d": 24 * 60}[unit]


def fired(alert: Alert, labels: dict[str, str]) -> dict[str, Any]:
    """The alert as it arrives, with those labels."""

    def filled(text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: labels[found[1]], text)

    section = filled(alert.section)
    return {
        "exp_labels": labels | {"severity": str(alert.severity)},
        "exp_annotations": {
            "summary": filled(alert.says),
            "runbook_url": f"{RUNBOOK}#{anchor(section)}",
        },
    }


def unit_tests(alerts: Sequence[Alert], step: int) -> list[dict[str, Any]]:
    """Of each alert: it fires after its time and not before; what is well does not make it fire."""
    told = []
    for alert in alerts:
        bad, good, labels = CASES[alert.name]
        begins = _DAY if "offset 1d" in alert.expression else 11 if "[" in alert.expression else 0
        hold = minutes(alert.hold)
        at = begins + hold + 2 * step
        asked = [{"eval_time": f"{at}m", "exp_alerts": [fired(alert, labels)]}]
        if hold > 1:
            early = hold - 1 + (_DAY if begins == _DAY else 0)
            asked.append({"eval_time": f"{early}m", "exp_alerts": []})
        told.append(unit_test(alert, bad, asked))
        told.append(unit_test(alert, good, [{"eval_time": f"{at + 30}m", "exp_alerts": []}]))
    return told


def unit_test(alert: Alert, series: Series, asked: list[dict[str, Any]]) -> dict[str, Any]:
    given = [{"series": name, "values": values} for name, values in series]
    tests = [{"alertname": alert.name} | one for one in asked]
    return {"interval": "1m", "input_series": given, "alert_rule_test": tests}


def test_every_alert_has_its_case() -> None:
    assert set(CASES) == {one.name for one in CALLING}


@pytest.mark.parametrize(
    ("alerts", "step"),
    [
        ([one for one in CALLING if not takes_a_day(one)], 1),
        ([one for one in CALLING if takes_a_day(one)], 10),  # ten times as fast
    ],
    ids=["soon", "in a day"],
)
def test_stumble_25_the_rules_fire_when_they_should(
    tmp_path: Path, alerts: Sequence[Alert], step: int
) -> None:
    file = tmp_path / "tests.yml"  # JSON is YAML
    tests = unit_tests(alerts, step)
    told = {"rule_files": [str(RULES)], "evaluation_interval": f"{step}m", "tests": tests}
    file.write_text(json.dumps(told))
    assert len(tests) == 2 * len(alerts) > 0
    assert "SUCCESS" in promtool("test", "rules", file)


def test_the_sample_and_the_rules_are_well_formed() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)
    said = promtool("check", "config", REPOSITORY / "docs" / "monitoring" / "prometheus.yml")
    assert f"{len(ALERTS)} rules found" in said


def test_every_query_of_the_dashboard_is_one(tmp_path: Path) -> None:
    queries = [query for row in ROWS.values() for panel in row for query, _ in panel.queries]
    rules = [
        {"record": f"query:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries)
    ]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(queries)} rules found" in promtool("check", "rules", file)
