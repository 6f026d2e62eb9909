"""What the service adds to the `byoip` command: what there is, and where; it imports no server."""

import logging
from collections.abc import Mapping
from typing import Final

from byoip.domain.errors import Fixable, Refusal
from byoip_cli.lazy import Entry
from byoip_cli.main import Plug, application, run

CATALOGUE: Final[Mapping[str, Entry]] = {
    "up": Entry(
        "byoip.cli.starting:start", "Start everything in one process: Postgres, API, worker."
    ),
    "demo": Entry(
        "byoip.cli.starting:demo",
        "Onboard three prefixes against the sandbox, as a customer would.",
    ),
    "api": Entry(
        "byoip.cli.running:api", "Serve the API on DATABASE_URL; start as many as you like."
    ),
    "worker": Entry(
        "byoip.cli.running:worker",
        "Carry out validations and periodic jobs; start as many as you like.",
    ),
    "perspective": Entry(
        "byoip.cli.perspective:perspective",
        "Look at reverse zones and registries from this place; it needs no database.",
    ),
    "migrate": Entry(
        "byoip.cli.migrating:migrate_database",
        "Bring the database to this version's revision and offer the services of the settings.",
    ),
    "account": Entry("byoip.cli.accounts:accounts_app", "Customers; more under `operator`."),
    "token": Entry(
        "byoip.cli.accounts:tokens_app",
        "Their credentials, and the operator's; more under `operator`.",
    ),
    "person": Entry(
        "byoip.cli.accounts:people_app",
        "People who sign in on pages; more there, under People.",
    ),
    "rpki": Entry("byoip.cli.rpki:rpki_app", "ROA data."),
    "advertise": Entry(
        "byoip.cli.advertise:advertise_app",
        "What BGP speakers announce, in the database itself, for when the API is down. "
        "Otherwise `byoip operator routes`.",
    ),
    "kill-switch": Entry(
        "byoip.cli.kill_switch:kill_switch_app",
        "Stop a kind of job in the database itself; works while the API is down.",
    ),
    "sandbox": Entry(
        "byoip.cli.first_hour.sandbox:sandbox_app",
        "What a customer does at registries, in the sandbox.",
        speaks=True,
    ),
    "init": Entry(
        "byoip.cli.first_hour.init:init",
        "Write a settings file with comments, to begin with; it replaces none.",
    ),
    "doctor": Entry(
        "byoip.cli.doctor.command:doctor",
        "Look at everything that the service needs here, and say what is missing and the fix.",
    ),
    "config": Entry("byoip.cli.config:config_app", "Settings."),
}

_SERVERS = frozenset({"up", "api", "worker", "perspective"})


def _begin(name: str) -> None:
    from byoip.cli.logs import configure_logs  # noqa: PLC0415 - commands that speak HTTP log nothing

    configure_logs(logging.INFO if name in _SERVERS else logging.WARNING)


SERVICE: Final = Plug(CATALOGUE, (Fixable, Refusal), _begin)
app = application([SERVICE])


def main() -> None:
    """Run a command of the service, or of a client; what a wheel's script does with its plugs."""
    run([SERVICE])
