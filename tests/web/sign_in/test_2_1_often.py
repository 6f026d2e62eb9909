"""Page, 2.1: sign-in is limited where it costs: questions to the provider, rows, cookies, turns."""

import asyncio
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from secrets import token_hex
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.web.browser import Browser
from tests.web.sign_in.elsewhere import Elsewhere

BACK = "/ui/enter/provider/back"


def own_made(elsewhere: Elsewhere) -> tuple[Browser, str, str]:
    """A browser whose cookie of an attempt nobody here gave out; state; where the provider is."""
    state, nonce, verifier = (token_hex(32) for _ in range(3))
    where = urlsafe_b64encode(b"/ui").decode()
    kept = {f"__Host-login-{state}": f"{nonce}.{verifier}..{where}"}
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "redirect_uri": f"http://byoip.test{BACK}",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
    }
    address = f"{elsewhere.provider.issuer}/authorize?{urlencode(asked)}"
    return Browser(elsewhere.world.client, attempts=kept), state, address


async def test_2_1_the_provider_is_not_asked_about_codes_without_end(elsewhere: Elsewhere) -> None:
    """Cookies of attempts can be written by anyone: then our secret goes there for any code."""
    seen = []
    for _ in range(140):
        browser, state, _ = own_made(elsewhere)
        brought = {"state": state, "code": "x", "iss": elsewhere.provider.issuer}
        seen.append((await browser.get(f"{BACK}?{urlencode(brought)}")).status_code)
    assert seen[0] == 403
    assert seen[-1] == 429
    assert elsewhere.provider.asked().count("/token") < 130


@pytest.mark.parametrize("user", ["ada", "joe"])
async def test_2_1_nobody_leaves_rows_without_end(
    elsewhere: Elsewhere, engine: AsyncEngine, user: str
) -> None:
    """Each sign-in leaves a session and a line of the history, which is never deleted."""
    await elsewhere.signed_in("ada")
    elsewhere.provider.tell(users={"joe": {"sub": "u-2", "name": "Ada", "groups": []}})
    seen = []
    for _ in range(65):
        browser, _, address = own_made(elsewhere)
        seen.append((await browser.get(elsewhere.at_provider(address, user))).status_code)
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
    elsewhere.provider.tell(faults={"/jwks": "slow"})
    token = elsewhere.provider.logout_token(sub="u-2")
    forged = [asyncio.create_task(elsewhere.log_out(token)) for _ in range(4)]
    await asyncio.sleep(0.2)
    began = time.monotonic()
    stranger = Browser(elsewhere.world.client, "a" * 64)
    assert (await stranger.get("/ui/sessions")).status_code == 303
    assert time.monotonic() - began < 0.5
    assert {(await one).status_code for one in forged} == {503}
