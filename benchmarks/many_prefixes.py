"""Whether size matters: a list of 1,000; create and get at 1,000 and at 1,000,000 prefixes."""

from statistics import median

from benchmarks.customers import Customer, add_customer, requests_of
from benchmarks.databases import Server, database
from benchmarks.figures import Figure
from benchmarks.filling import fill, id_of, owner_of
from benchmarks.load import Order, ask
from benchmarks.processes import Listening, api, bare

_FEW, _MANY = 1_000, 1_000_000
_ASKED, _CREATED, _LISTS = 300, 100, 10  # one after the other
_ROUNDS = 3
_GOAL = 1.5


def measure(on: Server) -> list[Figure]:
    """The same questions on the same database, before and after it has grown."""
    with database(on, "production") as url, api(url, on.directory) as ours:
        fill(url, 0, _FEW)
        with bare(url, on.directory) as ceiling:
            listing = _listing(ours, ceiling)
        customer = add_customer(url)
        few = _get(ours, _FEW), _create(ours, customer, 0)
        fill(url, _FEW, _MANY)
        many = _get(ours, _MANY), _create(ours, customer, _ROUNDS)
    words = (f"`GET` one prefix at {_MANY:,} prefixes", f"`POST` a prefix at {_MANY:,} prefixes")
    return [listing, *map(_growth, words, few, many)]


def _listing(ours: Listening, ceiling: Listening) -> Figure:
    requests = requests_of(owner_of(0), "GET", ["/prefixes"]) * _LISTS
    rounds = [
        [ask(Order(server.port, requests, connections=1)) for server in (ours, ceiling)]
        for _ in range(_ROUNDS)
    ]
    taken, bare_taken = (median(one.quantile(0.5) for one in each) for each in zip(*rounds))
    size = rounds[0][0].answer_bytes
    return Figure(
        f"list of {_FEW:,} prefixes",
        f"{taken * 1000:.0f} ms, {size / 1000:,.0f} kB",
        f"bare ASGI and driver, same statements: {bare_taken * 1000:.0f} ms",
        f"{bare_taken / taken:.0%}",
    )


def _get(server: Listening, size: int) -> float:
    numbers = range(0, size, size // _ASKED)
    requests = [
        request
        for number in numbers
        for request in requests_of(owner_of(number), "GET", [f"/prefixes/{id_of(number).hex}"])
    ]
    ask(Order(server.port, requests, connections=1))  # plans are made, connections are open
    return median(
        ask(Order(server.port, requests, connections=1)).quantile(0.5) for _ in range(_ROUNDS)
    )


def _create(server: Listening, customer: Customer, first: int) -> float:
    taken = []
    for number in range(first, first + _ROUNDS):
        bodies = [
            {"cidr": f"40.{number}.{third}.0/24", "asn": 64500} for third in range(_CREATED)
        ]
        requests = requests_of(customer, "POST", ["/prefixes"] * _CREATED, bodies)
        taken.append(ask(Order(server.port, requests, connections=1)).quantile(0.5))
    return median(taken)


def _growth(what: str, few: float, many: float) -> Figure:
    return Figure(
        what,
        f"p50 {many * 1000:.1f} ms",
        f"at {_FEW:,} prefixes: {few * 1000:.1f} ms",
        f"{many / few:.2f} times",
        f"within {_GOAL} times",
        many / few <= _GOAL,
    )
