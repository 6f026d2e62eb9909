"""What each write asks of the database, counted, without and with an Idempotency-Key."""

from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.api.bound import bound, roas
from tests.api.test_bgp import DOWN, UP
from tests.api.world import World
from tests.counting import counted

AT_THE_BORDER = 2  # whose token it is, one more of the account's writes
KEY = 1  # claimed; it is kept with its answer by the last statement

keys = pytest.mark.parametrize("keyed", [False, True], ids=["", "with a key"])


@pytest.fixture
def engine(own_engine: AsyncEngine) -> AsyncEngine:
    """A database of its own: ROA data is the same for all accounts."""
    return own_engine


class Writes:
    """Writes of one customer, each with its statements."""

    def __init__(self, world: World, patching: pytest.MonkeyPatch, *, keyed: bool) -> None:
        self._world, self._patching, self._keyed = world, patching, keyed

    async def __call__(self, method: str, path: str, expected: int, **more: Any) -> None:
        """One write, which takes so many statements, and with a key KEY more."""
        headers = {"idempotency-key": token_hex(8)} if self._keyed else {}
        with counted(self._patching) as told:
            await self._world.result(method, path, headers=headers, **more)
        assert len(told) == expected + KEY * self._keyed, "\n".join(told)


@pytest.fixture
async def writes(world: World, monkeypatch: pytest.MonkeyPatch, keyed: bool) -> Writes:
    # The first request of a credential notes its use, and leases permits.
    await world.prefix("31.9.0.0/24")
    return Writes(world, monkeypatch, keyed=keyed)


@keys
async def test_bringing_a_prefix(writes: Writes) -> None:
    for cidr in ("31.0.0.0/24", "31.0.1.0/24"):
        await writes("POST", "/prefixes", AT_THE_BORDER + 3, json={"cidr": cidr, "asn": 64500})


@keys
async def test_having_it_validated(writes: Writes, world: World) -> None:
    path = f"/prefixes/{(await world.prefix())['id']}"
    await writes("POST", f"{path}/validate", AT_THE_BORDER + 4)


@keys
async def test_describing_it(writes: Writes, world: World) -> None:
    path = f"/prefixes/{(await world.prefix())['id']}"
    await writes("PATCH", path, AT_THE_BORDER + 4, json={"description": "of a customer"})


@keys
async def test_announcing_and_withdrawing_its_route(
    writes: Writes, world: World, engine: AsyncEngine, tmp_path: Path
) -> None:
    _, cidr, route = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    await writes("PATCH", route, AT_THE_BORDER + 6, json=UP)
    await writes("PATCH", route, AT_THE_BORDER + 6, json=DOWN)
