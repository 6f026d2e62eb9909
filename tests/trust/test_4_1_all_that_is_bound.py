"""Trust, 4.1: all that is bound is read and written in slices: customers decide how much it is."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import psycopg

from byoip.api.bindings.edge_schemas import state_answer
from byoip.domain.bindings.edge import BoundRange, FullState
from byoip.domain.bindings.service_binding import Service
from byoip.domain.prefix import Prefix
from byoip.store.database_url import plain
from byoip.store.sharing import rows_of

RANGES = 2000


class Turns:
    """How often the event loop came round."""

    count = 0

    @asynccontextmanager
    async def counted(self) -> AsyncIterator[None]:
        counting = asyncio.create_task(self._count())
        await asyncio.sleep(0)
        try:
            yield
        finally:
            counting.cancel()

    async def _count(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)


async def test_the_state_of_edges_is_made_in_slices() -> None:
    cdn = Service(uuid4(), "CDN", default_only=False)
    around = Prefix.parse("10.0.0.0/8")
    ranges = tuple(
        BoundRange(
            UUID(int=one), uuid4(), around, Prefix.parse(f"10.0.{one // 256}.{one % 256}/32"), cdn
        )
        for one in range(RANGES)
    )
    turns = Turns()
    async with turns.counted():
        found = await state_answer(FullState(17, ranges, uuid4()))
    assert turns.count > RANGES / 100
    shown = json.loads(found.body)["result"]
    assert shown["number"] == 17
    assert [one["binding_id"] for one in shown["bindings"]] == [
        one.binding_id.hex for one in ranges
    ]
    assert shown["bindings"][300]["cidr"] == "10.0.1.44/32"


async def test_no_bindings_are_an_empty_list() -> None:
    found = await state_answer(FullState(0, (), uuid4()))
    assert json.loads(found.body)["result"]["bindings"] == []


async def test_many_rows_are_read_in_slices(database_url: str) -> None:
    asked = "SELECT one, cidr '10.0.0.0/8' FROM generate_series(1, %s) AS one"
    async with await psycopg.AsyncConnection.connect(plain(database_url)) as connection:
        for count in (0, 1, 199, 200, 201, RANGES):
            turns, cursor = Turns(), await connection.execute(asked, [count])
            async with turns.counted():  # the answer is there, so nothing else gives way
                rows = await rows_of(cursor)
            assert [one for one, _ in rows] == list(range(1, count + 1))
        assert turns.count >= RANGES / 200
