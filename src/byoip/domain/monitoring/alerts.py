"""When monitoring calls a person: one table, of which Prometheus' rules and the manual are made.

Gauges are the same from every API process, so each expression takes the largest (or smallest) of a
job's copies: one alert, however many copies are scraped. A gauge of an age is infinite where there
never was any data, and infinite is above every limit.
"""

from collections.abc import Sequence
from typing import Final

from byoip.domain.checks.delegated_statistics import OLD_AFTER
from byoip.domain.checks.vrp_snapshot import STALE_AFTER
from byoip.domain.monitoring.alert import Alert, Severity, most
from byoip.domain.monitoring.owed import OWED
from byoip.domain.monitoring.route_alarms import FOR_LATER, PAGED
from byoip.domain.monitoring.sign_in import SIGN_IN

JOB: Final = "byoip"  # the scrape job; `byoip-` and more for further installations

_ROA_DATA: Final = "Checks end unanswered: ROA data is stale"
_EDGES: Final = "An edge does not follow"
_BREAKER: Final = "The breaker has tripped"
_STATISTICS: Final = "Statistics are stale"
_NO_ANSWER: Final = "A copy of the API does not answer"
_PROBES: Final = "/healthz|/readyz|/metrics"
_ANSWERS: Final = f'rate(byoip_http_requests_total{{route!~"{_PROBES}"}}[5m])'
_FAILURES: Final = f'rate(byoip_http_requests_total{{route!~"{_PROBES}",status=~"5.."}}[5m])'
_ENTRIES: Final = "byoip_roa_snapshot_entries"
_BY_ITSELF: Final = 'byoip_withdrawals{source=~"job|roll_back"}'
_CONFIRMING: Final = 'byoip_offboardings_open{step="confirm"}'
_CONTESTED: Final = 'byoip_prefixes_not_ok{standing="contested"}'

