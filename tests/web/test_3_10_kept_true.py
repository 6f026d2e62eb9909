"""Whether what was proven is still so, on the page of a prefix; and what was removed comes back."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from byoip.domain.accounts.people import Role
from byoip.domain.watch.levels import LADDERS, Level, Signal
from byoip.domain.watch.watch import Watch
from tests.api.world import World
from tests.web.browser import Reading, signed_in


async def ends(world: World, prefix_id: str, after: timedelta) -> None:
    async with world.store.transaction() as tx:
        claim = await tx.claims.lock(UUID(prefix_id))
        proof = replace(claim.proof, ends_at=world.clock.now() + after)
        await tx.claims.save(replace(claim, proof=proof))


async def test_until_when_the_proof_counts_is_said_and_a_token_is_offered_in_time(
    world: World,
) -> None:
    prefix_id, _ = await world.approved()
    world.clock.advance(timedelta(days=8))  # no token is in force any more
    browser, page = await signed_in(world), f"/ui/prefixes/{prefix_id}"
    told = await world.result("GET", f"/prefixes/{prefix_id}/watch")
    shown = await browser.read(page)
    assert "the proof counts" in shown.text
    assert "To prove it anew" not in shown.text
    await ends(world, prefix_id, timedelta(days=200))
    shown = await browser.read(page)
    assert "in 200 days" in shown.text
    assert not any(one.action.endswith("/token") for one in shown.forms)
    await ends(world, prefix_id, timedelta(days=40))
    shown = await browser.read(page)
    assert "in 40 days" in shown.text
    assert "To prove it anew" in shown.text
    await browser.send(await browser.form(page, "/token"))
    token = (await world.result("GET", f"/prefixes/{prefix_id}"))["ownership_validation_token"]
    shown = await browser.read(page)
    assert shown.text.count(token) >= 2  # in reverse DNS, and in the route object
    assert "Publish a ROA" not in shown.text
    assert told["proven_at"] is not None


async def test_signals_levels_and_what_lifts_a_freeze_are_as_the_api_says(world: World) -> None:
    prefix_id, _ = await world.approved()
    since = world.clock.now() - timedelta(days=8)
    bad = Watch(Signal.REVERSE_ZONE).bad(since, "Delegated no more: 0.0.45.in-addr.arpa.")
    bad = replace(bad, level=Level.FREEZE, looked_at=world.clock.now())
    async with world.store.transaction() as tx:
        claim = await tx.claims.lock(UUID(prefix_id))
        await tx.watches.put(claim.id, bad)
        await tx.claims.save(replace(claim, frozen_for=frozenset({Signal.REVERSE_ZONE})))
    told = await world.result("GET", f"/prefixes/{prefix_id}/watch")
    [zone] = [one for one in told["signals"] if one["signal"] == "reverse_zone"]
    browser = await signed_in(world, Role.VIEWER)
    shown = (await browser.read(f"/ui/prefixes/{prefix_id}")).text
    assert zone["seen"] in shown
    assert LADDERS[Signal.REVERSE_ZONE].means in shown
    assert "Frozen for reverse zone" in shown
    assert "frozen" in (await browser.read("/ui/prefixes")).text
    assert "issue a token, publish it and ask for validation: the new proof lifts it" in shown
    assert "POST ..." not in shown
    for one in told["signals"]:
        assert one["signal"].replace("_", " ") in shown


async def test_a_removed_prefix_is_given_up_only_if_typed_and_comes_back(world: World) -> None:
    made = await world.prefix()
    browser, page = await signed_in(world, Role.EDITOR), f"/ui/prefixes/{made['id']}"
    for typed in ("", "yes", "31.0.0.0/2"):
        answer = await browser.send(await browser.form(page, "/remove"), confirm=typed)
        assert answer.status_code == 422
    answer = await browser.send(await browser.form(page, "/remove"), confirm="31.0.0.0/23")
    shown = await browser.read(answer.headers["location"])
    assert "The prefix is given up." in shown.text
    assert await world.result("GET", "/prefixes") == []
    stranger = await signed_in(world, account_id=world.other_account_id)
    viewer = await signed_in(world, Role.VIEWER)
    back = await browser.form("/ui/prefixes/removed", "/reopen")
    assert "31.0.0.0/23" not in (await stranger.read("/ui/prefixes/removed")).text
    assert (await stranger.send(back)).status_code == 404
    assert (await viewer.send(back)).status_code == 403
    assert "31.0.0.0/23" in (await viewer.read("/ui/prefixes/removed")).text
    answer = await browser.send(back)
    assert answer.headers["location"] == f"{page}?done=reopened"
    assert "The prefix is back" in (await browser.read(answer.headers["location"])).text
    assert "31.0.0.0/23" not in (await browser.read("/ui/prefixes/removed")).text
    answer = await browser.send(back)  # the same form again
    assert answer.headers["location"] == f"{page}?done=reopened"


async def test_every_removed_prefix_of_many_is_on_a_light_page(world: World) -> None:
    many = [await world.prefix(f"37.{n}.0.0/24", description="<words>" * 20) for n in range(201)]
    for one in many:
        await world.result("DELETE", f"/prefixes/{one['id']}")
    browser, path, seen = await signed_in(world), "/ui/prefixes/removed", set[str]()
    while path:
        answer = await browser.get(path)
        assert len(answer.content) < 100_000, len(answer.content)
        shown = Reading(answer.text)
        seen |= {one.action for one in shown.forms if one.action.endswith("/reopen")}
        path = next((one for one in shown.links if "after=" in one), "")
    assert len(seen) == 201


async def test_what_stands_in_the_way_of_a_removed_prefix_is_said(world: World) -> None:
    made = await world.prefix()
    browser, page = await signed_in(world), f"/ui/prefixes/{made['id']}"
    await browser.send(await browser.form(page, "/remove"), confirm="31.0.0.0/23")
    await world.prefix("31.0.0.0/24")
    answer = await browser.send(await browser.form("/ui/prefixes/removed", "/reopen"))
    assert answer.status_code == 409
    assert "Nothing was done." in Reading(answer.text).text
    world.clock.advance(timedelta(days=8))
    shown = await (await signed_in(world)).read("/ui/prefixes/removed")
    assert "There is none." in shown.text
