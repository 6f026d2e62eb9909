"""Trust, 4.1: behind a proxy all are one client; a stranger keeps nobody out of signing in.

With the limits of our `haproxy.cfg` one address may send ten times as many requests a minute as all
together might begin to sign in.
"""

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from collections import Counter
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from byoip.store.accounts.rate_limits import Wanted
from byoip.web.people import provider
from tests.announcing import until
from tests.web.browser import Browser
from tests.web.sign_in.elsewhere import PATIENCE, Elsewhere
from tests.web.sign_in.test_2_1_often import BACK, kept

FLOOD = 140


async def test_4_1_who_begins_without_end_keeps_nobody_from_beginning(elsewhere: Elsewhere) -> None:
    stranger = elsewhere.browser()
    seen = {(await stranger.get("/ui/enter/provider")).status_code for _ in range(FLOOD)}
    assert seen == {303}
    assert (await elsewhere.signed_in("grace")).cookie
    assert elsewhere.provider.asked().count("/token") == 1  # for all of that


async def test_4_1_codes_without_end_keep_nobody_out_who_was_here(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One a minute, so that none comes back however slow this machine is.
    monkeypatch.setattr(provider, "_ASKED", Wanted("provider_asked", per_minute=1))
    person = await elsewhere.signed_in("grace")
    await elsewhere.log_out(elsewhere.provider.logout_token(sub="u-1"))
    assert (await person.get("/ui/sessions")).headers["location"] == "/ui/enter"
    forged, state, _ = await kept(elsewhere)
    brought = {"state": state, "code": "x", "iss": elsewhere.provider.issuer}
    assert (await forged().get(f"{BACK}?{urlencode(brought)}")).status_code == 429
    new = elsewhere.browser()
    assert (await elsewhere.came(new, "ada")).status_code == 429  # for the provider's sake
    pretends = Browser(elsewhere.world.client, "a" * 64)
    assert (await elsewhere.came(pretends, "ada")).status_code == 429
    before = person.cookie
    elsewhere.world.clock.advance(timedelta(seconds=1))  # after the logout
    assert (await elsewhere.came(person, "grace")).headers["location"] == "/ui"
    assert person.cookie != before


async def test_4_1_codes_without_end_keep_no_new_browser_out_where_answers_are_signed(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All from one address, of attempts that were begun: codes, answers, and what they stand in."""
    monkeypatch.setattr(provider, "_ASKED", Wanted("provider_asked", per_minute=30))
    elsewhere.provider.tell(signs=True)
    seen: Counter[int] = Counter()
    people, began = ("grace", "ada", "grace", "ada"), time.monotonic()
    over = asyncio.Event()

    async def flood() -> None:
        stranger = elsewhere.browser()
        while not over.is_set():
            [state] = parse_qs(urlsplit(await elsewhere.begun(stranger)).query)["state"]
            forged = {"state": state, "code": "x", "iss": elsewhere.provider.issuer}
            for brought in (forged, {"response": f"{_part({'alg': 'RS256'})}.{_part(forged)}.eA"}):
                seen[(await stranger.get(f"{BACK}?{urlencode(brought)}")).status_code] += 1

    strangers = [asyncio.create_task(flood()) for _ in range(4)]
    await until(lambda: seen[429] > FLOOD)
    for user in people:
        came = time.monotonic()
        assert (await elsewhere.signed_in(user)).cookie
        assert time.monotonic() - came < PATIENCE
    over.set()
    await asyncio.gather(*strangers)
    assert seen.keys() == {403, 429}
    asked = elsewhere.provider.asked().count("/token")
    assert asked <= 30 + 30 * (time.monotonic() - began) / 60 + len(people)


def _part(of: dict[str, str]) -> str:
    return urlsafe_b64encode(json.dumps(of).encode()).rstrip(b"=").decode()


async def test_4_1_a_browser_is_known_for_longer_than_it_is_signed_in(elsewhere: Elsewhere) -> None:
    answer = await elsewhere.came(elsewhere.browser(), "grace")
    [cookie] = [one for one in answer.headers.get_list("set-cookie") if "-login-" not in one]
    assert cookie.endswith(f"Max-Age={30 * 24 * 3600}")
