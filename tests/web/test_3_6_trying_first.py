"""Would a prefix pass? Asked on the form, before it is brought."""

import pytest

from byoip.domain.accounts.people import Role
from tests.api.world import World
from tests.web.browser import Browser, Reading, signed_in

TRY = "/ui/prefixes/preflight"


async def test_what_would_not_pass_is_said_with_its_fix_and_nothing_is_kept(world: World) -> None:
    browser = await signed_in(world)
    form = await browser.form("/ui/prefixes/new", "/ui/prefixes")
    given = {"cidr": "31.0.0.0/23", "asn": "AS64500", "description": "mine"}
    answer = await browser.post(TRY, {**form.fields, **given})
    assert answer.status_code == 200
    shown = Reading(answer.text)
    assert "31.0.0.0/23 from AS64500: would not pass yet" in shown.text
    assert "nothing was kept" in shown.text
    assert await world.result("GET", "/prefixes") == []
    wanted = {"cidr": given["cidr"], "asn": 64500}
    asked = await world.result("POST", "/prefix_preflights", json=wanted)
    assert asked["would_pass"] is False
    for check in asked["checks"]:
        assert check["seen"] in shown.text
    [again] = [one for one in shown.forms if one.action == "/ui/prefixes"]
    assert {name: again.fields[name] for name in given} == given
    assert (await browser.send(again)).status_code == 303


@pytest.mark.parametrize(
    ("field", "filled"),
    [
        ("cidr", {"cidr": "10.0.0.0/24"}),
        ("cidr", {"cidr": ""}),
        ("asn", {"asn": "x"}),
        ("asn", {"asn": "64999"}),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    world: World, field: str, filled: dict[str, str]
) -> None:
    browser = await signed_in(world)
    form = await browser.form("/ui/prefixes/new", "/ui/prefixes")
    given = {"cidr": "31.0.0.0/23", "asn": "64500", **filled}
    answer = await browser.post(TRY, {**form.fields, **given})
    assert answer.status_code in {400, 409, 422}
    assert f'id="{field}-wrong"' in answer.text


async def test_trying_is_limited_as_at_the_api_and_not_for_operators(world: World) -> None:
    browser, operator = await signed_in(world), await signed_in(world, Role.OPERATOR)
    given = {"cidr": "31.0.0.0/23", "asn": "64500"}
    assert (await operator.post(TRY, given)).status_code in {403, 404}
    answers = [(await browser.post(TRY, given)).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]


async def test_while_one_types_it_is_said_as_soon_as_both_are_there(world: World) -> None:
    """The same as by the button, without the page around it; half of it asks no party."""
    browser, part = await signed_in(world, Role.VIEWER), f"{TRY}/part"
    for half in ({"cidr": "31.0.0.0/23"}, {"asn": "64500"}, {"cidr": " ", "asn": "64500"}):
        answer = await browser.post(part, half)
        assert (answer.status_code, Reading(answer.text).text.strip()) == (200, "")
    for field, given in (
        ("Prefix", {"cidr": "31.0.0.1/23", "asn": "64500"}),
        ("Prefix", {"cidr": "31.0.", "asn": "64500"}),
        ("Origin AS", {"cidr": "31.0.0.0/23", "asn": "6x"}),
        ("Origin AS", {"cidr": "31.0.0.0/23", "asn": "64999"}),
    ):
        answer = await browser.post(part, given)
        assert answer.status_code == 200, "htmx would show nothing of a refusal"
        assert Reading(answer.text).text.strip().startswith(f"{field}:"), given
    assert world.outside.registry.asked == []
    answer = await browser.post(part, {"cidr": "31.0.0.0/23", "asn": "AS64500"})
    assert "31.0.0.0/23 from AS64500: would not pass yet" in Reading(answer.text).text
    assert "<html" not in answer.text
    assert world.outside.registry.asked != []
    for _ in range(10):
        answer = await browser.post(part, {"cidr": "31.0.0.0/23", "asn": "64500"})
    assert answer.status_code == 200
    assert "would not pass" not in answer.text
    assert 'class="wrong"' in answer.text  # what the limit says
    assert await world.result("GET", "/prefixes") == []
    stranger = await Browser(world.client).post(part, {"cidr": "31.0.0.0/23", "asn": "64500"})
    assert stranger.status_code == 401


async def test_what_is_half_typed_spends_nothing(world: World) -> None:
    browser = await signed_in(world)
    for half in ("31", "31.0", "31.0.0", "31.0.0.0/", "2001:db", "31.0.0.0/2") * 3:
        answer = await browser.post(f"{TRY}/part", {"cidr": half, "asn": "64500"})
        assert answer.status_code in {200, 422}
        assert "too many" not in answer.text.lower()
    asked = await browser.post(TRY, {"cidr": "31.0.0.0/23", "asn": "64500"})
    assert asked.status_code == 200
