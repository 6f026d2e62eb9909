"""Trust, 4.1: cookies made to cost are not read.

As Python 3.11 unquotes them, one header of 60 kB, without a token, held the event loop for some
seven seconds of the processor.
"""

import time
from pathlib import Path

import httpx
import pytest

import byoip
from byoip.web.door import COOKIE
from tests.api.world import World
from tests.trust.served import served
from tests.web.browser import Browser, signed_in

SECONDS = 1.0  # of the processor; some five where they are unquoted
TOKEN = "0" * 64


@pytest.mark.parametrize("quoted", ["\\\\", '\\"', "\\1"])
@pytest.mark.parametrize("whose", ["other", COOKIE])
async def test_cookies_of_escapes_cost_their_bytes(
    database_url: str, quoted: str, whose: str
) -> None:
    cookie = f'{whose}="{quoted * 30_000}"; {COOKIE}={TOKEN}'
    async with (
        served(database_url) as api,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", timeout=60) as client,
    ):
        await client.get("/ui/enter")
        began = time.process_time()
        answer = await client.get("/ui/enter", headers={"cookie": cookie})
        assert time.process_time() - began < SECONDS
    assert answer.status_code == 200


async def test_ours_is_found_among_others(world: World) -> None:
    browser = await signed_in(world)
    for cookie in (
        f'a="b;c"; {COOKIE}={browser.cookie}; d=e',
        f"{COOKIE}={browser.cookie}",
        f"x;;=; {COOKIE} = no; {COOKIE}={browser.cookie}",
    ):
        answer = await Browser(world.client).get("/ui/sessions", headers={"cookie": cookie})
        assert answer.status_code == 200, cookie


def test_no_cookies_are_read_in_another_way() -> None:
    root = Path(byoip.__file__).parent
    users = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if ".cookies" in (text := path.read_text()) or "SimpleCookie" in text
    }
    assert users == set()
