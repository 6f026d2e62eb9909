"""The tasks that run by the clock. Each run is enqueued once, however many workers there are."""

from procrastinate import App

from byoip.ports import jobs


def schedule(app: App, *, roas_every_minutes: int | None, letters: bool = False) -> None:
    """Put the registered tasks on the clock (cron with seconds last, UTC).

    ROAs are scheduled only by workers that refresh them, letters only by those that hold the
    operator's key: without such a worker, jobs would pile up.
    """
    times = {
        jobs.RESCUE_RUNS: "* * * * * */10",
        jobs.OFFBOARD: "* * * * * */10",
        jobs.CLOSE_UNPROVEN: "17 * * * *",
        jobs.END_EXPIRED_DELEGATIONS: "* * * * *",
        jobs.FOLD_FIGURES: "* * * * *",
        jobs.TIDY_UP: "47 * * * *",
        jobs.LOG_AUDIT_HEAD: "7 0 * * *",
        jobs.REFRESH_REGISTRATIONS: "23 */6 * * *",
        jobs.WATCH_LETTERS: "* * * * *",
        jobs.REEVALUATE_CLAIMS: "* * * * *",
        jobs.WATCH_PREFIXES: "* * * * *",
        jobs.SETTLE_BINDINGS: "* * * * * */10",
    }
    if letters:
        times[jobs.RENEW_LETTERS] = "*/10 * * * *"
    if roas_every_minutes:
        times[jobs.REFRESH_ROAS] = _every(roas_every_minutes)
    for name, cron in times.items():
        app.periodic(cron=cron, periodic_id=name)(app.tasks[name])


def _every(minutes: int) -> str:
    """Every so many minutes within the hour; whole hours beyond that."""
    hour = 60
    return f"*/{minutes} * * * *" if minutes < hour else f"0 */{max(1, minutes // hour)} * * *"
