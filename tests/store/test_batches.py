"""Writes that go together, and look-ups side by side, are done in their order."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.errors import Fixable
from byoip.store.batches import asking
from byoip.store.engine import begun
from byoip.store.statements import Session, from_text

_ADD = from_text("INSERT INTO done (what) SELECT CAST(:what AS text) WHERE :really")
_ADD_TO_BOTH = from_text("""
    WITH other AS (INSERT INTO done (what) VALUES (:what || ' (before)'))
    INSERT INTO done (what) SELECT :what WHERE :really
""")
_DONE = from_text("SELECT what FROM done ORDER BY place", selects=["what"])
_NEXT = from_text("SELECT nextval('done_place_seq') AS place", selects=["place"])


class Missing(Fixable):
    pass


class Refused(Fixable):
    pass


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[Session]:
    async with begun(engine) as connection:
        made = await Session.of(connection)
        await made.change(
            from_text(
                "CREATE TEMP TABLE done (place serial, what text CONSTRAINT short"
                " CHECK (length(what) < 20)) ON COMMIT DROP"
            )
        )
        yield made


async def _done(session: Session) -> list[str]:
    return [row.what for row in await session.rows(_DONE)]


@pytest.mark.parametrize("names", ["abcdef", "fedcba"])
async def test_writes_are_done_in_the_order_they_were_put_off(session: Session, names: str) -> None:
    for name in names:
        await session.put_off(f"part_{name}", _ADD, {"what": name, "really": True})
    await session.flush()
    assert await _done(session) == list(names)


async def test_a_write_that_writes_twice_goes_with_others(session: Session) -> None:
    await session.put_off("one", _ADD, {"what": "one", "really": True})
    await session.put_off("two", _ADD_TO_BOTH, {"what": "two", "really": True})
    assert set(await _done(session)) == {"one", "two (before)", "two"}


@pytest.mark.parametrize("alone", [True, False])
async def test_a_write_that_touches_no_row_is_told(session: Session, *, alone: bool) -> None:
    if not alone:
        await session.put_off("other", _ADD, {"what": "other", "really": True})
    await session.put_off("part", _ADD, {"what": "part", "really": False}, missing=Missing)
    with pytest.raises(Missing):
        await session.flush()


async def test_a_constraint_refuses_as_the_write_says(session: Session) -> None:
    await session.put_off("other", _ADD, {"what": "other", "really": True})
    await session.put_off(
        "part", _ADD, {"what": "x" * 20, "really": True}, refusals={"short": Refused}
    )
    with pytest.raises(Refused):
        await session.flush()


async def test_a_second_write_of_one_name_comes_after_the_first(session: Session) -> None:
    for what in ("first", "second"):
        await session.put_off("part", _ADD, {"what": what, "really": True})
    assert await _done(session) == ["first", "second"]


@pytest.mark.parametrize("unseen", [False, True])
async def test_a_look_sees_what_was_put_off_unless_it_is_said_to_be_unseen(
    session: Session, *, unseen: bool
) -> None:
    await session.put_off("part", _ADD, {"what": "part", "really": True}, unseen=unseen)
    assert await session.look(asking(_DONE, len)) == [0 if unseen else 1]
    assert await _done(session) == ["part"]


async def test_a_look_asks_its_parts_in_order(session: Session) -> None:
    parts = [asking(_NEXT, lambda rows: rows[0].place) for _ in range(5)]
    places = await session.look(*parts)
    assert places == sorted(places)


async def test_a_write_hides_no_table_of_its_name(session: Session) -> None:
    copying = from_text("INSERT INTO done (what) SELECT what || '!' FROM done WHERE what = :what")
    await session.put_off("first", _ADD, {"what": "one", "really": True})
    await session.flush()
    await session.put_off("done", _ADD, {"what": "two", "really": True})
    await session.put_off("copied", copying, {"what": "one"})
    assert sorted(await _done(session)) == ["one", "one!", "two"]
