"""Open streams (server-sent events): one says that there is news, and its page asks for its part.

A stream shows nothing but the place of the newest event: the epoch of its feed, and its number
there, which another epoch gives a second time. What somebody may see is judged where they ask for
it, by the door, each time anew.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from uuid import UUID

from starlette.responses import Response, StreamingResponse

from byoip.domain.errors import Refusal
from byoip.store.sharing import working_for
from byoip.store.unavailable import StoreUnavailable
from byoip.web.rendering import HEADERS
from byoip.web.visiting import PersonsVisit

MOST_OF_SESSION: Final = 8
MOST: Final = 500  # of this process; connections are four times as many
LONGEST: Final = 600.0  # seconds; the browser opens the next one
SIGN_OF_LIFE: Final = 15.0  # seconds of silence, after which we look who still may listen
BETWEEN: Final = 1.0  # seconds from one piece of news to the next
_SOON, _LATER = 1_000, 30_000  # milliseconds until a browser opens its next stream
_ALIVE: Final = b": alive\n\n"
_PLACE: Final = re.compile(r"[0-9a-f]{32}_([0-9]{1,18})", re.ASCII)

Newest: TypeAlias = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Streams:
    """The open ones of this process.

    Attributes:
        of: by session.
        accounts: the same, by account: with n of them one has at most one part of n + 1, so that
            five do not have all. Those opened before others came end within ten minutes.
    """

    of: Counter[UUID] = field(default_factory=Counter)
    accounts: Counter[UUID] = field(default_factory=Counter)

    def open(self, visit: PersonsVisit, about: UUID, newest: Newest) -> Response:
        """Follow an account or a prefix.

        Args:
            visit: of somebody who may see it.
            about: whose events.
            newest: the number of the last of them.
        """
        headers = {**HEADERS, "cache-control": "no-store", "x-accel-buffering": "no"}
        lines = self._lines(visit, about, newest)
        return StreamingResponse(lines, 200, headers, "text/event-stream")

    async def _lines(
        self, visit: PersonsVisit, about: UUID, newest: Newest
    ) -> AsyncIterator[bytes]:
        try:
            with self._one_more(visit):
                async for line in _followed(visit, about, newest):
                    yield line
        except (Refusal, TooManyStreamsError):  # no room: the page looks now and then instead
            yield _news(None, _LATER)

    @contextmanager
    def _one_more(self, visit: PersonsVisit) -> Iterator[None]:
        session, account_id = visit.session.id, visit.account_id
        share = max(1, MOST // (len(self.accounts.keys() | {account_id}) + 1))
        full = self.of.total() >= MOST or self.accounts[account_id] >= share
        if full or self.of[session] >= MOST_OF_SESSION:
            raise TooManyStreamsError
        with visit.site.listen(account_id), _one(self.of, session), _one(self.accounts, account_id):
            yield


@contextmanager
def _one(of: Counter[UUID], whose: UUID) -> Iterator[None]:
    of[whose] += 1
    try:
        yield
    finally:
        of[whose] -= 1
        if not of[whose]:
            del of[whose]


class TooManyStreamsError(Exception):
    """There are as many open streams as there may be; a browser is told when to come again."""


async def _followed(visit: PersonsVisit, about: UUID, newest: Newest) -> AsyncIterator[bytes]:
    notifier, loop = visit.site.notifier, asyncio.get_running_loop()
    known, until = _known(visit), loop.time() + LONGEST
    with notifier.subscribe(about, _number(known)) as notified:
        while not notifier.closed and loop.time() < until:
            try:
                place = await _looked(visit, newest)
            except StoreUnavailable:
                return
            if place is None:
                return
            if place == known:
                yield _ALIVE
            else:
                known = place
                yield _news(place, _SOON)
                await asyncio.sleep(BETWEEN)  # and what happens meanwhile is one piece of news
            await _wait(notified)


async def epoch_of(visit: PersonsVisit) -> str:
    """The epoch of the feed; to be read before a number, so that a newer one is news.

    Empty while it is not known: a page with such a place is told at once.
    """
    try:
        return (await visit.site.reader.epochs.current()).hex
    except StoreUnavailable:
        return ""


def place_of(epoch: str, number: int) -> str:
    """Where a reader stands: a number means nothing without its epoch."""
    return f"{epoch}_{number}"


async def _looked(visit: PersonsVisit, newest: Newest) -> str | None:
    """The place of the newest event; None: who listens may do so no longer."""
    with working_for(visit.account_id):
        async with visit.site.turn(visit.account_id):
            stands = await visit.site.people.stands(visit.session.id)
            if not stands:
                return None
            epoch = await visit.site.reader.epochs.current()
            return place_of(epoch.hex, await newest())


async def _wait(notified: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(SIGN_OF_LIFE):
            await notified.wait()
    except TimeoutError:
        return
    notified.clear()


def _news(place: str | None, again: int) -> bytes:
    placed = f"id: {place}\n" if place is not None else ""
    return f"event: news\n{placed}retry: {again}\ndata: news\n\n".encode()


def _known(visit: PersonsVisit) -> str:
    """The place at which the page was drawn, or the last stream ended; empty: it does not say."""
    asked = visit.request
    return asked.headers.get("last-event-id") or asked.query_params.get("after", "")


def _number(place: str) -> int | None:
    made = _PLACE.fullmatch(place)
    return int(made[1]) if made else None
