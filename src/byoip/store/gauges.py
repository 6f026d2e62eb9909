"""Gauges read from the tables, so that every API process reports the same.

Text SQL: hot, each scrape of each process runs all of these statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.unavailable import translate_driver_errors


@dataclass(frozen=True, slots=True)
class Gauge:
    """One gauge of the whole service, the same from every process.

    Attributes:
        name: in Prometheus' style, with its unit.
        values: label values to value; one entry with () where there is no label.
        label: name of the one label, or empty.
    """

    name: str
    explanation: str
    values: Sequence[tuple[str, float]]
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Gauge:
    name: str
    explanation: str
    label: str
    sql: str  # rows of (label value, value)


_GAUGES = (
    _Gauge(
        "byoip_prefixes_approved",
        "Live approved prefixes.",
        "",
        "SELECT '', count(*) FROM prefixes WHERE live AND state = 'approved'",
    ),
    _Gauge(
        "byoip_prefixes_not_ok",
        "Live prefixes by standing, where it is not ok; contested: proven by two accounts.",
        "standing",
        "SELECT standing, count(*) FROM prefixes WHERE live AND standing <> 'ok' GROUP BY 1",
    ),
    _Gauge(
        "byoip_origin_drifts",
        "Approved prefixes and routes that are not valid by the ROA data in use.",
        "validity",
        "SELECT validity, count(drifts.prefix_id) "
        "FROM (VALUES ('invalid'), ('not_found')) AS known (validity) "
        "LEFT JOIN origin_drifts AS drifts USING (validity) GROUP BY 1",
    ),
    _Gauge(
        "byoip_letters_owed",
        "Approved prefixes whose letter of agency is wanted, and is not there or has expired.",
        "",
        "SELECT '', count(*) FROM prefixes WHERE state = 'approved' AND delegate_loa_creation "
        "AND approved_by = 'checks' AND standing <> 'offboarding' "
        "AND NOT EXISTS (SELECT FROM letters "
        "WHERE prefix_id = prefixes.id AND superseded_by IS NULL AND "
        "(revoked_because = 'operator' OR revoked_at IS NULL AND valid_until > now()))",
    ),
    _Gauge(
        "byoip_validation_runs_open",
        "Validation runs that have not ended.",
        "state",
        "SELECT state, count(*) FROM validation_runs "
        "WHERE state IN ('scheduled', 'running') GROUP BY 1",
    ),
    _Gauge(
        "byoip_validation_run_overdue_seconds",
        "How long the most overdue validation run has been waiting for a worker.",
        "",
        "SELECT '', coalesce(extract(epoch FROM now() - min(due_at)), 0) "
        "FROM validation_runs WHERE state = 'scheduled' AND due_at < now()",
    ),
    _Gauge(
        "byoip_roa_snapshot_age_seconds",
        "Age of the ROA data in use, infinite without any; beyond a day nothing is judged by it.",
        "",
        "SELECT '', coalesce((SELECT extract(epoch FROM now() - built_at)::float8 "
        "FROM current_vrp_snapshot JOIN vrp_snapshots USING (number)), 'infinity')",
    ),
    _Gauge(
        "byoip_roa_snapshot_entries",
        "Entries of the ROA data in use.",
        "anchor",
        "SELECT count.key, count.value::bigint FROM current_vrp_snapshot "
        "JOIN vrp_snapshots USING (number), jsonb_each_text(counts) AS count",
    ),
    _Gauge(
        "byoip_roa_snapshots_refused",
        "Attempts to refresh ROA data that were refused since the one in use.",
        "",
        "SELECT '', count(*) FROM vrp_snapshots WHERE NOT accepted "
        "AND number > coalesce((SELECT number FROM current_vrp_snapshot), 0)",
    ),
    _Gauge(
        "byoip_registration_age_seconds",
        "Age of the registration statistics in use.",
        "registry",
        "SELECT current.registry, extract(epoch FROM now() - attempted_at) "
        "FROM current_registration_snapshots AS current JOIN registration_snapshots "
        "USING (number)",
    ),
    _Gauge(
        "byoip_registry_paused_seconds",
        "For how long a registry will not be asked, because it refused us.",
        "registry",
        "SELECT registry, greatest(0, extract(epoch FROM paused_until - now())) "
        "FROM registry_budgets",
    ),
    _Gauge(
        "byoip_edge_lag",
        "Changes that an edge in service has not acknowledged.",
        "edge",
        "SELECT name, coalesce((SELECT last FROM edge_change_counter), 0) - acknowledged "
        "FROM edges WHERE live AND counts AND NOT drained",
    ),
    _Gauge(
        "byoip_edge_silent_seconds",
        "For how long an edge has not acknowledged anything, drained ones too.",
        "edge",
        "SELECT name, extract(epoch FROM now() - heard_at) FROM edges WHERE live AND counts",
    ),
    _Gauge(
        "byoip_bindings_provisioning",
        "Changes of bindings that a majority of the edges has not acknowledged.",
        "",
        "SELECT '', count(*) FROM bindings WHERE settled < change",
    ),
    _Gauge(
        "byoip_routes_desired",
        "Routes that their owners want announced.",
        "",
        "SELECT '', count(*) FROM bgp_prefixes WHERE advertised",
    ),
    _Gauge(
        "byoip_routes_applied",
        "Routes that a speaker has confirmed to announce.",
        "speaker",
        "SELECT speaker, count(*) FILTER (WHERE advertised) FROM applied_routes GROUP BY 1",
    ),
    _Gauge(
        "byoip_routes_observed",
        "Routes that are seen: by a listener, or in what a speaker says it sends a peer.",
        "seen_by",
        "SELECT seen_by, count(*) FILTER (WHERE advertised) FROM observed_routes GROUP BY 1",
    ),
    _Gauge(
        "byoip_routes_unsettled",
        "Changes that were not seen at every stage yet.",
        "",
        "SELECT '', count(*) FROM bgp_prefixes "
        "WHERE settled < change AND advertised_modified_at IS NOT NULL",
    ),
    _Gauge(
        "byoip_route_alarms",
        "What operators should look at: lost, unanswered, absent, still_seen, stage_skipped, "
        "fed_by_one, no_next_hop, restored.",
        "kind",
        "SELECT kind, count(*) FROM route_alarms GROUP BY 1",
    ),
    _Gauge(
        "byoip_routes_lost_last_minute",
        "Announced routes that a listener saw and no listener sees any more, without a withdrawal.",
        "",
        "SELECT '', count(DISTINCT b.id) FROM observed_routes o "
        "JOIN bgp_prefixes b ON b.id = o.bgp_prefix_id "
        "WHERE b.advertised AND b.settled >= b.change AND NOT o.own_word AND NOT o.advertised "
        "AND o.at > now() - interval '1 minute' AND NOT EXISTS (SELECT FROM observed_routes s "
        "JOIN listeners ON name = s.seen_by AND answered_at > now() - interval '1 minute' "
        "WHERE s.bgp_prefix_id = b.id AND s.advertised AND NOT s.own_word)",
    ),
    _Gauge(
        "byoip_orphan_routes",
        "Paths that a speaker holds and no customer wants: an operator decides.",
        "speaker",
        "SELECT speaker, count(*) FROM orphan_routes GROUP BY 1",
    ),
    _Gauge(
        "byoip_speaker_up",
        "Whether a BGP speaker answered when it was last asked.",
        "speaker",
        "SELECT name, alive::int FROM speakers",
    ),
    _Gauge(
        "byoip_reconciler_silent_seconds",
        "Since when no reconciler has asked any speaker; infinite if none ever did.",
        "",
        "SELECT '', coalesce(extract(epoch FROM now() - max(asked_at))::float8, 'infinity') "
        "FROM speakers",
    ),
    _Gauge(
        "byoip_breaker_open",
        "Breakers that stop withdrawals until an operator re-arms them.",
        "scope",
        "SELECT asked.scope, count(breaker_trips.id) FROM "
        "unnest(ARRAY['account', 'job', 'global']) AS asked (scope) "
        "LEFT JOIN breaker_trips ON breaker_trips.scope = asked.scope AND live GROUP BY 1",
    ),
    _Gauge(
        "byoip_withdrawals",
        "Routes taken down since the beginning; it only ever grows.",
        "source",
        "SELECT asked.source, count(withdrawals.id) FROM "
        "unnest(ARRAY['request', 'offboarding', 'roll_back', 'job']) AS asked (source) "
        "LEFT JOIN withdrawals ON withdrawals.source = asked.source GROUP BY 1",
    ),
    _Gauge(
        "byoip_offboardings_open",
        "Prefixes on their way out, by the step that is next.",
        "step",
        "SELECT step, count(*) FROM offboardings WHERE live GROUP BY 1",
    ),
    _Gauge(
        "byoip_offboardings_parked",
        "Prefixes on their way out that wait behind an open breaker.",
        "",
        "SELECT '', count(*) FROM offboardings WHERE live AND parked_by IS NOT NULL",
    ),
    _Gauge(
        "byoip_jobs_refused",
        "Rows of sets that a job was refused, out of proportion to its past.",
        "kind",
        "SELECT kind, listed FROM job_runs WHERE waits",
    ),
    _Gauge(
        "byoip_jobs_stopped",
        "1 for each kind of job whose kill switch an operator has thrown.",
        "kind",
        "SELECT kind, 1 FROM job_switches WHERE stopped",
    ),
    _Gauge(
        "byoip_jobs",
        "Jobs in the queue by status; finished ones are kept for a day.",
        "status",
        "SELECT status::text, count(*) FROM procrastinate.procrastinate_jobs GROUP BY 1",
    ),
)


@dataclass(frozen=True, slots=True)
class Gauges:
    """Reads every gauge, each time."""

    engine: AsyncEngine

    async def read(self) -> Sequence[Gauge]:
        """Read all of them on one connection."""
        figures = []
        with translate_driver_errors():
            async with self.engine.connect() as connection:
                for gauge in _GAUGES:
                    rows = (await connection.execute(sa.text(gauge.sql))).all()
                    values = [(str(label), float(value)) for label, value in rows]
                    figures.append(Gauge(gauge.name, gauge.explanation, values, gauge.label))
        return figures
