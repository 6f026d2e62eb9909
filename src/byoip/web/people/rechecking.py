"""Whether the identity provider still knows who has signed in there: asked now and then."""

from datetime import timedelta
from typing import Final

from starlette.responses import Response

from byoip.store.accounts.people_reader import SignedIn
from byoip.web.people.attempts import begin
from byoip.web.site import NotServed
from byoip.web.visiting import Visit

GRACE: Final = timedelta(minutes=5)


async def recheck(visit: Visit, known: SignedIn, *, by_itself: bool) -> Response | None:
    """Lead a page by the provider and back if it is time; None: go on.

    What a person sends, and what pages ask for by themselves, cannot go that way: it is let
    through for five minutes more, for the next page will. A provider that cannot be reached, by us,
    ends nothing: what ends then is the session, after twelve hours.

    Raises:
        NotServed: that time is over.
    """
    signs, checked_at = visit.site.elsewhere, known.session.checked_at
    if signs is None or checked_at is None:
        return None
    due, looks = checked_at + signs.recheck, visit.request.method == "GET" and not by_itself
    if visit.now < due or (not looks and visit.now < due + GRACE):
        return None
    if not await signs.provider.reachable():
        return None
    if not looks:
        raise NotServed(
            403,
            "Open the page again",
            f"Nothing was done: {signs.name} has to say first that you are still there. It is "
            "asked as you open a page.",
        )
    url = visit.request.url
    return await begin(
        visit, f"{url.path}?{url.query}" if url.query else url.path, checks=known.session.id
    )
