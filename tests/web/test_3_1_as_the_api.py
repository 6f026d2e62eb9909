"""What the page of a prefix says is missing, and does about a token, as the API does."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from tests.api.operators import Operator
from tests.api.world import World
from tests.store.samples import passed
from tests.web.browser import signed_in

LONG = timedelta(days=8)  # a token of the tests holds a week


async def test_a_run_that_is_out_is_named_and_not_asked_for_again(world: World) -> None:
    made = await world.prefix()
    browser, page = await signed_in(world), f"/ui/prefixes/{made['id']}"
    assert "Then check again, below" in (await browser.read(page)).text
    await browser.send(await browser.form(page, "/check"))
    shown = (await browser.read(page)).text
    assert "A validation is under way. Leave the token in place until then." in shown
    assert "Then check again, below" not in shown


async def test_an_expired_token_is_replaced_by_checking_and_that_is_said(world: World) -> None:
    made = await world.prefix()
    world.clock.advance(LONG)
    browser, page = await signed_in(world), f"/ui/prefixes/{made['id']}"
    answer = await browser.send(await browser.form(page, "/check"))
    assert answer.headers["location"] == f"{page}?done=reissued"
    shown = (await browser.read(answer.headers["location"])).text
    assert "The token had expired: there is a new one below" in shown
    now = await world.result("GET", f"/prefixes/{made['id']}")
    token = now["ownership_validation_token"]
    assert token != made["ownership_validation_token"]
    assert token in shown
    again = await browser.send(await browser.form(page, "/check"))
    assert again.headers["location"] == f"{page}?done=checking"


async def test_a_run_that_waits_for_its_time_says_when_and_how_to_have_it_now(
    world: World,
) -> None:
    made = await world.prefix()
    browser, page = await signed_in(world), f"/ui/prefixes/{made['id']}"
    await browser.send(await browser.form(page, "/check"))
    world.clock.advance(-timedelta(hours=1))
    shown = (await browser.read(page)).text
    assert "to have it now, check again, below." in shown
    assert "Validation is tried again by itself at " in shown


async def test_an_origin_of_the_customers_own_lacks_on_the_page_what_it_lacks_in_the_api(
    world: World, operator: Operator
) -> None:
    own = await world.result("POST", "/asns", json={"asn": 2914})
    await operator.result("POST", f"/asns/{own['id']}/approve", json={"reason": "Contract 4711."})
    made = await world.prefix("45.250.0.0/23", asn=2914)
    async with world.store.transaction() as tx:
        claim, yes = await tx.claims.lock(UUID(made["id"])), passed(world.clock.now())
        proven = replace(claim, irr=yes, rpki=yes, ownership=yes)
        await tx.claims.save(proven.approve(world.clock.now()))
    shown = await world.result("GET", f"/prefixes/{made['id']}")
    named = [one["name"] for one in shown["blockers"]]
    assert any("aspa" in one for one in named)
    browser = await signed_in(world)
    text = (await browser.read(f"/ui/prefixes/{made['id']}")).text
    assert [one for one in named if one.replace("_", " ") not in text] == []
