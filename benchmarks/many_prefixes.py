"""Whether size matters: a list of 1,000; reads and writes at 1,000 and at 1,000,000 prefixes."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import chain
from statistics import median

from benchmarks import burden
from benchmarks.customers import ORIGIN, Customer, add_customer, add_operator, requests_of
from benchmarks.databases import Server, database
from benchmarks.figures import Figure, Tell
from benchmarks.filling import AN_ACCOUNT, fill, id_of, owner_of
from benchmarks.load import Order, ask
from benchmarks.processes import Listening, api, bare, byoip

_GOAL = 1.3
_IDLE_GOAL = 0.01
_PAGE = 50


@dataclass(frozen=True, slots=True)
class _Sizes:
    few: int = AN_ACCOUNT
    many: int = 1000 * AN_ACCOUNT
    rounds: int = 5
    # in a round, one after the other
    asked: int = 300
    created: int = 100
    lists: int = 5
    pages: int = 100
    # of a worker that has nothing to do
    idle_seconds: float = 120


_QUICK = _Sizes(
    many=2 * AN_ACCOUNT, rounds=1, asked=10, created=3, lists=1, pages=5, idle_seconds=1
)
_SETTLING_SECONDS = 20
_LESS_OFTEN = 20  # what needs no token is answered at a pace


@dataclass(frozen=True, slots=True)
class _Filled:
    url: str
    size: int
    api: Listening
    customer: Customer
    operator: str


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """Two databases beside each other, asked in turn: whatever else happens disturbs both."""
    sizes = _QUICK if quick else _Sizes()
    with ExitStack() as stack:
        small = _filled(stack, on, sizes.few)
        tell(_listing(small.api, stack.enter_context(bare(small.url, on.directory)), sizes))
        large = _filled(stack, on, sizes.many)
        for one in (small, large):
            _get(one, sizes.asked)  # plans are made, connections are open
            _create(one, 0, sizes.created)
        rounds = range(1, sizes.rounds + 1)
        gets = [tuple(_get(one, sizes.asked) for one in (small, large)) for _ in rounds]
        tell(_growth("`GET` one prefix", gets, sizes))
        creates = [
            tuple(_create(one, number, sizes.created) for one in (small, large))
            for number in rounds
        ]
        tell(_growth("`POST` a prefix", creates, sizes))
        others = {
            f"a page of {_PAGE} prefixes": _page,
            f"a page of {_PAGE} events of an account": _events,
            "which prefix answers for an address": _address,
            "`POST` validate": _validate,
            "`GET /metrics`": _scrape,
        }
        for what, asked in others.items():
            for one in (small, large):
                asked(one, 0, sizes.pages)
            found = [
                tuple(asked(one, number, sizes.pages) for one in (small, large))
                for number in rounds
            ]
            tell(_growth(what, found, sizes))
        tell(_idle(on, small, large, sizes))


def _filled(stack: ExitStack, on: Server, size: int) -> _Filled:
    url = stack.enter_context(database(on, "production"))
    fill(url, 0, size)
    server = stack.enter_context(api(url, on.directory))
    return _Filled(url, size, server, add_customer(url), add_operator(url))


def _listing(ours: Listening, ceiling: Listening, sizes: _Sizes) -> Figure:
    requests = requests_of(owner_of(0), "GET", ["/prefixes"]) * sizes.lists
    rounds = [
        [ask(Order(server.port, requests, connections=1)) for server in (ours, ceiling)]
        for _ in range(sizes.rounds)
    ]
    taken, bare_taken = (
        median(one.quantile(0.5) for one in each) for each in zip(*rounds, strict=True)
    )
    size = rounds[0][0].answer_bytes
    return Figure(
        f"list of {sizes.few:,} prefixes",
        f"{taken * 1000:.0f} ms, {size / 1000:,.0f} kB",
        f"bare ASGI and driver, same statements: {bare_taken * 1000:.0f} ms",
        f"{bare_taken / taken:.0%}",
    )


def _get(filled: _Filled, count: int) -> float:
    """The median latency of reads spread over all there are."""
    requests = [
        request
        for number in range(0, filled.size, filled.size // count)
        for request in requests_of(owner_of(number), "GET", [f"/prefixes/{id_of(number).hex}"])
    ]
    return ask(Order(filled.api.port, requests, connections=1)).quantile(0.5)


def _create(filled: _Filled, number: int, count: int) -> float:
    cidrs = [f"40.{number}.{third}.0/24" for third in range(count)]
    bodies = [{"cidr": cidr, "asn": ORIGIN} for cidr in cidrs]
    requests = requests_of(filled.customer, "POST", ["/prefixes"] * count, bodies)
    return ask(Order(filled.api.port, requests, connections=1)).quantile(0.5)


def _spread(filled: _Filled, number: int, count: int) -> list[int]:
    """Numbers of prefixes, other ones each round, none of them approved."""
    step = max(10, filled.size // count // 10 * 10)
    return [one * step % filled.size + number + 1 for one in range(count)]


def _median(filled: _Filled, requests: Iterable[str]) -> float:
    return ask(Order(filled.api.port, list(requests), connections=1)).quantile(0.5)


def _of_owners(
    filled: _Filled, method: str, numbers: Sequence[int], path: Callable[[int], str]
) -> float:
    each = (requests_of(owner_of(one), method, [path(one)]) for one in numbers)
    return _median(filled, chain.from_iterable(each))


def _page(filled: _Filled, number: int, count: int) -> float:
    path = f"/prefixes?per_page={_PAGE}"
    return _of_owners(filled, "GET", _spread(filled, number, count), lambda _: path)


def _events(filled: _Filled, number: int, count: int) -> float:
    path = f"/events?after=500&per_page={_PAGE}"
    return _of_owners(filled, "GET", _spread(filled, number, count), lambda _: path)


def _validate(filled: _Filled, number: int, count: int) -> float:
    numbers = _spread(filled, number, count)
    return _of_owners(filled, "POST", numbers, lambda one: f"/prefixes/{id_of(one).hex}/validate")


def _address(filled: _Filled, number: int, count: int) -> float:
    first = 20 << 24  # even numbers are IPv4 /24 from 20.0.0.0 on
    addresses = (IPv4Address(first + (one // 2 << 8) + 7) for one in _spread(filled, number, count))
    return _median(
        filled,
        (
            f"GET /client/v4/operator/addresses/{one} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            f"authorization: Bearer {filled.operator}\r\n\r\n"
            for one in addresses
        ),
    )


def _scrape(filled: _Filled, number: int, count: int) -> float:
    del number
    few = max(1, count // _LESS_OFTEN)
    return _median(filled, ["GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"] * few)


def _idle(on: Server, small: _Filled, large: _Filled, sizes: _Sizes) -> Figure:
    """What a worker and its Postgres use of a core, where nothing is due; one after the other."""
    few, many = (asyncio.run(_used(on, one, sizes)) for one in (small, large))
    said = [f"worker {one['worker']:.1%}, Postgres {one['Postgres']:.1%}" for one in (few, many)]
    return Figure(
        f"an idle worker at {sizes.many:,} prefixes, of a core",
        said[1],
        f"at {sizes.few:,} prefixes: {said[0]}",
        f"{sum(many.values()) / max(0.001, sum(few.values())):.2f} times",
        "within 1% and 1%",
        max(many.values()) <= _IDLE_GOAL,
    )


async def _used(on: Server, filled: _Filled, sizes: _Sizes) -> Mapping[str, float]:
    settings = {"DATABASE_URL": filled.url, "BYOIP_ORIGIN_ASNS": str(ORIGIN)}
    with byoip(["worker"], on.directory, settings) as worker:
        await asyncio.sleep(min(_SETTLING_SECONDS, sizes.idle_seconds))
        parties = {"worker": burden.process(worker.pid), "Postgres": burden.postgres(filled.url)}
        used = await burden.shares(parties, sizes.idle_seconds)
        assert worker.poll() is None, "the worker has ended"
        return used


def _growth(what: str, rounds: Sequence[Sequence[float]], sizes: _Sizes) -> Figure:
    few, many = (median(each) for each in zip(*rounds, strict=True))
    times = median(large / small for small, large in rounds)
    return Figure(
        f"{what} at {sizes.many:,} prefixes",
        f"p50 {many * 1000:.1f} ms",
        f"at {sizes.few:,} prefixes: {few * 1000:.1f} ms",
        f"{times:.2f} times",
        f"within {_GOAL} times",
        times <= _GOAL,
    )
