"""An operator takes a speaker out of the settings by a revision, and stops it some time later."""

import asyncio
from typing import Any

import psycopg

from tests.failover.estate import Estate
from tests.failover.wishes import now
from tests.real.announcing import speakers_of
from tests.real.edge import eventually
from tests.routes.rolling_back import put_back
from tests.routes.scenarios import Scene, keep_snapshot

_NAME = "two"
_STILL_ON_ITS_WAY = 3.0  # for what the speaker was told before it was out
_SETTINGS = "/operator/routes/speaker-settings"
LEFT = frozenset({"fed_by_one"})  # alarms


async def remove_a_speaker(estate: Estate) -> None:
    """Every process starts again with a file that lacks it; then that is applied."""
    service = estate.service
    estate.snapshot = await keep_snapshot(service)  # with it
    file, with_it = service.fleet.directory / "byoip.toml", speakers_of(service.edge)
    await service.edge.speakers.pop(_NAME).close()
    estate.removed = service.edge.daemons.pop(_NAME)
    file.write_text(file.read_text().replace(with_it, speakers_of(service.edge)))
    await service.stop()
    await service.start()

    async def proposed() -> bool:
        found = await _settings(estate)
        return found["revision"] == 1 and len(found["proposals"]) == 1

    async def in_force() -> bool:
        return bool((await _settings(estate))["revision"] == 2)

    await eventually(proposed)
    (proposal,) = (await _settings(estate))["proposals"]
    order = {"proposal": proposal["proposal"], "revision": 1, "reason": "it moves, case 4711"}
    answer = await estate.edge.ask("POST", f"{_SETTINGS}/apply", json=order)
    assert answer is not None
    assert answer.is_success, answer.text
    await eventually(in_force)
    await asyncio.sleep(_STILL_ON_ITS_WAY)
    estate.owners.wishes.removed[_NAME] = (now(), None)


async def stop_it(estate: Estate) -> None:
    """Now it may take its routes with it; then it is forgotten."""
    since, _ = estate.owners.wishes.removed[_NAME]
    estate.owners.wishes.removed[_NAME] = (since, now())
    assert estate.removed
    estate.removed.stop()
    with psycopg.connect(estate.service.database_url) as connection:  # five minutes pass
        connection.execute("UPDATE speakers SET asked_at = asked_at - interval '6 minutes'")
    body = {"reason": "it is gone, case 4711"}
    answer = await estate.edge.ask("POST", f"/operator/routes/speakers/{_NAME}/forget", json=body)
    assert answer is not None
    assert answer.is_success, answer.text


async def roll_back_to_before_it(estate: Estate) -> None:
    """To what both speakers had: the one that is left gets it, and nothing else changes."""
    before = [one for one in estate.routes if one not in estate.down]
    operator, number = estate.edge.token, estate.snapshot
    await put_back(
        Scene(estate.service, estate.owners, before, estate.down, operator, number, LEFT)
    )


async def _settings(estate: Estate) -> Any:
    answer = await estate.edge.ask("GET", _SETTINGS)
    return {"revision": 0} if answer is None else answer.json()["result"]
