"""Ship, 1: every process ends by itself after SIGTERM, within its grace, in whatever state it is.

Real processes, signalled at random moments; several at once, since most of the time they wait.
"""

import asyncio
import random
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import psycopg
import pytest

from byoip.adapters.system_clock import SystemClock
from byoip.domain.history import Actor
from byoip.store.engine import make_engine
from byoip.store.migrating import _LOCK, migrate
from byoip.store.transaction import Store
from byoip.usecases.checks.request_validation import request_validation
from tests.accounts import customers
from tests.databases import fresh_database
from tests.end_to_end.running import BYOIP, environment, eventually
from tests.many_routes import OwnedRoute, add_routes, ipv4
from tests.processes import reserved_port
from tests.ship.wire import Wire, wire

GRACE_SECONDS = 30  # of docker-compose.yml, then it is killed
START_SECONDS = 120
AT_ONCE = 4
_SILENT = """
[statistics_urls]
ripencc = "http://127.0.0.1:{port}/"
[[registries]]
key = "silent"
source = "SILENT"
host = "127.0.0.1"
port = {port}
dialect = "irrd"
[[registry_overrides]]
prefix = "20.0.0.0/8"
registry = "silent"
"""
_RUNS = 20
_RUNNING = "SELECT FROM validation_runs WHERE prefix_id = %s AND state = 'running'"
# Before `byoip` has said what it does at a signal, the kernel ends it.
BEFORE_IT_BEGAN = -signal.SIGTERM
WAITED_FOR_A_REQUEST = "timeout graceful shutdown exceeded"  # for all of its time
# One that starts and finds no database says so and ends by itself: that may be before the signal.
FOUND_NO_DATABASE = 2, "The database cannot be reached: "

Disturb = Callable[[Wire], None]


@dataclass(frozen=True)
class State:
    """What a process meets before the signal.

    Attributes:
        early: this happens to its database before it starts; else when it is up.
        silent: what is configured beside it takes connections and answers nothing.
        run: a validation run is out, in a database of its own, so that no other worker takes it.
        migrating: another process migrates the database.
        clients: an upload and a long poll are open.
        said: the signal comes after the process has said this of it.
    """

    program: str
    name: str
    disturb: Disturb = lambda _: None
    early: bool = False
    silent: bool = False
    run: bool = False
    migrating: bool = False
    clients: bool = False
    said: str = ""


DATABASES: dict[str, Disturb] = {"away": Wire.cut, "silent": Wire.silence}
STATES = [
    State("api", "undisturbed"),
    State("worker", "undisturbed"),
    State("api", "upload and long poll", clients=True),
    State("worker", "speaker and registries silent", silent=True),
    State("worker", "a run is out", silent=True, run=True),
    State("api", "long poll, resolver silent", silent=True, clients=True),
    *(
        State(program, f"database {name}{' from the start' if early else ''}", disturb, early=early)
        for early, program, (name, disturb) in product(
            (False, True), ("api", "worker"), DATABASES.items()
        )
    ),
    State("worker", "database starting", Wire.say_starting),
    State("api", "database starting from the start", Wire.say_starting, early=True),
    State("migrate", "database silent from the start", Wire.silence, early=True),
    State("migrate", "another one migrates", early=True, migrating=True),
    # Its queue opens a second pool, whose tasks swallow a cancellation.
    State("worker", "database silent for long", Wire.silence, said="trying again in 2"),
]


@dataclass(frozen=True)
class Place:
    """What attempts share; `claims` are those in `runs_url` whose runs may be out."""

    database_url: str
    directory: Path
    account: str
    token: str
    runs_url: str
    claims: Sequence[OwnedRoute]


@contextmanager
def deaf() -> Iterator[int]:
    """A port that takes connections and datagrams and answers nothing."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(listening.getsockname())
        yield listening.getsockname()[1]


@pytest.fixture
async def place(bare_database_url: str, postgres_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    with fresh_database(postgres_url) as runs_url:
        for url in (bare_database_url, runs_url):
            migrate(url, "production")
        [(account, token)] = await customers(bare_database_url, 1)
        claims = add_routes(runs_url, ipv4(_RUNS), accounts=_RUNS)
        yield Place(bare_database_url, tmp_path, account, token, runs_url, claims)


async def open_run(url: str, claim: OwnedRoute) -> None:
    """As its owner does."""
    engine, actor = make_engine(url), Actor("cli", "cli-1")
    async with Store(engine, SystemClock()).transaction(actor=actor) as tx:
        await request_validation(tx, claim.owner.account_id, claim.claim_id)
    await engine.dispose()


def is_out(url: str, claim: OwnedRoute) -> bool:
    """Whether a worker has taken its run, and it has not ended."""
    with psycopg.connect(url) as asking:
        found = asking.execute(_RUNNING, [claim.claim_id]).fetchall()
    return bool(found)


@contextmanager
def migrating(url: str) -> Iterator[None]:
    """What another `byoip migrate` holds while it runs."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        yield


