"""Failover 2.2: a file of a process that others have outlived spoils no verdict."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from byoip.cli.stopping import ended
from byoip.domain.speakers.succession import Remembered
from byoip.store.speakers.memory import Memory
from byoip.store.speakers.witnesses import Witness
from byoip.usecases.speakers.forget_applied import recognise
from tests.announcing import OWNER, Fleet, until
from tests.failover.test_2_2_settings_on_their_way import PROMOTED

KILLED = """
    INSERT INTO witnesses (process, name, seen_at, key)
    VALUES (:process, 'killed', now() - CAST(:ago AS interval), :key)
"""
LIVES = """
    INSERT INTO witnesses (process, name, seen_at, identity, good)
    VALUES (gen_random_uuid(), 'lives', now(), database_identity(), true)
"""
SAID = "SELECT good FROM witnesses WHERE name <> 'lives' AND identity IS NOT NULL"


@pytest.mark.parametrize(
    ("ago", "verdict"), [(timedelta(hours=9), "promoted"), (timedelta(seconds=20), "restored")]
)
async def test_only_those_that_were_alive_at_the_end_speak(
    fleet: Fleet, tmp_path: Path, ago: timedelta, verdict: str
) -> None:
    """The server was started after that process was killed: its file can prove nothing."""
    assert await judged(fleet) == "same"
    await fleet.do(PROMOTED)
    ((before,),) = await fleet.ask("SELECT identity FROM incarnation")
    killed = Memory.of(tmp_path, uuid4())
    killed.keep_all(Remembered(before, {}, [], 0, datetime(2020, 1, 1, tzinfo=UTC)))
    killed.close()
    await fleet.do(KILLED, process=killed.process, key=killed.key, ago=ago)
    await fleet.do(LIVES)
    url = fleet.engine.url.render_as_string(hide_password=False)
    task = asyncio.create_task(Witness(url, (), tmp_path).run())
    try:
        if verdict == "restored":
            await until(lambda: _said(fleet))
        else:
            await asyncio.sleep(1)  # it would speak by then
        assert await judged(fleet) == verdict
        await until(lambda: not killed.path.exists())
    finally:
        await ended(task, patience=2)


async def test_after_a_restore_one_that_comes_late_makes_no_second_one(fleet: Fleet) -> None:
    """It was frozen meanwhile, and knows a change that the backup does not have."""
    (route,) = await fleet.add("31.0.0.0/24", advertised=True)
    assert await judged(fleet) == "same"
    await fleet.do("UPDATE incarnation SET identity = 'the cluster of then'")
    assert await judged(fleet) == "restored"
    known = Remembered("the cluster of then", {fleet.ids[route][2]: 99}, [], 0, datetime.now(UTC))
    url = fleet.engine.url.render_as_string(hide_password=False)
    late = Witness(url, (), _known=known)
    task = asyncio.create_task(late.run())
    try:
        await until(lambda: _learnt_or_said(fleet, late, known))
        assert await judged(fleet) == "same"
    finally:
        await ended(task, patience=2)


async def _learnt_or_said(fleet: Fleet, late: Witness, known: Remembered) -> bool:
    return late._known is not known or await _said(fleet)


async def test_where_the_clock_was_set_back_no_row_is_from_the_future(fleet: Fleet) -> None:
    """A killed process would seem the last alive, and the feed of events shared until then."""
    await fleet.do(KILLED, process=uuid4(), key=b"", ago=timedelta(hours=-1))
    url = fleet.engine.url.render_as_string(hide_password=False)
    task = asyncio.create_task(Witness(url, ()).run())
    try:
        await until(lambda: _is(fleet, "SELECT count(*) FROM witnesses", 2))
        assert await _is(fleet, "SELECT max(seen_at) <= now() FROM witnesses", value=True)
    finally:
        await ended(task, patience=2)


async def _is(fleet: Fleet, statement: str, value: object) -> bool:
    return await fleet.ask(statement) == [(value,)]


async def judged(fleet: Fleet) -> str:
    async with fleet.store.transaction(actor=OWNER) as tx:
        return (await recognise(tx)).value


async def _said(fleet: Fleet) -> bool:
    return await fleet.ask(SAID) == [(False,)]
