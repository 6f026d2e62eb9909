"""Page, 2.1: a provider that can signs what browsers bring from it (JARM); then no other counts so.

What is signed takes no permit that strangers use up: `test_4_1_strangers_keep_nobody_out`.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tests.web.browser import Browser
from tests.web.sign_in.elsewhere import Elsewhere, changed
from tests.web.sign_in.test_2_1_often import BACK

BOTH = {"published": ["first", "second"]}


@pytest.fixture
def signing(elsewhere: Elsewhere) -> Elsewhere:
    elsewhere.provider.tell(signs=True)
    return elsewhere


async def test_2_1_a_signed_answer_signs_in(signing: Elsewhere) -> None:
    browser = signing.browser()
    address = await signing.begun(browser, "/ui/people")
    assert parse_qs(urlsplit(address).query)["response_mode"] == ["query.jwt"]
    back = signing.at_provider(address, "ada")
    assert list(dict(parse_qsl(urlsplit(back).query))) == ["response"]
    assert (await browser.get(back)).headers["location"] == "/ui/people"
    assert "Ada (admin of Example)" in (await browser.read("/ui/people")).text


@pytest.mark.parametrize(
    "metadata",
    [
        {"response_modes_supported": ["query"]},
        {"response_modes_supported": 7},
        {"authorization_signing_alg_values_supported": ["HS256", "RS512"]},
        {"authorization_signing_alg_values_supported": None},
    ],
    ids=str,
)
async def test_2_1_who_cannot_sign_is_not_asked_to(
    signing: Elsewhere, metadata: dict[str, Any]
) -> None:
    signing.provider.tell(metadata=metadata)
    browser = signing.browser()
    address = await signing.begun(browser)
    assert "response_mode" not in address
    assert (await browser.get(signing.at_provider(address, "ada"))).headers["location"] == "/ui"


async def test_2_1_a_provider_that_signs_nothing_though_asked_signs_in(
    signing: Elsewhere,
) -> None:
    browser = signing.browser()
    address = await signing.begun(browser)
    signing.provider.tell(signs="says")
    back = signing.at_provider(address, "ada")
    assert "code=" in back
    assert (await browser.get(back)).headers["location"] == "/ui"


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"alg": "none"}, id="alg none"),
        pytest.param({"alg": "HS256"}, id="public key as a secret"),
        pytest.param({"key": "foreign"}, id="foreign key of the same name"),
        pytest.param({"alg": "RS512"}, id="algorithm of no list of ours"),
        pytest.param({"answers": {"aud": "other"}}, id="foreign audience"),
        pytest.param({"answers": {"aud": None}}, id="no audience"),
        pytest.param({"answers": {"iss": "https://evil.example"}}, id="foreign issuer"),
        pytest.param({"answers": {"exp": 1_000_000_000}}, id="expired"),
        pytest.param({"answers": {"exp": None}}, id="without an end"),
        pytest.param({"answers": {"state": None}}, id="of no attempt"),
        pytest.param({"answers": {"state": "0" * 64}}, id="of another attempt"),
        pytest.param({"answers": {"state": ["0" * 64]}}, id="odd state"),
        pytest.param({"answers": {"code": None}}, id="no code"),
        pytest.param({"answers": {"code": ["x"]}}, id="odd code"),
    ],
)
async def test_2_1_of_an_answer_that_does_not_count_nothing_is_asked(
    signing: Elsewhere, told: dict[str, Any]
) -> None:
    browser = signing.browser()
    address = await signing.begun(browser)
    signing.provider.tell(**told)
    answer = await browser.get(signing.at_provider(address, "grace"))
    assert (answer.status_code, browser.cookie) == (403, "")
    assert "/token" not in signing.provider.asked()


async def test_2_1_a_signed_answer_is_of_the_browser_that_began(signing: Elsewhere) -> None:
    mallory, victim = signing.browser(), signing.browser()
    back = signing.at_provider(await signing.begun(mallory), "grace")
    await signing.begun(victim)
    twice = f"{back}&{urlsplit(back).query}"
    for browser, path in ((victim, back), (mallory, twice), (mallory, f"{BACK}?response=x")):
        assert ((await browser.get(path)).status_code, browser.cookie) == (403, "")
    assert "/token" not in signing.provider.asked()
    beside = changed(back, code="x", state="0" * 64)
    assert (await mallory.get(beside)).status_code == 303, "what is signed counts, nothing beside"


async def test_2_1_a_signed_answer_is_asked_about_three_times(signing: Elsewhere) -> None:
    """Who has an account there could show one again for its minutes."""
    browser = signing.browser()
    back = signing.at_provider(await signing.begun(browser), "ada")
    kept = dict(browser.attempts)
    seen = [
        (await Browser(signing.world.client, attempts=dict(kept)).get(back)).status_code
        for _ in range(8)
    ]
    assert seen == [303, 403, 403, *[429] * 5]
    assert signing.provider.asked().count("/token") == 3


@pytest.mark.parametrize("iss", ["ours", "https://evil.example"])
async def test_2_1_asked_again_silently_a_signed_answer_says_who_is_not_there(
    signing: Elsewhere, iss: str
) -> None:
    browser = await signing.signed_in("ada")
    signing.world.clock.advance(timedelta(minutes=31))
    signing.provider.tell(ahead=31 * 60, leave=["ada"])
    if iss != "ours":
        signing.provider.tell(answers={"iss": iss})
    led = (await browser.get("/ui/people")).headers["location"]
    assert dict(parse_qsl(urlsplit(led).query))["prompt"] == "none"
    answer = await browser.get(signing.at_provider(led, None))
    ended = answer.headers.get("location") == "/ui/enter?ended=there"
    assert (answer.status_code, ended) == ((303, True) if iss == "ours" else (403, False))


async def test_2_2_keys_that_cannot_be_had_end_no_session(signing: Elsewhere) -> None:
    """They went while the browser was there to be asked again."""
    browser = await signing.signed_in("ada")
    signing.world.clock.advance(timedelta(minutes=31))
    signing.provider.tell(ahead=31 * 60)
    back = signing.at_provider((await browser.get("/ui/people")).headers["location"], None)
    signing.provider.tell(faults={"/jwks": "status"})
    signing.endpoints._keys.at -= 3600
    answer = await browser.get(back)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/ui/people")
    assert (await browser.get("/ui/people")).status_code == 200


async def test_2_1_signing_can_be_left_out(signing: Elsewhere) -> None:
    """For a provider that says it can, and does so by what we do not take."""
    client = signing.endpoints._client
    object.__setattr__(client, "signed", False)
    assert "response_mode" not in await signing.begun(signing.browser())


@pytest.mark.parametrize(("claim", "status"), [(4000, 303), (7000, 403)])
async def test_2_1_a_signed_answer_may_be_long(signing: Elsewhere, claim: int, status: int) -> None:
    """All that the provider says is in one, and four thirds as long; other queries are shorter."""
    browser = signing.browser()
    address = await signing.begun(browser)
    signing.provider.tell(answers={"session_state": "x" * claim})
    back = signing.at_provider(address, "ada")
    assert (len(urlsplit(back).query) <= 8000) is (status == 303)
    assert (await browser.get(back)).status_code == status
