"""What a dashboard shows, and which metrics call no person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# Why nobody is called for it.
GRAPH_ONLY: Final[Mapping[str, str]] = {
    "byoip_build_info": "it says which version runs; during an upgrade there are two",
    "byoip_http_request_seconds": "some requests wait for events, as asked",
    "byoip_prefixes_approved": "no number of them is wrong",
    "byoip_validation_runs_open": "runs may be many; the overdue ones count",
    "byoip_jobs": "jobs may be many; the overdue runs count",
    "byoip_evidence_bytes": "`evidence_megabytes` limits each account",
    "byoip_routes_desired": "compare with the next two; `byoip_routes_unsettled` has the alert",
    "byoip_routes_applied": "see `byoip_routes_desired`",
    "byoip_routes_observed": "see `byoip_routes_desired`",
}


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph.

    Attributes:
        queries: PromQL and the legend of each.
        unit: as Grafana names it.
    """

    title: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"


def _of(metric: str, label: str = "", legend: str = "") -> tuple[str, str]:
    """The largest of the copies of the chosen job."""
    by = f" by ({label})" if label else ""
    return f'max{by} ({metric}{{job=~"$job"}})', legend or (f"{{{{{label}}}}}" if label else "all")


_REQUESTS: Final = 'byoip_http_requests_total{job=~"$job"}'
_SECONDS: Final = 'byoip_http_request_seconds_bucket{job=~"$job"}'
_RATE: Final = f"rate({_SECONDS}[$__rate_interval])"

ROWS: Final[Mapping[str, Sequence[Panel]]] = {
    "Service": (
        Panel("Versions", [('sum by (version) (byoip_build_info{job=~"$job"})', "{{version}}")]),
        Panel("Database", [('byoip_database_up{job=~"$job"}', "{{instance}}")]),
        Panel(
            "Requests",
            [(f"sum by (status) (rate({_REQUESTS}[$__rate_interval]))", "{{status}}")],
            "reqps",
        ),
        Panel(
            "Time to answer, half of the requests of a route",
            [
                (
                    f"histogram_quantile(0.5, sum by (le, route) ({_RATE}))",
                    "{{route}}",
                )
            ],
            "s",
        ),
        Panel("Queue", [_of("byoip_jobs", "status")]),
        Panel(
            "Webhooks",
            [
                _of("byoip_webhooks", "state"),
                _of("byoip_webhooks_overdue", legend="overdue"),
            ],
        ),
        Panel(
            "Addresses of mail",
            [
                _of("byoip_mail_addresses", "state"),
                _of("byoip_mail_overdue", legend="overdue"),
            ],
        ),
        Panel("Raw answers on disk", [_of("byoip_evidence_bytes")], "bytes"),
    ),
    "Routes": (
        Panel(
            "Desired, applied, observed",
            [
                _of("byoip_routes_desired", legend="desired"),
                _of("byoip_routes_applied", "speaker", "applied {{speaker}}"),
                _of("byoip_routes_observed", "seen_by", "seen by {{seen_by}}"),
            ],
        ),
        Panel(
            "On their way, lost",
            [
                _of("byoip_routes_unsettled", legend="on their way"),
                _of("byoip_routes_lost_last_minute", legend="lost in the last minute"),
            ],
        ),
        Panel("Alarms", [_of("byoip_route_alarms", "kind")]),
        Panel("Orphans", [_of("byoip_orphan_routes", "speaker")]),
        Panel("Speakers", [_of("byoip_speaker_up", "speaker")]),
        Panel("Reconciler silent for", [_of("byoip_reconciler_silent_seconds")], "s"),
    ),
    "Withdrawals": (
        Panel(
            "Withdrawals",
            [
                (
                    'max by (source) (delta(byoip_withdrawals{job=~"$job"}[$__rate_interval]))',
                    "{{source}}",
                )
            ],
        ),
        Panel("Open breakers", [_of("byoip_breaker_open", "scope")]),
        Panel(
            "Offboardings",
            [
                _of("byoip_offboardings_open", "step"),
                _of("byoip_offboardings_parked", legend="parked"),
            ],
        ),
        Panel(
            "Jobs refused, stopped",
            [
                _of("byoip_jobs_refused", "kind", "refused {{kind}}"),
                _of("byoip_levels_held", "signal", "held {{signal}}"),
                _of("byoip_jobs_stopped", "kind", "stopped {{kind}}"),
            ],
        ),
    ),
    "Prefixes and checks": (
        Panel(
            "Prefixes",
            [
                _of("byoip_prefixes_approved", legend="approved"),
                _of("byoip_prefixes_not_ok", "standing"),
                _of("byoip_letters_owed", legend="letters owed"),
                _of("byoip_disputes_open", legend="disputes"),
            ],
        ),
        Panel("Not valid by ROA data", [_of("byoip_origin_drifts", "validity")]),
        Panel("Validation runs", [_of("byoip_validation_runs_open", "state")]),
        Panel("Most overdue run", [_of("byoip_validation_run_overdue_seconds")], "s"),
        Panel("Age of ROA data", [_of("byoip_roa_snapshot_age_seconds")], "s"),
        Panel("Entries of ROA data", [_of("byoip_roa_snapshot_entries", "anchor")]),
        Panel("ROA data refused since", [_of("byoip_roa_snapshots_refused")]),
        Panel("Age of statistics", [_of("byoip_registration_age_seconds", "registry")], "s"),
        Panel(
            "Route objects not looked at for",
            [_of("byoip_route_object_age_seconds", "registry")],
            "s",
        ),
        Panel("Registries left alone for", [_of("byoip_registry_paused_seconds", "registry")], "s"),
    ),
    "Edges": (
        Panel("Changes not acknowledged", [_of("byoip_edge_lag", "edge")]),
        Panel("Silent for", [_of("byoip_edge_silent_seconds", "edge")], "s"),
        Panel("Bindings on their way", [_of("byoip_bindings_provisioning")]),
    ),
}
