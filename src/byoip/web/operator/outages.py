"""Taking a speaker, one neighbour of it, or a stage out of service, after a look at what goes."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Final

from starlette.responses import Response

from byoip.domain.speakers.drain import (
    LONGEST_DRAIN,
    LONGEST_WAIT_SECONDS,
    Drain,
    DrainTarget,
)
from byoip.store.transaction import Transaction
from byoip.usecases.speakers import drains
from byoip.web.forms import fresh_key, number_in, seen_of, typed
from byoip.web.operator.noc import require_operator
from byoip.web.site import NotServed
from byoip.web.telling import Told, require_seen, tried
from byoip.web.visiting import PersonsVisit

_LONGEST_NAME: Final = 64
_MOST: Final = 10**6
_HOURS: Final = int(LONGEST_DRAIN.total_seconds()) // 3600


async def look(visit: PersonsVisit) -> Response:
    """What a drain would touch, and the form that begins it."""
    require_operator(visit)
    return await _shown(visit, Told(), given=visit.request.query_params)


async def begin(visit: PersonsVisit) -> Response:
    """Begin it: of what was looked at, and with no more routes than was said."""
    require_operator(visit)
    target, form = _target(visit.form), visit.form
    if not typed(form, str(target)):
        return await _shown(visit, Told.asking_for(str(target)), given=form)
    hours = _number(form, "hours", _HOURS)
    wait = _number(form, "wait", LONGEST_WAIT_SECONDS)
    loses = _number(form, "loses", _MOST) if "loses" in form else 0

    async def verb(tx: Transaction) -> Drain:
        require_seen(visit, *_says(await drains.preview(tx, target)))
        return await drains.drain(
            tx,
            target,
            until=visit.now + timedelta(hours=hours),
            wait_seconds=wait,
            loses=loses,
            name=visit.person.name,
            reason=form.get("reason", ""),
        )

    work = visit.write(verb, lambda _: "/ui/noc/routes?done=drained")
    return await tried(visit, work, partial(_shown, visit, given=visit.form))


async def _shown(visit: PersonsVisit, told: Told, *, given: Mapping[str, str]) -> Response:
    target = _target(given)
    async with visit.site.border.store.transaction() as tx:
        preview = await drains.preview(tx, target)
    return await visit.page(
        "operator/drain.html",
        told.status,
        told=told,
        target=target,
        preview=preview,
        seen=seen_of(*_says(preview)),
        given=given,
        hours=_HOURS,
        longest_wait=LONGEST_WAIT_SECONDS,
        key=fresh_key,
    )


def _says(preview: drains.Preview) -> tuple[object, ...]:
    return tuple(preview.speakers)  # how many routes may go with them the verb compares


def _target(given: Mapping[str, str]) -> DrainTarget:
    speaker, stage = given.get("speaker", ""), given.get("stage", "")
    neighbour = given.get("neighbour", "")
    if stage and not speaker and not neighbour:
        return DrainTarget(stage=_number(given, "stage", _MOST))
    if not speaker or stage or max(len(speaker), len(neighbour)) > _LONGEST_NAME:
        raise NotServed(404, "Not found", "There is nothing here under this name.")
    return DrainTarget(speaker, neighbour or None)


def _number(given: Mapping[str, str], name: str, most: int) -> int:
    number = number_in(given.get(name, "").strip())
    if number is None or number > most:
        raise NotServed(422, "Not a number", f"{name} is a number, at most {most}.")
    return number
