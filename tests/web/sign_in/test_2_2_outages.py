"""Page, 2.2: what a provider that is away, wholly or by half, does to who has signed in there."""

from datetime import timedelta

import pytest

from tests.web.sign_in.elsewhere import Elsewhere, changed
from tests.web.sign_in.test_2_2_out_again import HALF_AN_HOUR, rechecked


async def test_2_2_a_provider_that_is_away_ends_nothing_before_twelve_hours(
    elsewhere: Elsewhere,
) -> None:
    browser = await elsewhere.signed_in("ada")
    elsewhere.provider.tell(faults={"/.well-known/openid-configuration": "status"})
    signs = elsewhere.world.backend.pages.keywords["elsewhere"]  # type: ignore[attr-defined]
    for minute in range(50, 12 * 60, 50):
        found = signs.provider._endpoints._found
        found.at, found.failed_at = found.at - 3600, found.failed_at - 61
        elsewhere.world.clock.advance(timedelta(minutes=50))
        assert (await browser.get("/ui/people")).status_code == 200, minute
    elsewhere.world.clock.advance(timedelta(minutes=21))
    assert (await browser.get("/ui/people")).headers["location"] == "/ui/enter"


@pytest.mark.parametrize("where", ["/token", "/jwks"])
async def test_2_2_a_provider_that_is_half_away_ends_nothing(
    elsewhere: Elsewhere, where: str
) -> None:
    """It says where its endpoints are, but not who somebody is."""
    browser = await elsewhere.signed_in("ada")
    elsewhere.world.clock.advance(HALF_AN_HOUR)
    elsewhere.provider.tell(ahead=31 * 60, faults={where: "status"})
    signs = elsewhere.world.backend.pages.keywords["elsewhere"]  # type: ignore[attr-defined]
    signs.provider._endpoints._keys.at -= 3600
    answer = await browser.get("/ui/people")
    if answer.status_code == 303:
        answer = await browser.get(elsewhere.at_provider(answer.headers["location"], None))
        assert (answer.status_code, answer.headers["location"]) == (303, "/ui/people")
    assert (await browser.get("/ui/people")).status_code == 200
    assert (await elsewhere.came(elsewhere.browser(), "ada")).status_code == 503
    parts = signs.provider._endpoints._codes, signs.provider._endpoints._keys
    for one in parts:
        one.failed_at -= 6
    asked = elsewhere.provider.asked()
    assert (await browser.get("/ui/people")).status_code == 200
    assert elsewhere.provider.asked() == asked, "nobody waits for it twice a minute"

    elsewhere.provider.tell(faults={})
    for one in parts:
        one.failed_at -= 61
    await rechecked(elsewhere, browser, "/ui/people")
    assert (await browser.get("/ui/people")).status_code == 200


async def test_2_2_a_code_that_a_provider_cannot_stand_spares_nobody(elsewhere: Elsewhere) -> None:
    """What the browser brings is no sign of an outage: it is asked with a code of ours."""
    browser = await elsewhere.signed_in("ada")
    elsewhere.world.clock.advance(HALF_AN_HOUR)
    elsewhere.provider.tell(ahead=31 * 60)
    address = (await browser.get("/ui/people")).headers["location"]
    back = elsewhere.at_provider(address, None)
    assert (await browser.get(changed(back, code="breaks"))).status_code == 503
    assert (await browser.get("/ui/people")).status_code == 303