ALERTS: Final[Sequence[Alert]] = (
    Alert(
        "ByoipWatchdog",
        "vector(1)",
        "0s",
        Severity.NONE,
        "Always on: whoever gets it calls a person when it no longer comes.",
        "The watchdog is silent",
    ),
    Alert(
        "ByoipDown",
        f'up{{job=~"{JOB}.*"}} == 0',
        "2m",
        Severity.PAGE,
        "{instance} gives no metrics.",
        _NO_ANSWER,
    ),
    Alert(
        "ByoipAbsent",
        "absent(byoip_database_up)",
        "5m",
        Severity.PAGE,
        "No copy of the API gives metrics.",
        _NO_ANSWER,
    ),
    Alert(
        "ByoipDatabaseAway",
        "byoip_database_up == 0",
        "1m",
        Severity.PAGE,
        "{instance} does not reach the database.",
        "readyz is red",
    ),
    Alert(
        "ByoipServerErrors",
        f"sum by (job) ({_FAILURES}) / sum by (job) ({_ANSWERS}) > 0.05",
        "10m",
        Severity.PAGE,
        "More than one request in twenty is answered with 5xx.",
        "The API answers with 5xx",
    ),
    Alert(
        "ByoipBreakerOpen",
        f"{most('byoip_breaker_open', 'scope')} > 0",
        "0s",
        Severity.PAGE,
        "The breaker stops withdrawals, scope {scope}, until an operator re-arms it.",
        _BREAKER,
    ),
    Alert(
        "ByoipWithdrawnByItself",
        f"{most(f'delta({_BY_ITSELF}[10m])', 'source')} > 10",
        "0s",
        Severity.PAGE,
        "More than 10 routes went down within 10 minutes at no owner's request, by {source}.",
        _BREAKER,
    ),
    Alert(
        "ByoipOffboardingsParked",
        f"{most('byoip_offboardings_parked')} > 0",
        "1h",
        Severity.TICKET,
        "Offboardings wait behind an open breaker.",
        _BREAKER,
    ),
    Alert(
        "ByoipOffboardingStuck",
        f"{most(_CONFIRMING)} > 0",
        "1h",
        Severity.TICKET,
        "Offboardings wait until nobody holds or sees their routes.",
        "An offboarding does not move",
    ),
    Alert(
        "ByoipJobRefused",
        f"{most('byoip_jobs_refused', 'kind')} > 0",
        "5m",
        Severity.TICKET,
        "The job {kind} wanted to act on a set out of proportion to its past.",
        "A job refused its set",
    ),
    Alert(
        "ByoipLevelsHeld",
        f"{most('byoip_levels_held', 'signal')} > 0",
        "5m",
        Severity.TICKET,
        "More prefixes of a registry than a day may bring would rise by the signal {signal}.",
        "Changes of level are held",
    ),
    Alert(
        "ByoipJobStopped",
        f"{most('byoip_jobs_stopped', 'kind')} > 0",
        "1d",
        Severity.TICKET,
        "An operator has stopped the job {kind} a day ago, and not started it again.",
        "Stop a job while the API is down",
    ),
    Alert(
        "ByoipSpeakerDown",
        "min by (job, speaker) (byoip_speaker_up) == 0",
        "1m",
        Severity.PAGE,
        "The speaker {speaker} does not answer.",
        "speaker_down",
    ),
    Alert(
        "ByoipReconcilerSilent",
        "min by (job) (byoip_reconciler_silent_seconds) > 60 "
        "and on (job) count by (job) (byoip_speaker_up)",
        "1m",
        Severity.PAGE,
        "No worker tells speakers anything.",
        "reconciler_silent",
    ),
    Alert(
        "ByoipRoutesLost",
        f"{most('byoip_routes_lost_last_minute')} >= 3",
        "0s",
        Severity.PAGE,
        "Routes go that no owner withdrew, as listeners see it.",
        "lost",
    ),
    Alert(
        "ByoipRouteAlarm",
        f"{most(PAGED, 'kind')} > 0",
        "2m",
        Severity.PAGE,
        "Alarm about routes or speakers: {kind}.",
        "{kind}",
    ),
    Alert(
        "ByoipRouteAlarmForLater",
        f"{most(FOR_LATER, 'kind')} > 0",
        "15m",
        Severity.TICKET,
        "Alarm about routes or speakers: {kind}.",
        "{kind}",
    ),
    Alert(
        "ByoipOrphans",
        f"{most('byoip_orphan_routes', 'speaker')} > 0",
        "5m",
        Severity.TICKET,
        "{speaker} holds paths that no owner wants.",
        "Orphans",
    ),
    Alert(
        "ByoipRoutesUnsettled",
        f"{most('byoip_routes_unsettled')} > 0",
        "15m",
        Severity.TICKET,
        "Changes of routes are on their way all the time.",
        "Changes of routes wait",
    ),
    Alert(
        "ByoipRunsOverdue",
        f"{most('byoip_validation_run_overdue_seconds')} > 60",
        "5m",
        Severity.PAGE,
        "Validation runs are due, and no worker takes them.",
        "The queue is stuck",
    ),
    Alert(
        "ByoipRoaDataOld",
        f"{most('byoip_roa_snapshot_age_seconds')} > {3 * 3600}",
        "10m",
        Severity.TICKET,
        "ROA data is older than 3 hours, or there is none; at 24 hours approvals wait.",
        _ROA_DATA,
    ),
    Alert(
        "ByoipRoaDataStale",
        f"{most('byoip_roa_snapshot_age_seconds')} > {STALE_AFTER.total_seconds():.0f}",
        "10m",
        Severity.PAGE,
        "ROA data is older than 24 hours, or there is none: approvals wait.",
        _ROA_DATA,
    ),
    Alert(
        "ByoipRoaSnapshotsRefused",
        f"{most('byoip_roa_snapshots_refused')} > 0",
        "1h",
        Severity.TICKET,
        "ROA data is refused, refresh after refresh.",
        "A ROA snapshot was refused",
    ),
    Alert(
        "ByoipRoaEntriesFell",
        f"{most(_ENTRIES, 'anchor')} < 0.9 * {most(f'{_ENTRIES} offset 1d', 'anchor')}",
        "30m",
        Severity.TICKET,
        "The ROA data has a tenth less of {anchor} than a day ago.",
        "A ROA snapshot was refused",
    ),
    Alert(
        "ByoipStatisticsOld",
        f"{most('byoip_registration_age_seconds', 'registry')} > {OLD_AFTER.total_seconds():.0f}",
        "1h",
        Severity.TICKET,
        "The statistics of {registry} are older than two days.",
        _STATISTICS,
    ),
    Alert(
        "ByoipNoStatistics",
        f"{most('byoip_database_up')} == 1 "
        f"unless on (job) {most('byoip_registration_age_seconds')}",
        "1h",
        Severity.PAGE,
        "There are no statistics, so no registry is known to be responsible for a prefix.",
        _STATISTICS,
    ),
    Alert(
        "ByoipRegistryPaused",
        f"{most('byoip_registry_paused_seconds', 'registry')} > 0",
        "15m",
        Severity.TICKET,
        "{registry} refused to answer us, and is left alone for a time; no check waits for …/rdap.",
        "A registry refused us",
    ),
    Alert(
        "ByoipContested",
        f"{most(_CONTESTED)} > 0",
        "0s",
        Severity.TICKET,
        "Two accounts have proven the same space, or it was left after a change of holder.",
        "A prefix is contested",
    ),
    Alert(
        "ByoipOriginDrift",
        f"{most('byoip_origin_drifts', 'validity')} > 0",
        "30m",
        Severity.TICKET,
        "Approved prefixes or routes are {validity} by the newest ROA data.",
        "A route is no longer valid by ROA data",
    ),
    *OWED,
    *SIGN_IN,
    Alert(
        "ByoipEdgeLag",
        f"{most('byoip_edge_lag', 'edge')} > 0",
        "2m",
        Severity.TICKET,
        "The edge {edge} lacks changes, and announcing waits for it.",
        _EDGES,
    ),
    Alert(
        "ByoipEdgeSilent",
        f"{most('byoip_edge_silent_seconds', 'edge')} > 300 "
        f"and on (job, edge) {most('byoip_edge_lag', 'edge')}",  # which those out of service lack
        "0s",
        Severity.PAGE,
        "The edge {edge}, in service, has acknowledged nothing for 5 minutes.",
        _EDGES,
    ),
    Alert(
        "ByoipBindingsProvisioning",
        f"{most('byoip_bindings_provisioning')} > 0",
        "5m",
        Severity.TICKET,
        "No majority of edges acknowledges changes of bindings.",
        _EDGES,
    ),
)
