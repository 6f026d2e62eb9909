"""Whether size matters: a list of 1,000; create and get at 1,000 and at 1,000,000 prefixes."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from benchmarks.customers import ORIGIN, Customer, add_customer, requests_of
from benchmarks.databases import Server, database
from benchmarks.figures import Figure
from benchmarks.filling import fill, id_of, owner_of
from benchmarks.load import Order, ask
from benchmarks.processes import Listening, api, bare

_FEW, _MANY = 1_000, 1_000_000
_ASKED, _CREATED, _LISTS = 300, 100, 5  # one after the other
_ROUNDS = 5
_GOAL = 1.5


@dataclass(frozen=True, slots=True)
class _Filled:
    url: str
    size: int
    api: Listening
    customer: Customer


def measure(on: Server) -> list[Figure]:
    """Two databases beside each other, asked in turn: whatever else happens disturbs both."""
    with ExitStack() as stack:
        small, large = (_filled(stack, on, size) for size in (_FEW, _MANY))
        listing = _listing(small.api, stack.enter_context(bare(small.url, on.directory)))
        for one in (small, large):
            _get(one)  # plans are made, connections are open
            _create(one, 0)
        rounds = range(1, _ROUNDS + 1)
        gets = [(_get(small), _get(large)) for _ in rounds]
        creates = [(_create(small, number), _create(large, number)) for number in rounds]
    return [listing, _growth("`GET` one prefix", gets), _growth("`POST` a prefix", creates)]


def _filled(stack: ExitStack, on: Server, size: int) -> _Filled:
    url = stack.enter_context(database(on, "production"))
    fill(url, 0, size)
    server = stack.enter_context(api(url, on.directory))
    return _Filled(url, size, server, add_customer(url))


def _listing(ours: Listening, ceiling: Listening) -> Figure:
    requests = requests_of(owner_of(0), "GET", ["/prefixes"]) * _LISTS
    rounds = [
        [ask(Order(server.port, requests, connections=1)) for server in (ours, ceiling)]
        for _ in range(_ROUNDS)
    ]
    taken, bare_taken = (
        median(one.quantile(0.5) for one in each) for each in zip(*rounds, strict=True)
    )
    size = rounds[0][0].answer_bytes
    return Figure(
        f"list of {_FEW:,} prefixes",
        f"{taken * 1000:.0f} ms, {size / 1000:,.0f} kB",
        f"bare ASGI and driver, same statements: {bare_taken * 1000:.0f} ms",
        f"{bare_taken / taken:.0%}",
    )


def _get(filled: _Filled) -> float:
    """The median latency of reads spread over all there are."""
    requests = [
        request
        for number in range(0, filled.size, filled.size // _ASKED)
        for request in requests_of(owner_of(number), "GET", [f"/prefixes/{id_of(number).hex}"])
    ]
    return ask(Order(filled.api.port, requests, connections=1)).quantile(0.5)


def _create(filled: _Filled, number: int) -> float:
    cidrs = [f"40.{number}.{third}.0/24" for third in range(_CREATED)]
    bodies = [{"cidr": cidr, "asn": ORIGIN} for cidr in cidrs]
    requests = requests_of(filled.customer, "POST", ["/prefixes"] * _CREATED, bodies)
    return ask(Order(filled.api.port, requests, connections=1)).quantile(0.5)


def _growth(what: str, rounds: Sequence[tuple[float, float]]) -> Figure:
    few, many = (median(each) for each in zip(*rounds, strict=True))
    times = median(large / small for small, large in rounds)
    return Figure(
        f"{what} at {_MANY:,} prefixes",
        f"p50 {many * 1000:.1f} ms",
        f"at {_FEW:,} prefixes: {few * 1000:.1f} ms",
        f"{times:.2f} times",
        f"within {_GOAL} times",
        times <= _GOAL,
    )
