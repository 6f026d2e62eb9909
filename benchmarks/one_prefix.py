"""`GET` of one prefix, as a share of a bare program that runs the same statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

from benchmarks.customers import add_customer, bring, requests_of
from benchmarks.databases import Server, database, statements
from benchmarks.figures import Figure, Tell
from benchmarks.load import Order, Report, ask
from benchmarks.processes import Listening, api, bare, cpu_seconds

from byoip.domain.accounts.limits import BLOCK

_GOAL, _CPU_GOAL = 1 / 3, 0.7


@dataclass(frozen=True, slots=True)
class _Sizes:
    prefixes: int = 100
    rounds: int = 3
    warming: float = 0.5  # seconds
    seconds: float = 2.5


_QUICK = _Sizes(prefixes=5, rounds=1, warming=0.1, seconds=0.4)


@dataclass(frozen=True, slots=True)
class _Round:
    report: Report
    cpu: float  # seconds a request


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """Ask both programs in turn, so that whatever else the machine does disturbs both."""
    sizes = _QUICK if quick else _Sizes()
    cidrs = [f"20.0.{third}.0/24" for third in range(sizes.prefixes)]
    with database(on, "production") as url, api(url, on.directory) as ours:
        customer = add_customer(url)
        brought = bring(ours.port, customer, cidrs)
        requests = requests_of(customer, "GET", [f"/prefixes/{one['id']}" for one in brought])
        with statements(on, url) as counted:
            ask(Order(ours.port, requests, connections=1))
        with bare(url, on.directory) as ceiling:
            rounds = [
                (_load(ceiling, requests, sizes), _load(ours, requests, sizes))
                for _ in range(sizes.rounds)
            ]
    tell(_throughput(rounds))
    tell(_cpu(rounds))
    tell(_statements(counted[0].statements, sizes.prefixes))


def _statements(counted: int, requests: int) -> Figure:
    leases = 2 * ceil(requests / BLOCK)  # a credential's and an account's
    return Figure(
        "statements for it",
        f"{counted / requests:g}",
        goal=f"1, and 2 for {BLOCK} requests' permits",
        met=counted <= requests + leases,
    )


def _load(server: Listening, requests: list[str], sizes: _Sizes) -> _Round:
    ask(Order(server.port, requests, seconds=sizes.warming))
    before = cpu_seconds(server.pid)
    report = ask(Order(server.port, requests, seconds=sizes.seconds))
    return _Round(report, (cpu_seconds(server.pid) - before) / len(report.latencies))


def _throughput(rounds: Sequence[tuple[_Round, _Round]]) -> Figure:
    ceiling = median(bare.report.rate for bare, _ in rounds)
    reached = median(ours.report.rate for _, ours in rounds)
    share = median(ours.report.rate / bare.report.rate for bare, ours in rounds)
    slowest = median(ours.report.quantile(0.99) for _, ours in rounds)
    return Figure(
        "`GET` one prefix, 32 connections, one process",
        f"{reached:,.0f}/s (p99 {slowest * 1000:.0f} ms)",
        f"bare ASGI and driver, same statement: {ceiling:,.0f}/s",
        f"{share:.0%}",
        "33 %, aim at 50 %",
        share >= _GOAL,
    )


def _cpu(rounds: Sequence[tuple[_Round, _Round]]) -> Figure:
    ceiling = median(bare.cpu for bare, _ in rounds)
    needed = median(ours.cpu for _, ours in rounds)
    return Figure(
        "processor time of the API for it",
        f"{needed * 1000:.2f} ms",
        f"the same bare program: {ceiling * 1000:.2f} ms",
        f"{ceiling / needed:.0%}",
        f"{_CPU_GOAL:.0%}",
        ceiling / needed >= _CPU_GOAL,
    )
