"""One request of a browser: who it is, the page that they get, and the form that they send."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from byoip.domain.accounts.let_in import LetIn
from byoip.domain.accounts.people import BrowserSession, Person
from byoip.domain.history import Actor
from byoip.domain.idempotency import (
    AlreadyAnswered,
    IdempotencyKey,
    IdempotencyKeyBusy,
    StoredAnswer,
)
from byoip.store.accounts.people_reader import SignedIn
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.sharing import one_slice
from byoip.usecases.accounts.people import actor_of
from byoip.usecases.border import Verb, WriteRequest
from byoip.web.forms import key_of, version_of
from byoip.web.rendering import page
from byoip.web.site import NotServed, Site

LONGEST_WAIT: Final = 5.0  # seconds, for the first of two clicks
_BETWEEN: Final = 0.2  # seconds
_MINUTES_OF_DAY: Final = 24 * 60
NOT_KEPT: Final = {"cache-control": "no-store"}

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a browser, from a page of ours where it is a form.

    Attributes:
        form: its fields; empty where it only looks.
        known: who it is, if they have signed in.
    """

    site: Site
    request: Request
    form: Mapping[str, str]
    known: SignedIn | None
    now: datetime

    @property
    def request_id(self) -> str:
        """As the access log names it."""
        made: str = self.request.state.request_id
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsVisit(Visit):
    """A visit of somebody who has signed in."""

    person: Person
    session: BrowserSession

    @property
    def account_id(self) -> UUID:
        """Of a customer.

        Raises:
            NotServed: it is the operator's, who has no prefixes of their own.
        """
        if self.person.account_id is None:
            raise NotServed(404, "Not found", "This page belongs to an account, and you to none.")
        return self.person.account_id

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return Actor(actor_of(self.person), self.request_id, LetIn.in_person(self.person))

    async def page(self, template: str, status: int = 200, **shown: object) -> Response:
        """A page for them; one may take 20 ms, so one is made in a turn of the event loop."""
        async with one_slice():
            return self.short_page(template, status, **shown)

    def short_page(self, template: str, status: int = 200, **shown: object) -> Response:
        """The same, at once."""
        of = self.known.account_name if self.known else None
        path = self.request.url.path
        always = {"viewer": self.person, "viewers_account": of, "path": path}
        return page(template, status, sandbox=self.site.sandbox is not None, **always, **shown)

    async def write(
        self,
        verb: Verb[Result],
        to: Callable[[Result], str],
        *spending: Wanted,
        changes_people: bool = False,
    ) -> Response:
        """Have the border carry out a verb once for this form, then lead on to a page.

        Args:
            verb: what is done.
            to: where it leads; kept, so that the form sent again leads there as well.
            spending: permits of the account that it takes.
            changes_people: whether it changes who may come in, or as what.
        """

        def show(result: Result) -> Response:
            return leading(to(result))

        return await self.write_shown(verb, show, to, *spending, changes_people=changes_people)

    async def write_shown(
        self,
        verb: Verb[Result],
        show: Callable[[Result], Response],
        again: Callable[[Result], str],
        *spending: Wanted,
        changes_people: bool = False,
    ) -> Response:
        """The same where the answer shows a secret once; sent again, the form leads elsewhere.

        Sent again while the first one still runs, it waits for how that ends.

        Raises:
            IdempotencyKeyBusy: that took too long.
        """
        request = self._request(changes_people=changes_people)
        whose, limits = self.person.account_id or self.person.id, self.site.limits
        day = Wanted("write", limits.writes_per_account / _MINUTES_OF_DAY, _MINUTES_OF_DAY)
        await self.site.spend(whose, *spending, *([day] if self.person.account_id else []))

        async def once() -> Response:
            async with self.site.turn(whose):
                return await self.site.border.write(
                    request,
                    verb,
                    show,
                    keep=lambda result: StoredAnswer(303, again(result).encode()),
                )

        try:
            return await _when_free(once)
        except AlreadyAnswered as before:
            return leading(before.answer.body.decode())

    async def write_asking(
        self, ask: Callable[[], Awaitable[Verb[Result]]], to: Callable[[Result], str]
    ) -> Response:
        """A write that asks other parties before: of a form sent again they are not asked again.

        Raises:
            IdempotencyKeyBusy: as above.
        """

        async def look() -> None:
            async with self.site.turn(self.person.account_id or self.person.id):
                await self.site.border.require_unanswered(self._request())

        try:
            await _when_free(look)
        except AlreadyAnswered as before:
            return leading(before.answer.body.decode())
        return await self.write(await ask(), to)

    def _request(self, *, changes_people: bool = False) -> WriteRequest:
        key, digest = key_of(self.form)
        path = self.request.url.path
        return WriteRequest(
            self.actor.changing() if changes_people else self.actor,
            version_of(self.form),
            IdempotencyKey(self.person.id, "POST", path, key, digest),
        )


async def _when_free(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do it; while the first of two clicks holds the key, wait for how that ends."""
    loop = asyncio.get_running_loop()
    until = loop.time() + LONGEST_WAIT
    while True:
        try:
            return await work()
        except IdempotencyKeyBusy:
            if loop.time() >= until:
                raise
        await asyncio.sleep(_BETWEEN)


def leading(to: str) -> Response:
    """Leads a browser on to a page."""
    return RedirectResponse(to, 303, NOT_KEPT)
