"""Gauges, the same from every API process: counted as rows change, or read from few rows.

No statement here may grow with the tables: what counts rows is a `_Counted`, see figures.py.
Text SQL: hot, each scrape of each process runs all of these statements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.speakers.alarm_kinds import ALARM_KINDS
from byoip.store.figures import read_figures
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


@dataclass(frozen=True, slots=True)
class _Counted:
    name: str
    explanation: str
    label: str
    always: Sequence[str] | None  # labels that are told at 0, too; None: all that ever were


GAUGES: Final[Sequence[_Gauge | _Counted]] = (
    _Counted("byoip_prefixes_approved", "Live approved prefixes.", "", ("",)),
    _Counted(
        "byoip_prefixes_not_ok",
        "Live prefixes by standing, where it is not ok; contested: proven by two accounts, or left "
        "after a change of holder.",
        "standing",
        (),
    ),
    _Counted(
        "byoip_origin_drifts",
        "Approved prefixes and routes that are not valid by the ROA data in use.",
        "validity",
        ("invalid", "not_found"),
    ),
    _Counted(
        "byoip_letters_owed",
        "Approved prefixes whose letter of agency is wanted, and is not there or has expired.",
        "",
        ("",),
    ),
    _Gauge(
        "byoip_levels_held",
        "Rises of level that the breaker of levels holds until an operator decides.",
        "signal",
        "SELECT signal, count(*) FROM level_rises "
        "WHERE state = 'held' AND settled_at IS NULL GROUP BY signal",
    ),
    _Gauge(
        "byoip_disputes_open",
        "Disputes between accounts that wait until an operator decides.",
        "",
        "SELECT '', (SELECT count(*) FROM disputes WHERE ended_at IS NULL) "
        "+ (SELECT count(*) FROM asn_disputes WHERE ended_at IS NULL)",
    ),
    _Counted("byoip_validation_runs_open", "Validation runs that have not ended.", "state", ()),
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
        "byoip_route_object_age_seconds",
        "Since when a registry has not answered about the approved prefix that waits longest.",
        "registry",
        "SELECT registry, extract(epoch FROM now() - oldest) FROM registry_budgets, LATERAL ("
        "SELECT answered_at AS oldest FROM watch_turns AS turn "
        "WHERE turn.registry = registry_budgets.registry "
        "ORDER BY answered_at, prefix_id LIMIT 1) AS front",
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
    _Counted(
        "byoip_bindings_provisioning",
        "Changes of bindings that a majority of the edges has not acknowledged.",
        "",
        ("",),
    ),
    _Counted("byoip_routes_desired", "Routes that their owners want announced.", "", ("",)),
    _Counted(
        "byoip_routes_applied", "Routes that a speaker has confirmed to announce.", "speaker", None
    ),
    _Counted(
        "byoip_routes_observed",
        "Routes that are seen: by a listener, or in what a speaker says it sends a peer.",
        "seen_by",
        None,
    ),
    _Counted("byoip_routes_unsettled", "Changes that were not seen at every stage yet.", "", ("",)),
    _Counted(
        "byoip_route_alarms",
        f"What operators should look at: {', '.join(ALARM_KINDS)}.",
        "kind",
        (),
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
    _Counted(
        "byoip_orphan_routes",
        "Paths that a speaker holds and no customer wants: an operator decides.",
        "speaker",
        (),
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
    _Counted(
        "byoip_withdrawals",
        "Routes taken down since the beginning; it only ever grows.",
        "source",
        ("request", "offboarding", "roll_back", "job"),
    ),
    _Counted(
        "byoip_offboardings_open",
        "Prefixes on their way out, by the step that is next.",
        "step",
        (),
    ),
    _Counted(
        "byoip_offboardings_parked",
        "Prefixes on their way out that wait behind an open breaker.",
        "",
        ("",),
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
        "byoip_evidence_bytes",
        "Disk space of raw answers, and of what was asked.",
        "",
        "SELECT '', pg_total_relation_size('raw_answers') + pg_total_relation_size('exhibits')",
    ),
    _Counted(
        "byoip_webhooks",
        "Webhooks by state; failing: active, and its receiver has not taken what is next.",
        "state",
        ("pending", "active", "failing", "disabled"),
    ),
    _Counted(
        "byoip_webhooks_overdue",
        "Webhooks that a worker should have sent something to five minutes ago.",
        "",
        ("",),
    ),
    _Counted(
        "byoip_mail_addresses",
        "Addresses of mail by state; held_up: the operator's own server takes no mail for it.",
        "state",
        ("pending", "active", "failing", "held_up", "parked"),
    ),
    _Counted("byoip_mail_overdue", "Addresses of mail that no worker sends to.", "", ("",)),
    _Counted(
        "byoip_jobs", "Jobs in the queue by status; finished ones are kept for a day.", "status", ()
    ),
)


@dataclass(frozen=True, slots=True)
class Gauges:
    """Reads every gauge, each time."""

    engine: AsyncEngine

    async def read(self) -> Sequence[Gauge]:
        """Read all of them on one connection."""
        told = []
        with translate_driver_errors():
            async with self.engine.connect() as connection:
                figures = await read_figures(connection)
                for gauge in GAUGES:
                    if isinstance(gauge, _Counted):
                        values = _values(gauge, figures.get(gauge.name, {}))
                    else:
                        rows = (await connection.execute(sa.text(gauge.sql))).all()
                        values = [(str(label), float(value)) for label, value in rows]
                    told.append(Gauge(gauge.name, gauge.explanation, values, gauge.label))
        return told


def _values(gauge: _Counted, found: Mapping[str, float]) -> list[tuple[str, float]]:
    if gauge.always is None:
        return list(found.items())
    known = {**dict.fromkeys(gauge.always, 0.0), **found}
    return [(label, value) for label, value in known.items() if value or label in gauge.always]
