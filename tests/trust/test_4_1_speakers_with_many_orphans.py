"""Trust 4.1, the whole kind: what a speaker holds, however much, is kept page by page.

In one statement 200,000 paths took 3.6 s of the event loop and the database's 15 s, and with the
statement the turn of all speakers ended.
"""

import json
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_network
from typing import Any, cast

import pytest

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Community, Path
from byoip.store.autocommit import AutocommitPool, autocommit_pool
from byoip.store.speakers import routes as routes_module
from byoip.store.statements import Statement
from byoip.store.unavailable import StoreRefused
from tests.announcing import Fleet, reconciling, speaker, until

MANY, PAGE = 12_000, 5000


@dataclass
class Measured:
    """A pool that remembers how many paths came with each statement, and their bytes."""

    pool: AutocommitPool
    paths: list[int] = field(default_factory=list)
    longest: int = 0

    async def ask(self, statement: Statement, **asked: object) -> list[Any]:
        if found := cast("str", asked.get("found", "")):
            self.paths.append(len(json.loads(found)))
            self.longest = max(self.longest, len(found))
        return await self.pool.ask(statement, **asked)


def _path(number: int, length: int = 1) -> Path:
    as_path = tuple(Asn(4_200_000_000 + one) for one in range(length))
    communities = frozenset(Community(65_000, one) for one in range(length))
    prefix = Prefix(ip_network((0x14000000 + number * 256, 24)))
    return Path(prefix, as_path, IPv4Address("192.0.2.1"), communities)


async def test_many_are_noted_in_pages(fleet: Fleet) -> None:
    measured = Measured(autocommit_pool(fleet.engine))
    routes = fleet.routes.on(cast("AutocommitPool", measured))
    held = {one.prefix: one for one in map(_path, range(MANY))}
    await routes.note_orphans("one", held, fleet.clock.now())
    assert measured.paths == [PAGE, PAGE, MANY - 2 * PAGE]
    assert await fleet.orphans("one") == held.keys()
    few = dict([held.popitem()])
    await routes.note_orphans("one", few, fleet.clock.now())
    gone = await fleet.ask("SELECT count(*) FROM orphan_routes WHERE gone_at IS NOT NULL")
    assert gone == [(MANY - 1,)], "remembered, and not held"


async def test_many_that_an_operator_decided_about_end_in_one_go(fleet: Fleet) -> None:
    held = {one.prefix: one for one in map(_path, range(MANY))}
    await fleet.routes.note_orphans("one", held, fleet.clock.now())
    await fleet.do(
        "UPDATE orphan_routes SET decision = 'withdraw', decided_by = 'A', decided_because = 'b'"
    )
    await fleet.routes.note_orphans("one", {}, fleet.clock.now())
    assert await fleet.orphans("one") == set()


async def test_a_long_path_is_kept_in_short(fleet: Fleet) -> None:
    measured = Measured(autocommit_pool(fleet.engine))
    routes = fleet.routes.on(cast("AutocommitPool", measured))
    long = _path(0, 1000)
    await routes.note_orphans("one", {long.prefix: long}, fleet.clock.now())
    assert measured.longest < 1000


async def test_ever_others_are_not_remembered_without_end(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_module, "_MOST_ORPHANS", 250)
    refused = 0
    for look in range(10):
        held = {one.prefix: one for one in map(_path, range(100 * look, 100 * (look + 1)))}
        try:
            await fleet.routes.note_orphans("one", held, fleet.clock.now())
        except StoreRefused:
            refused += 1
    assert len(await fleet.orphans("one")) == 200
    assert refused == 8
    await fleet.do(
        "UPDATE orphan_routes SET decision = 'withdraw', decided_by = 'A', decided_because = 'b'"
    )
    await fleet.routes.note_orphans("one", held, fleet.clock.now())
    assert await fleet.orphans("one") == held.keys(), "those that were decided about make room"


async def test_a_speaker_that_holds_ever_others_counts_as_silent_alone(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_module, "_MOST_ORPHANS", 10)
    one, strange = speaker("one"), speaker("two")
    first, second = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    await strange.announce([_path(number) for number in range(11)])
    async with reconciling(fleet, one, strange, stages=[1, 2]):
        await fleet.announce(first)

        async def down() -> bool:
            return await fleet.alarms("speaker_down") == {"two"}

        await until(down)
        await fleet.announce(second)
        await until(lambda: {first, second} <= one.paths.keys())
    assert await fleet.orphans("two") == set()
