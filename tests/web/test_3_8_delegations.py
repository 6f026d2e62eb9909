"""Ranges lent to other accounts, on pages."""

from datetime import timedelta

from byoip.domain.accounts.people import Role
from tests.api.world import World
from tests.web.browser import Browser, Form, Reading, signed_in


async def lending(browser: Browser, prefix_id: str) -> Form:
    return await browser.form(f"/ui/prefixes/{prefix_id}/delegations", "/delegations")


async def test_a_range_is_lent_seen_on_both_sides_and_taken_back(world: World) -> None:
    prefix_id, cidr = await world.approved()
    browser = await signed_in(world, Role.EDITOR)
    half = cidr.replace("/23", "/24")
    until = f"{world.clock.now() + timedelta(days=30):%Y-%m-%d}"
    answer = await browser.send(
        await lending(browser, prefix_id),
        cidr=half,
        account=world.other_account_id.hex,
        until=until,
    )
    shown = await browser.read(answer.headers["location"])
    assert half in shown.text
    assert f"{until} 00:00:00 UTC" in shown.text
    [told] = await world.result("GET", f"/prefixes/{prefix_id}/delegations")
    assert told["expires_at"] == f"{until}T00:00:00Z"
    assert half in (await browser.read("/ui/delegations")).text
    other = await signed_in(world, Role.VIEWER, account_id=world.other_account_id)
    received = (await other.read("/ui/delegations")).text
    assert half in received
    assert world.account_id.hex not in received
    answer = await browser.send(
        await browser.form(f"/ui/prefixes/{prefix_id}/delegations", f"{told['id']}/end")
    )
    assert "The delegation has ended." in (await browser.read(answer.headers["location"])).text
    assert await world.result("GET", f"/prefixes/{prefix_id}/delegations") == []
    assert half not in (await other.read("/ui/delegations")).text


async def test_what_is_refused_of_a_delegation_is_said_at_its_field(world: World) -> None:
    prefix_id, cidr = await world.approved()
    browser = await signed_in(world)
    good = {"cidr": cidr, "account": world.other_account_id.hex, "until": ""}
    for field, value, status in (
        ("cidr", "198.51.100.0/24", 422),
        ("cidr", "x", 422),
        ("account", "f" * 32, 422),
        ("account", "Example", 422),
        ("account", world.account_id.hex, 422),
        ("until", "2020-01-01", 422),
        ("until", "tomorrow", 422),
    ):
        filled = {**good, field: value}
        answer = await browser.send(await lending(browser, prefix_id), **filled)
        assert answer.status_code == status, (field, value, answer.status_code)
        assert f'value="{value}" aria-invalid="true"' in answer.text, (field, value)
        assert "Nothing was done." in Reading(answer.text).text
    assert await world.result("GET", f"/prefixes/{prefix_id}/delegations") == []


async def test_an_old_page_lends_nothing_and_ends_nothing(world: World) -> None:
    prefix_id, cidr = await world.approved()
    browser = await signed_in(world)
    whom = {"cidr": cidr, "account": world.other_account_id.hex}
    old = await lending(browser, prefix_id)
    await world.result("PATCH", f"/prefixes/{prefix_id}", json={"description": "changed"})
    assert (await browser.send(old, **whom)).status_code == 412
    await browser.send(await lending(browser, prefix_id), **whom)
    old = await browser.form(f"/ui/prefixes/{prefix_id}/delegations", "/end")
    await world.result("PATCH", f"/prefixes/{prefix_id}", json={"description": "again"})
    assert (await browser.send(old)).status_code == 412
    assert len(await world.result("GET", f"/prefixes/{prefix_id}/delegations")) == 1


async def test_only_who_may_lends_and_only_their_own(world: World) -> None:
    prefix_id, cidr = await world.approved()
    editor, viewer = await signed_in(world, Role.EDITOR), await signed_in(world, Role.VIEWER)
    stranger = await signed_in(world, account_id=world.other_account_id)
    whom = {"cidr": cidr, "account": world.other_account_id.hex}
    form = await lending(editor, prefix_id)
    assert (await viewer.send(form, **whom)).status_code == 403
    assert (await stranger.send(form, **whom)).status_code == 404
    assert (await stranger.get(f"/ui/prefixes/{prefix_id}/delegations")).status_code == 404
    await editor.send(form, **whom)
    ending = await editor.form(f"/ui/prefixes/{prefix_id}/delegations", "/end")
    assert (await viewer.send(ending)).status_code == 403
    assert (await stranger.send(ending)).status_code == 404
    assert len(await world.result("GET", f"/prefixes/{prefix_id}/delegations")) == 1


async def test_a_page_of_many_delegations_is_light_and_leads_on(world: World) -> None:
    prefix_id, _ = await world.approved("45.240.0.0/16")
    for number in range(120):
        body = {
            "cidr": f"45.240.{number}.0/24",
            "delegated_account_id": world.other_account_id.hex,
        }
        await world.result("POST", f"/prefixes/{prefix_id}/delegations", json=body)
    browser = await signed_in(world)
    for path in (f"/ui/prefixes/{prefix_id}/delegations", "/ui/delegations"):
        answer = await browser.get(path)
        assert len(answer.content) < 100_000, (path, len(answer.content))
        assert answer.text.count("45.240.") >= 100
        [more] = [one for one in Reading(answer.text).links if "after=" in one or "given=" in one]
        whole = answer.text + (await browser.get(more)).text
        assert [n for n in range(120) if f"45.240.{n}.0/24" not in whole] == []
