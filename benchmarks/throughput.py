"""Validations per second of one `byoip worker`, from claims to approval.

Claims come in through the API, the sandbox's registry and name servers answer from a process of
their own, ROA data is loaded by `byoip rpki refresh`; then a worker is started on a full queue.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from benchmarks.bare_statements import seconds_of
from benchmarks.customers import add_customer, bring, requests_of
from benchmarks.databases import Asked, Server, database, statements
from benchmarks.figures import Figure, Tell
from benchmarks.internet import Known, Ports
from benchmarks.load import Order, ask
from benchmarks.processes import api, byoip, cpu_seconds, first_line, ours
from benchmarks.proofs import rpsl, txt, vrp

from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rirs import RIRS

_GOAL = 100.0
_PATIENCE_SECONDS = 300.0  # timings never fail anything, and machines are busy
_OPEN = "SELECT count(*) FROM validation_runs WHERE state <> 'finished'"
_LOOKS = """
    SELECT count(*) FROM procrastinate.procrastinate_jobs
    WHERE task_name = 'look_first' AND status IN ('todo', 'doing')"""
_APPROVED = "SELECT count(*) FROM prefixes WHERE state = 'approved'"
_SECONDS = """
    SELECT extract(epoch FROM max(finished_at) - min(started_at))
    FROM (SELECT * FROM validation_runs ORDER BY created_at DESC LIMIT %s) AS measured"""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Claims: with whose the statements are counted, and those that time is taken of."""

    counted: int = 100
    measured: int = 400


_QUICK = _Sizes(counted=5, measured=10)


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """Validate claims at all five registries, half of them by TXT record, half by route object."""
    sizes = _QUICK if quick else _Sizes()
    numbers = range(sizes.counted + sizes.measured)
    cidrs = [f"20.{n % len(RIRS)}.{n // len(RIRS)}.0/24" for n in numbers]
    with ExitStack() as stack:
        url = stack.enter_context(database(on, "production"))
        server = stack.enter_context(api(url, on.directory))
        customer = add_customer(url)
        brought = sorted(
            bring(server.port, customer, cidrs), key=lambda one: cidrs.index(one["cidr"])
        )
        environment = {"DATABASE_URL": url}
        with internet(on.directory, brought, published=False) as before:
            look_first(url, on.directory, environment | before)
        environment |= stack.enter_context(internet(on.directory, brought))
        with byoip(["rpki", "refresh"], on.directory, environment) as refreshing:
            assert refreshing.wait(_PATIENCE_SECONDS) == 0
        paths = [f"/prefixes/{one['id']}/validate" for one in brought]
        requests = requests_of(customer, "POST", paths)
        ask(Order(server.port, requests[: sizes.counted], connections=8))
        with statements(on, url) as counted:
            _work(url, on.directory, environment)
        ask(Order(server.port, requests[sizes.counted :], connections=8))
        cpu = _work(url, on.directory, environment)
        each = _each(counted[0], sizes.counted)
        ceiling = sizes.measured / seconds_of(url, each, sizes.measured)
        with psycopg.connect(url) as connection:
            seconds = float(_one(connection, _SECONDS, sizes.measured))
            approved = _one(connection, _APPROVED)
    if approved != len(cidrs):
        raise RuntimeError(f"{approved} of {len(cidrs)} claims were approved")
    tell(_rate(sizes.measured / seconds, ceiling, each))
    tell(_cpu(cpu / sizes.measured))


def _each(counted: Asked, claims: int) -> Asked:
    return Asked(round(counted.statements / claims), round(counted.transactions / claims))


def _rate(reached: float, ceiling: float, each: Asked) -> Figure:
    return Figure(
        "validations, one worker",
        f"{reached:.0f}/s",
        f"as many statements ({each.statements}, in {each.transactions} transactions and alone) "
        f"by the bare driver: {ceiling:.0f}/s",
        f"{reached / ceiling:.0%}",
        f"{_GOAL:.0f}/s",
        reached >= _GOAL,
    )


def _cpu(seconds: float) -> Figure:
    return Figure("processor time of the worker for one", f"{seconds * 1000:.1f} ms")


