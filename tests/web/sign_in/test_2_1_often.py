"""Page, 2.1: sign-in is limited where it costs: questions to the provider, rows, cookies, turns."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.accounts.rate_limits import Wanted
from byoip.web.people import provider
from tests.announcing import until
from tests.leaping import leap
from tests.web.browser import Browser
from tests.web.sign_in.elsewhere import Elsewhere

BACK = "/ui/enter/provider/back"


async def kept(elsewhere: Elsewhere) -> tuple[Callable[[], Browser], str, str]:
    """Browsers that show the cookie of one attempt again; its state; where the provider is."""
    browser = elsewhere.browser()
    address = await elsewhere.begun(browser)
    attempts = dict(browser.attempts)
    [state] = parse_qs(urlsplit(address).query)["state"]
    return lambda: Browser(elsewhere.world.client, attempts=dict(attempts)), state, address


async def test_2_1_the_provider_is_not_asked_about_codes_without_end(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cookie of an attempt can be shown again: then our secret goes there for any code."""
    monkeypatch.setattr(provider, "_ASKED", Wanted("provider_asked", per_minute=60))
    seen: list[int] = []
    again, state, _ = await kept(elsewhere)
    while len(seen) < 1000:  # permits come back as it goes on
        asked = elsewhere.provider.asked().count("/token")
        brought = {"state": state, "code": "x", "iss": elsewhere.provider.issuer}
        seen.append((await again().get(f"{BACK}?{urlencode(brought)}")).status_code)
        if elsewhere.provider.asked().count("/token") == asked:
            break
    assert seen[0] == 403
    assert seen[-1] == 429
    assert len(seen) < 1000


@pytest.mark.parametrize("user", ["ada", "joe"])
async def test_2_1_nobody_leaves_rows_without_end(
    elsewhere: Elsewhere, engine: AsyncEngine, user: str
) -> None:
    """Each sign-in leaves a session and a line of the history, which is never deleted."""
    await elsewhere.signed_in("ada")
    elsewhere.provider.tell(users={"joe": {"sub": "u-2", "name": "Ada", "groups": []}})
    again, _, address = await kept(elsewhere)
    seen = [
        (await again().get(elsewhere.at_provider(address, user))).status_code for _ in range(65)
    ]
    assert seen[-1] == 429
    async with engine.connect() as connection:
        lines = await connection.scalar(sa.text("SELECT count(*) FROM operator_events"))
    assert lines is not None
    assert lines < 65
    await elsewhere.signed_in("grace")  # others are not held up


async def test_2_1_a_browser_keeps_few_attempts(elsewhere: Elsewhere) -> None:
    """A server reads no request with 64 kB of cookies, and another site can have them made."""
    browser = elsewhere.browser()
    backs = [await elsewhere.begun(browser, "/ui/" + "a" * 480) for _ in range(80)]
    kept = [one for one in browser.attempts.values() if one]
    assert len(kept) == 16
    assert (await browser.get(elsewhere.at_provider(backs[0], "ada"))).status_code == 403
    for address in (backs[-16], backs[-1]):
        answer = await browser.get(elsewhere.at_provider(address, "ada"))
        assert answer.status_code == 303


async def test_2_1_who_waits_for_the_provider_has_no_turn(elsewhere: Elsewhere) -> None:
    """A forged logout token has the keys asked for: strangers of that network wait for nothing."""
    elsewhere.provider.tell(faults={"/jwks": "slow"})  # for a minute
    elsewhere.endpoints._seconds = 300
    token = elsewhere.provider.logout_token(sub="u-2")
    forged = [asyncio.create_task(elsewhere.log_out(token)) for _ in range(4)]
    await until(lambda: "/jwks" in elsewhere.provider.asked())
    await asyncio.sleep(0.2)
    stranger = Browser(elsewhere.world.client, "a" * 64)
    assert (await asyncio.wait_for(stranger.get("/ui/sessions"), 40)).status_code == 303
    assert not any(one.done() for one in forged)
    leap(300)
    assert {(await one).status_code for one in forged} == {503}
