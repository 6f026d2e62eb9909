"""Page, 4: after a restore there may be as many orphans as routes; no page reads them all."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Routes
from tests.api.operators import WHY
from tests.api.world import World
from tests.web.browser import signed_in
from tests.web.test_4_decided_routes import ORPHANS, ROUTES, at
from tests.web.test_4_kinds import asked
from tests.web.test_4_noc import NOC, acting

MANY = 50_000
MOST_ROWS = 300
HELD = """
    INSERT INTO orphan_routes (speaker, cidr, path, found_at, seen_at)
    SELECT 'ams1', CAST('100.' || n / 256 || '.' || n % 256 || '.0/24' AS cidr),
        '{"as_path": [64500], "next_hop": "192.0.2.1", "communities": []}', now(), now()
    FROM generate_series(0, :many - 1) AS n
"""


async def many_held(world: World, engine: AsyncEngine, many: int) -> None:
    await Routes(engine).note_speaker(SpeakerState("ams1", 1, "", many, world.clock.now(), True))  # noqa: FBT003
    async with engine.begin() as connection:
        await connection.execute(text(HELD), {"many": many})


async def test_4_no_page_reads_all_orphans(
    world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop is held by rows: it is so many at most, whatever there is."""
    await many_held(world, engine, MANY)
    nora = await signed_in(world, Role.OPERATOR)
    some = f"{ORPHANS}?from=49900"
    for page in (NOC, f"{NOC}/part", ROUTES, ORPHANS, some, at("ams1", "100.9.9.0/24"),
                 f"{NOC}/network/speakers/ams1"):  # fmt: skip
        statements, rows = await asked(nora, monkeypatch, page)
        assert rows < MOST_ROWS, page
        assert statements < 80, page
    assert "50000 not decided" in (await nora.read(ORPHANS)).text
    assert "100.194.236.0/24" in (await nora.read(some)).text
    assert "Orphans , which speakers hold and no prefix wants: 50000" in (
        await nora.read(ROUTES)
    ).text.replace("Orphans,", "Orphans ,")
    shown = (await nora.read(f"{NOC}/network/speakers/ams1")).text
    assert "50000 paths that no prefix wants : 100.0.0.0/24, 100.0.1.0/24" in shown


async def test_4_all_of_them_are_withdrawn_by_few_statements(
    world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many_held(world, engine, 2000)
    nora = await signed_in(world, Role.OPERATOR)
    form = await acting(nora, NOC, "withdraw-orphans")
    sent = list[int]()

    class Once:
        """Sends the form where a page would be asked for."""

        async def get(self, _: str) -> object:
            answer = await nora.send(form, reason=WHY, confirm=form.typed)
            sent.append(answer.status_code)
            answer.status_code = 200
            return answer

    statements, rows = await asked(Once(), monkeypatch)  # type: ignore[arg-type]
    assert sent == [303]
    assert len(await Routes(engine).decided_orphans("ams1")) == 2000
    assert (statements < 40, rows < MOST_ROWS) == (True, True)
