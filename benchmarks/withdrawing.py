"""What it costs that every withdrawal is counted, and a thousand of them through the API."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import psycopg
from benchmarks.databases import Server, database
from benchmarks.figures import Figure, Tell
from benchmarks.load import Order, ask
from benchmarks.processes import api
from sqlalchemy import text
from tests.many_routes import OwnedRoute, add_routes, ipv4

from byoip.adapters.system_clock import SystemClock
from byoip.domain.history import Actor
from byoip.domain.routes.breaker import Ceilings, Source, Withdrawal
from byoip.store.engine import make_engine
from byoip.store.routes.breaker import BreakerRepository
from byoip.store.statements import compiled
from byoip.store.transaction import Store, Transaction
from byoip.usecases.routes.withdraw import withdraw

_ACCOUNTS = 25
_NO_CEILING = Ceilings(10**6, 10**6, 10**6, 1.0, 10**6)
_BY = Actor("benchmark", "benchmark")
_ENTER = """
INSERT INTO withdrawals (id, bgp_prefix_id, account_id, change, source, job, run, actor, request_id,
    at)
VALUES ({id}, {route}, {account}, 3, 'request', '', '', 'benchmark', 'benchmark', now())"""
_BARE = _ENTER.format(id="%(id)s", route="%(route)s", account="%(account)s").encode()
_UPDATE = b"""UPDATE bgp_prefixes SET advertised = false, binding_id = NULL, change = 3,
    withdrawal_id = %(id)s, advertised_modified_at = now(), modified_at = now()
    WHERE id = %(route)s"""
_ADD = compiled(text(_ENTER.format(id=":id", route=":route", account=":account")))


@dataclass(frozen=True, slots=True)
class _Sizes:
    advertised: int = 10_000  # at first: the breaker counts them each time
    each: int = 200  # withdrawals, one after the other
    rounds: int = 3
    fleet: int = 1000  # forty of an account, one minute: no ceiling stops a request


_QUICK = _Sizes(advertised=100, each=5, rounds=2, fleet=50)


class _Uncounted(BreakerRepository):
    """Keeps the ledger's entry, which a withdrawn row refers to, and asks and counts nothing."""

    async def permit(self, asked: Withdrawal, *, actor: str, request_id: str) -> UUID:  # noqa: ARG002
        entry = uuid4()
        values = {"id": entry, "route": asked.bgp_prefix_id, "account": asked.account_id}
        await self._session.change(_ADD, **values)
        return entry


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """With the breaker, without it, and with nothing at all around the two statements."""
    sizes = _QUICK if quick else _Sizes()
    with database(on, "production") as url:
        routes = add_routes(url, ipv4(sizes.advertised), accounts=_ACCOUNTS, advertised=True)
        counted, uncounted, bare = asyncio.run(_rates(url, routes, sizes))
    tell(
        Figure(
            f"withdrawals, one after the other, of {sizes.advertised:,} routes",
            f"{counted:,.0f}/s counted by the breaker, {uncounted:,.0f}/s without it",
            f"bare entry and `UPDATE` in a transaction: {bare:,.0f}/s",
            f"{counted / bare:.0%}, the breaker {1 - counted / uncounted:.0%}",
        )
    )
    tell(_fleet(on, sizes.fleet, sizes.fleet / bare))


async def _rates(
    url: str, routes: Sequence[OwnedRoute], sizes: _Sizes
) -> tuple[float, float, float]:
    engine = make_engine(url)
    store = Store(engine, SystemClock(), _NO_CEILING)
    rounds = []
    bare = await psycopg.AsyncConnection.connect(url)
    ways = (_counted(store), _uncounted(store), _bare(bare))
    for number in range(sizes.rounds):  # in turn, so that whatever else happens disturbs all
        start = number * len(ways) * sizes.each
        parts = [routes[start + place * sizes.each :][: sizes.each] for place in range(len(ways))]
        rounds.append([await _rate(*one) for one in zip(ways, parts, strict=True)])
    await bare.close()
    await engine.dispose()
    counted, uncounted, ceiling = (median(each) for each in zip(*rounds, strict=True))
    return counted, uncounted, ceiling


async def _rate(
    way: Callable[[OwnedRoute], Awaitable[None]], routes: Sequence[OwnedRoute]
) -> float:
    started = time.perf_counter()
    for route in routes:
        await way(route)
    return len(routes) / (time.perf_counter() - started)


def _counted(store: Store) -> Callable[[OwnedRoute], Awaitable[None]]:
    async def one(route: OwnedRoute) -> None:
        async with store.transaction(actor=_BY) as tx:
            await _withdraw(tx, route)

    return one


def _uncounted(store: Store) -> Callable[[OwnedRoute], Awaitable[None]]:
    async def one(route: OwnedRoute) -> None:
        async with store.transaction(actor=_BY) as tx:
            kept = vars(tx.breaker)
            tx.breaker = _Uncounted(kept["_session"], _NO_CEILING, kept["_history"])
            await _withdraw(tx, route)

    return one


async def _withdraw(tx: Transaction, route: OwnedRoute) -> None:
    await tx.claims.lock(route.claim_id)
    row = await tx.bgp_prefixes.get(route.claim_id, route.bgp_prefix_id)
    await withdraw(tx, row, source=Source.REQUEST)


def _bare(connection: psycopg.AsyncConnection[Any]) -> Callable[[OwnedRoute], Awaitable[None]]:
    async def one(route: OwnedRoute) -> None:
        values = {"id": uuid4(), "route": route.bgp_prefix_id, "account": route.owner.account_id}
        async with connection.transaction():
            await connection.execute(_BARE, values)
            await connection.execute(_UPDATE, values)

    return one


def _fleet(on: Server, count: int, bare: float) -> Figure:
    with database(on, "production") as url, api(url, on.directory) as server:
        routes = add_routes(url, ipv4(count), accounts=_ACCOUNTS, advertised=True)
        report = ask(Order(server.port, [_patch(one) for one in routes], connections=8))
    return Figure(
        f"{count:,} routes of one operator's {_ACCOUNTS} accounts withdrawn, 8 connections",
        f"{report.seconds:.1f} s ({report.rate:,.0f}/s, p99 {report.quantile(0.99) * 1000:.0f} ms)",
        f"bare entry and `UPDATE`, one after the other: {bare:.1f} s",
        f"{bare / report.seconds:.0%}",
    )


def _patch(route: OwnedRoute) -> str:
    body = '{"on_demand":{"advertised":false}}'
    return (
        f"PATCH {route.path} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        f"authorization: Bearer {route.owner.token}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n{body}"
    )
