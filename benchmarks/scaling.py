"""What an operation costs each part, with one API and one worker process and with three of each.

Processor time, not rates: a machine with two cores shows what more processes cost, not what more
cores would give. `docs/scaling.md` computes from it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from benchmarks.customers import Customer, add_customer, bring, requests_of
from benchmarks.databases import Server, database
from benchmarks.figures import Figure, Tell
from benchmarks.load import Order, ask
from benchmarks.processes import Listening, api, byoip, cpu_seconds, tree_cpu_seconds
from benchmarks.throughput import internet, look_first, wait_until_finished

_GOAL = 1.1
_SAMPLED_SECONDS = 0.02
_WAITING = """
    SELECT count(*) FILTER (WHERE wait_event_type = 'Lock'), count(*)
    FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
        AND pid <> pg_backend_pid()"""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """How often each operation is done, by all processes together."""

    customers: int = 6
    validated: int = 240
    read: int = 6000
    processes: Sequence[int] = (1, 3)


_QUICK = _Sizes(customers=2, validated=6, read=20, processes=(1,))


@dataclass(frozen=True, slots=True)
class _Cost:
    """Of one operation, in seconds of processor time.

    Attributes:
        locked: the share of busy connections that wait for another's lock.
    """

    ours: float
    postgres: float
    locked: float


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """The same work, by one process of each kind, then by three."""
    sizes = _QUICK if quick else _Sizes()
    by_processes = [_costs(on, sizes, processes) for processes in sizes.processes]
    for what in by_processes[0]:
        tell(_figure(what, [costs[what] for costs in by_processes], sizes.processes))


def _costs(on: Server, sizes: _Sizes, processes: int) -> dict[str, _Cost]:
    with ExitStack() as stack:
        url = stack.enter_context(database(on, "production"))
        servers = [stack.enter_context(api(url, on.directory)) for _ in range(processes)]
        customers = [add_customer(url) for _ in range(sizes.customers)]
        each = sizes.validated // sizes.customers
        cidrs = [f"20.{n % 5}.{n // 5}.0/24" for n in range(sizes.validated)]
        shares = [cidrs[n * each : (n + 1) * each] for n in range(sizes.customers)]
        costs: dict[str, _Cost] = {}
        brought: list[list[dict[str, Any]]] = [[] for _ in customers]

        def share(number: int) -> Listening:
            return servers[number % processes]

        def bringing(number: int) -> int:
            found = bring(share(number).port, customers[number], shares[number])
            brought[number] = found
            return len(found)

        def reading(number: int) -> int:
            paths = [f"/prefixes/{one['id']}" for one in brought[number]]
            return _asked(share(number), customers[number], paths, sizes.read // len(customers))

        pids = [one.pid for one in servers]
        costs["`POST` a prefix"] = _cost(on, url, pids, bringing, customers)
        costs["`GET` one prefix"] = _cost(on, url, pids, reading, customers)
        environment = {"DATABASE_URL": url}
        flat = [one for each_one in brought for one in each_one]
        flat.sort(key=lambda one: cidrs.index(one["cidr"]))
        with internet(on.directory, flat, published=False) as before:
            look_first(url, on.directory, environment | before)
        environment |= stack.enter_context(internet(on.directory, flat))
        with byoip(["rpki", "refresh"], on.directory, environment) as refreshing:
            assert refreshing.wait(120) == 0
        workers = [
            stack.enter_context(byoip(["worker"], on.directory, environment)).pid
            for _ in range(processes)
        ]
        for number, customer in enumerate(customers):  # they have begun, and are idle, after that
            first = [f"/prefixes/{brought[number][0]['id']}/validate"]
            ask(Order(share(number).port, requests_of(customer, "POST", first), connections=1))
        wait_until_finished(url)

        def validating(number: int) -> int:
            paths = [f"/prefixes/{one['id']}/validate" for one in brought[number][1:]]
            requests = requests_of(customers[number], "POST", paths)
            ask(Order(share(number).port, requests, connections=4))
            return len(paths)

        costs["a validation, with its `POST`"] = _cost(
            on, url, pids + workers, validating, customers, until=lambda: wait_until_finished(url)
        )
        return costs


def _asked(server: Listening, customer: Customer, paths: Sequence[str], count: int) -> int:
    some = [paths[n % len(paths)] for n in range(count)]
    ask(Order(server.port, requests_of(customer, "GET", some), connections=4))
    return count


def _cost(
    on: Server,
    url: str,
    pids: Sequence[int],
    work: Callable[[int], int],
    customers: Sequence[Customer],
    *,
    until: Callable[[], None] = lambda: None,
) -> _Cost:
    """What work costs that is done for each customer at once."""
    before = sum(map(cpu_seconds, pids)), tree_cpu_seconds(on.pid)
    with _lock_waits(url) as waits, ThreadPoolExecutor(len(customers)) as pool:
        done = sum(pool.map(work, range(len(customers))))
        until()
    after = sum(map(cpu_seconds, pids)), tree_cpu_seconds(on.pid)
    ours, postgres = (now - then for now, then in zip(after, before, strict=True))
    locked, busy = map(sum, zip(*waits, strict=True)) if waits else (0, 1)
    return _Cost(ours / done, postgres / done, locked / max(1, busy))


@contextmanager
def _lock_waits(url: str) -> Iterator[list[tuple[int, int]]]:
    """Look often who waits for a lock, and how many are busy."""
    seen: list[tuple[int, int]] = []
    ended = threading.Event()

    def look() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not ended.wait(_SAMPLED_SECONDS):
                row = connection.execute(_WAITING).fetchone()
                assert row
                seen.append((row[0], row[1]))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        ended.set()
        looking.join()


def _figure(what: str, costs: Sequence[_Cost], processes: Sequence[int]) -> Figure:
    first, last = costs[0], costs[-1]
    growth = (last.ours + last.postgres) / (first.ours + first.postgres)
    said = [
        f"{one.ours * 1000:.2f} ms, Postgres {one.postgres * 1000:.2f} ms, "
        f"{one.locked:.0%} of busy connections wait for a lock"
        for one in costs
    ]
    return Figure(
        f"{what}, {processes[-1]} API and {processes[-1]} worker processes",
        said[-1],
        f"{processes[0]} of each: {said[0]}",
        f"{growth:.2f} times",
        f"{_GOAL} times",
        growth <= _GOAL,
    )
