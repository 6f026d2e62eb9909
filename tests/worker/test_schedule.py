from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from croniter import croniter  # type: ignore[import-untyped]  # it comes with the queue
from procrastinate import App, PsycopgConnector

from byoip.ports import jobs
from byoip.worker.schedule import schedule

_TASKS = (
    jobs.RESCUE_RUNS,
    jobs.OFFBOARD,
    jobs.CLOSE_UNPROVEN,
    jobs.END_EXPIRED_DELEGATIONS,
    jobs.WATCH_LETTERS,
    jobs.REEVALUATE_CLAIMS,
    jobs.SETTLE_BINDINGS,
    jobs.TIDY_UP,
    jobs.LOG_AUDIT_HEAD,
    jobs.FOLD_FIGURES,
    jobs.WATCH_PREFIXES,
    jobs.REFRESH_REGISTRATIONS,
    jobs.REFRESH_ROAS,
)


async def nothing(timestamp: int) -> None:
    pass


def scheduled(minutes: int | None) -> dict[str, str]:
    app = App(connector=PsycopgConnector())
    for name in _TASKS:
        app.task(name=name)(nothing)
    schedule(app, roas_every_minutes=minutes)
    periodic = app.periodic_registry.periodic_tasks.values()
    return {one.task.name: one.cron for one in periodic}


def times(cron: str, count: int = 50) -> list[datetime]:
    """When it fires, over a day or more."""
    ticking = croniter(cron, datetime(2026, 11, 22, tzinfo=UTC))
    return [ticking.get_next(datetime) for _ in range(count)]


def test_abandoned_runs_are_looked_for_every_ten_seconds() -> None:
    fired = times(scheduled(20)[jobs.RESCUE_RUNS])
    assert {after - before for before, after in pairwise(fired)} == {timedelta(seconds=10)}


def test_registrations_are_refreshed_at_least_daily() -> None:
    fired = times(scheduled(20)[jobs.REFRESH_REGISTRATIONS])
    assert max(after - before for before, after in pairwise(fired)) <= timedelta(days=1)


def test_4_3_the_head_of_the_operators_history_is_logged_daily() -> None:
    fired = times(scheduled(20)[jobs.LOG_AUDIT_HEAD])
    assert {after - before for before, after in pairwise(fired)} == {timedelta(days=1)}


@pytest.mark.parametrize("minutes", [1, 7, 20, 45, 59, 60, 90, 120, 300, 24 * 60])
def test_roas_are_refreshed_about_as_often_as_the_settings_say(minutes: int) -> None:
    fired = times(scheduled(minutes)[jobs.REFRESH_ROAS])
    assert max(after - before for before, after in pairwise(fired)) <= timedelta(minutes=minutes)


def test_a_worker_that_does_not_refresh_roas_does_not_schedule_it_either() -> None:
    assert set(scheduled(None)) == set(_TASKS) - {jobs.REFRESH_ROAS}