def attempt(place: Place, number: int, state: State) -> tuple[int, float, str]:
    """Start, disturb, signal at a random moment: exit status, seconds, and its log."""
    chance = random.Random(number)  # noqa: S311 - an order, not a secret
    claim = place.claims[number // len(STATES) % _RUNS]
    database_url = place.runs_url if state.run else place.database_url
    server = urlsplit(database_url)
    log = place.directory / f"{number}.log"
    with ExitStack() as stack:
        between = stack.enter_context(wire(str(server.hostname), int(server.port or 0)))
        silent = stack.enter_context(deaf())
        port = stack.enter_context(reserved_port())
        if state.early:
            state.disturb(between)
        if state.run:
            asyncio.run(open_run(database_url, claim))
        if state.migrating:
            stack.enter_context(migrating(database_url))
        process = start(server, state, log, between.port, silent, port)
        stack.callback(process.kill)
        if not state.early:
            if state.said or chance.random() > 1 / 4:  # else it is just starting
                eventually(lambda: up(state, log, port), within=START_SECONDS)
            if state.clients:
                open_clients(stack, place, port)
            state.disturb(between)
        if state.run:
            eventually(lambda: is_out(database_url, claim), within=START_SECONDS)
        eventually(lambda: state.said in log.read_text(), within=START_SECONDS)
        time.sleep(chance.uniform(0, 4) + 2 * bool(state.said))
        signalled = time.monotonic()
        process.terminate()
        try:
            status = process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            status = -signal.SIGKILL
    return status, time.monotonic() - signalled, log.read_text()


def start(
    server: SplitResult, state: State, log: Path, database: int, silent: int, port: int
) -> subprocess.Popen[bytes]:
    url = server._replace(netloc=f"{server.username}:{server.password}@127.0.0.1:{database}")
    more = {}
    if state.silent:
        config = log.with_suffix(".toml")
        config.write_text(_SILENT.format(port=silent))
        more = {"BYOIP_SPEAKERS": f"127.0.0.1:{silent}", "BYOIP_CONFIG": str(config)}
        more["BYOIP_RESOLVERS"] = f"127.0.0.1:{silent}"
    known = environment(
        DATABASE_URL=url.geturl(), BYOIP_ORIGIN_ASNS="64496", BYOIP_PORT=str(port), **more
    )
    with log.open("wb") as written:
        return subprocess.Popen([BYOIP, state.program], env=known, stderr=written, stdout=written)


def up(state: State, log: Path, port: int) -> bool:
    """Whether an API listens, or a worker has begun: it says what it lacks."""
    if state.program != "api":
        return "Missing since" in log.read_text()
    with closing(socket.socket()) as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def begun(log: str) -> bool:
    """Whether it has said what a process says that has begun to serve."""
    return "The API is served at" in log or "The worker carries out jobs of" in log


def open_clients(stack: ExitStack, place: Place, port: int) -> None:
    """An upload that stops in the middle, and a request that waits for events."""
    path = f"/client/v4/accounts/{place.account}/addressing"
    head = f"Host: byoip.test\r\nAuthorization: Bearer {place.token}\r\n"
    upload = "Content-Length: 9000\r\nContent-Type: multipart/form-data; boundary=here\r\n\r\n--he"
    requests = [f"POST {path}/loa_documents", f"GET {path}/events?wait=30"]
    for request, rest in zip(requests, (upload, "\r\n"), strict=True):
        try:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        except ConnectionRefusedError:
            continue  # it is just starting
        client.sendall(f"{request} HTTP/1.1\r\n{head}{rest}".encode())


def faults(place: Place, states: Sequence[State]) -> list[str]:
    """Of each attempt that did not end as it should."""

    def judge(numbered: tuple[int, State]) -> str | None:
        number, state = numbered
        status, seconds, log = attempt(place, number, state)
        if status in {0, BEFORE_IT_BEGAN} and WAITED_FOR_A_REQUEST not in log:
            return None
        gone = state.disturb in {Wire.cut, Wire.say_starting}
        # Migrations give a silent database up before a late signal comes.
        starting = (gone or state.program == "migrate") and not begun(log)
        if starting and status == FOUND_NO_DATABASE[0] and FOUND_NO_DATABASE[1] in log:
            return None
        last = "\n".join(log.splitlines()[-40:])
        return f"{number}: {state.program}, {state.name}: {status} after {seconds:.1f} s\n{last}"

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return [one for one in threads.map(judge, enumerate(states)) if one]


@pytest.mark.timeout(300)
def test_a_process_ends_in_every_state(place: Place) -> None:
    found = faults(place, STATES)
    assert not found, "\n\n".join(found)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_two_hundred_processes_end_at_random_moments(place: Place) -> None:
    many = [one for _ in range(200) for one in STATES]
    found = faults(place, list(islice(many, 200)))
    assert not found, "\n\n".join(found)