def look_first(url: str, directory: Path, environment: dict[str, str]) -> None:
    """Have a worker see the registries without the tokens, as customers wait for."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    with (
        psycopg.connect(url, autocommit=True) as connection,
        byoip(["worker"], directory, environment),
    ):
        while left := _one(connection, _LOOKS):
            if time.monotonic() > give_up:
                raise RuntimeError(f"{left} registries were not looked at")
            time.sleep(0.05)


def _work(url: str, directory: Path, environment: dict[str, str]) -> float:
    """Run a worker until the queue is empty; the processor time it took once it had begun."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    before = None
    with (
        psycopg.connect(url, autocommit=True) as connection,
        byoip(["worker"], directory, environment) as worker,
    ):
        waiting = _one(connection, _OPEN)
        while left := _one(connection, _OPEN):
            if time.monotonic() > give_up:
                raise RuntimeError(f"{left} of {waiting} runs were not finished")
            time.sleep(0.05)
            if before is None and left < waiting:
                before = cpu_seconds(worker.pid)
        return cpu_seconds(worker.pid) - (before or 0)


@contextmanager
def internet(
    directory: Path, brought: list[dict[str, Any]], *, published: bool = True
) -> Iterator[dict[str, str]]:
    """Publish everything, or no token yet; the settings by which a worker asks there."""
    known, roas = Known({one.source: "" for one in RIRS}, {}), []
    for number, prefix in enumerate(brought):
        registry = RIRS[number % len(RIRS)]
        by_name = number % 2 == 0
        token = published and not by_name
        known.irr[registry.source] += rpsl(prefix, registry.source, token=token)
        known.txt.update(txt(prefix) if published and by_name else ())
        roas.append(vrp(prefix, registry.key.removesuffix("ncc")))
    (directory / "known.json").write_bytes(msgspec.json.encode(known))
    export = {"metadata": {"buildtime": datetime.now(UTC)}, "roas": roas}
    (directory / "roas.json").write_bytes(msgspec.json.encode(export))
    with ours("internet", [str(directory / "known.json")], directory) as process:
        ports = msgspec.json.decode(first_line(process), type=Ports)
        settings = _settings(ports, directory / "roas.json")
        (directory / "byoip.toml").write_text("\n".join(settings))
        yield {"BYOIP_CONFIG": str(directory / "byoip.toml")}


def _settings(ports: Ports, roas: Path) -> list[str]:
    lines = [
        f'resolvers = ["127.0.0.1:{ports.names}"]',
        f"name_server_port = {ports.names}",
        "origin_asns = [64500]",
        'contactable = ["127.0.0.0/8"]',
        f'rpki_feed_file = "{roas}"',
        f'statistics_dir = "{roas.parent}"',  # none there: no server beyond loopback is asked
        "rpki_floor = 0",
    ]
    for number, registry in enumerate(RIRS):
        lines += ["[[registry_overrides]]", f'prefix = "20.{number}.0.0/16"']
        lines += [f'registry = "{registry.key}"', *_registry(registry, ports.whois)]
    return lines


def _registry(registry: Registry, port: int) -> list[str]:
    return [
        "[[registries]]",
        f'key = "{registry.key}"',
        f'source = "{registry.source}"',
        'host = "127.0.0.1"',
        f"port = {port}",
        f'dialect = "{registry.dialect.value}"',
        f"holder_rule = {str(registry.holder_rule).lower()}",
        "budget = {connections = 1000, per_minute = 1000000, per_day = 1000000000}",
    ]


def wait_until_finished(database_url: str) -> None:
    """Wait until no run of a validation is open."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    with psycopg.connect(database_url, autocommit=True) as connection:
        while left := _one(connection, _OPEN):
            if time.monotonic() > give_up:
                raise RuntimeError(f"{left} runs were not finished")
            time.sleep(0.05)


def _one(connection: psycopg.Connection, question: str, *asked: object) -> Any:
    row = connection.execute(question.encode(), asked).fetchone()
    assert row
    return row[0]
