"""Speed, 4: which commits notify (NOTIFY), and so wait for all others that do.

Postgres' own function is put aside in a database of the test, and what stands in its place writes
down who called it: also triggers, and channels that nobody here knows.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.bindings.services import seed_services
from byoip.store.engine import make_engine
from byoip.store.routes.notices import ROUTES_CHANNEL
from tests.api.bound import bound, roas
from tests.api.edges import Customer, customer
from tests.api.world import World

__all__ = ["customer"]

_COUNT = b"""
    ALTER FUNCTION pg_catalog.pg_notify(text, text) RENAME TO pg_notify_itself;
    CREATE TABLE public.notified (channel text NOT NULL);
    CREATE FUNCTION pg_catalog.pg_notify(text, text) RETURNS void LANGUAGE sql
        AS 'INSERT INTO public.notified VALUES ($1)';
"""
_QUEUE = {"procrastinate_any_queue_v1", "procrastinate_queue_v1#default"}


@pytest.fixture
async def engine(cloned_url: str) -> AsyncIterator[AsyncEngine]:
    with psycopg.connect(cloned_url) as connection:
        connection.execute(_COUNT)
    made = make_engine(cloned_url)
    await seed_services(made, [("CDN", False), ("Magic Transit", True), ("Spectrum", False)])
    yield made
    await made.dispose()


class Notified:
    """Reads which channels were told since the last look."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def since(self) -> set[str]:
        found = self._connection.execute("DELETE FROM public.notified RETURNING channel")
        return {channel for (channel,) in found.fetchall()}

    def events(self) -> int:
        """How many lines of history there are."""
        row = self._connection.execute("SELECT count(*) FROM events").fetchone()
        return int(row[0]) if row else 0


@pytest.fixture
def notified(cloned_url: str, engine: AsyncEngine) -> Iterator[Notified]:  # noqa: ARG001 - it counts
    with psycopg.connect(cloned_url, autocommit=True) as connection:
        yield Notified(connection)


async def test_no_commit_notifies_of_events_or_edges(
    world: World, customer: Customer, notified: Notified
) -> None:
    notified.since()
    for body in ({"description": "Frankfurt"}, {"description": "Berlin"}):
        before = notified.events()
        await world.result("PATCH", f"/prefixes/{customer.prefix_id}", json=body)
        assert notified.events() == before + 1
    binding = await customer.bind()
    await customer.swap(binding, "Spectrum")
    await world.call("DELETE", f"{customer.path}/{binding['id']}")
    lent = {"cidr": customer.cidr, "delegated_account_id": world.other_account_id.hex}
    await world.result("POST", f"/prefixes/{customer.prefix_id}/delegations", json=lent)
    assert notified.events() >= before + 5
    assert notified.since() == set()


async def test_what_is_left_is_the_queues_own_and_the_wake_up_of_routes(
    world: World, engine: AsyncEngine, notified: Notified, tmp_path: Path
) -> None:
    pending = await world.prefix("31.7.0.0/24")
    _, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    notified.since()
    await world.result("POST", f"/prefixes/{pending['id']}/validate")
    assert notified.since() == _QUEUE
    await world.result("PATCH", route, json={"on_demand": {"advertised": True}})
    assert notified.since() == {ROUTES_CHANNEL}
