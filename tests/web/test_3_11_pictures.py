"""What the two pictures of a prefix show: which service answers where, and what became of it."""

import itertools
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from uuid import uuid4

import pytest

from byoip.domain.accounts.people import Role
from byoip.domain.bindings.service_binding import Provisioning, Service, ServiceBinding, answering
from byoip.domain.prefix import Prefix
from byoip.store.claims.views import NumberedEvent
from byoip.web.pictures.address_map import WIDTH, address_map, answers
from byoip.web.pictures.time_line import WIDTH as LINE
from byoip.web.pictures.time_line import time_line
from tests.api.bound import bound
from tests.api.world import World
from tests.web.browser import Reading, signed_in

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
CDN, LB = Service(uuid4(), "CDN"), Service(uuid4(), "Load balancer")


def binding(whole: str, cidr: str, service: Service, **more: object) -> ServiceBinding:
    made = uuid4(), uuid4(), Prefix.parse(whole), Prefix.parse(cidr), service, NOW
    return ServiceBinding(*made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("31.0.0.0/22", ("31.0.1.0/24", "31.0.1.128/25", "31.0.1.129/32", "31.0.3.255/32")),
        ("2001:db8::/32", ("2001:db8::/48", "2001:db8::1/128", "2001:db8:ffff::/48")),
    ],
)
def test_for_each_address_the_map_names_what_the_edge_does(
    whole: str, parts: Sequence[str]
) -> None:
    found = [binding(whole, whole, CDN)]
    found += [binding(whole, one, LB if place % 2 else CDN) for place, one in enumerate(parts)]
    table = answers(Prefix.parse(whole), found)
    at = [ip_address(end) for one in table for end in (one.first, one.last)]
    assert str(at[0]) == str(Prefix.parse(whole).network.network_address)
    for one in table:
        for end in (one.first, one.last):
            by = answering(ip_address(end), found)
            assert by is not None
            assert one.title == f"{by.service.name} answers, by {by.cidr}"
    for one, after in itertools.pairwise(table):
        assert int(ip_address(one.last)) + 1 == int(ip_address(after.first))
    drawn = address_map(Prefix.parse(whole), found, (), ())
    assert all(one.x >= 0 and one.x + one.width <= WIDTH + 3 for row in drawn for one in row.blocks)


def test_a_range_is_labelled_by_as_much_as_fits() -> None:
    whole = Prefix.parse("31.0.0.0/23")
    parts = ("31.0.0.0/23", "31.0.0.64/26", "31.0.1.9/32")
    found = [binding(str(whole), one, CDN) for one in parts]
    drawn = address_map(whole, found, (), ())
    labels = {one.label for row in drawn for one in row.blocks}
    assert labels == {"CDN", "31.0.0.0/23", "/26", ""}


def test_what_edges_do_not_have_yet_answers_for_nothing() -> None:
    whole = "31.0.0.0/23"
    waits = binding(whole, "31.0.0.0/24", LB, state=Provisioning.PROVISIONING)
    table = answers(Prefix.parse(whole), [binding(whole, whole, CDN), waits])
    assert {one.title for one in table} == {"CDN answers, by 31.0.0.0/23"}
    only = binding(whole, whole, CDN, state=Provisioning.PROVISIONING)
    assert [one.title for one in answers(Prefix.parse(whole), [only])] == ["nothing answers"]


def event(number: int, kind: str, **after: object) -> NumberedEvent:
    at = NOW + timedelta(hours=number)
    return NumberedEvent(number, kind, "worker", "", at, {}, after)


def test_bars_last_as_long_as_what_they_show() -> None:
    kinds = (
        "prefix.created", "validation.finished", "prefix.approved", "binding.created",
        "bgp_prefix.announced", "bgp_prefix.lost", "bgp_prefix.seen_again", "bgp_prefix.withdrawn",
    )  # fmt: skip
    line = time_line([event(place, one, cidr="x") for place, one in enumerate(kinds)], {})
    assert line is not None
    told = {one.said: one for one in line.bars}
    assert set(told) == {"approved", "bound", "announced"}
    assert told["approved"].title.endswith("until now")
    assert told["announced"].title.endswith("2026-11-29 19:00 UTC")
    assert [line.lanes[one.lane] for one in line.marks] == ["proof", "proof", "route", "route"]
    assert line.lanes == ["proof", "service", "route"]  # nothing was seen by the watch
    assert line.days[0][1] == "2026-11-29"


def test_a_bar_of_two_routes_lasts_until_the_last_one_is_withdrawn() -> None:
    up, down = "bgp_prefix.announced", "bgp_prefix.withdrawn"
    events = [event(1, up, cidr="a"), event(2, up, cidr="b"), event(3, down, cidr="a")]
    line = time_line(events, {"announced": True})
    assert line is not None
    [bar] = line.bars
    assert bar.title == "announced, from 2026-11-29 13:00 UTC until now"
    line = time_line([*events, event(4, down, cidr="b")], {})
    assert line is not None
    assert [one.title[-20:] for one in line.bars] == ["2026-11-29 16:00 UTC"]


def test_what_began_before_the_events_begins_at_the_edge() -> None:
    line = time_line([event(900, "bgp_prefix.withdrawn", cidr="a")], {"approved": True})
    assert line is not None
    assert {one.said: (one.x, "since before" in one.title) for one in line.bars} == {
        "approved": (0, True),
        "announced": (0, True),
    }
    assert time_line([event(1, "token.issued")], {}) is None


def test_whether_it_is_seen_now_stands_behind_all_events() -> None:
    events = [event(1, "bgp_prefix.announced", cidr="a"), event(2, "rpki.drifted")]
    for seen, said in ((True, "seen"), (False, "not seen")):
        line = time_line(events, {}, seen=seen)
        assert line is not None
        [mark] = line.marks
        assert (mark.label, mark.title, line.lanes[mark.lane]) == (said, f"{said} now", "route")
        assert max(one.x for one in line.bars) < mark.x < LINE
    line = time_line(events, {})  # nobody has looked
    assert line is not None
    assert line.marks == []


async def test_both_pictures_have_a_table_and_no_style_of_their_own(world: World) -> None:
    path, cidr, _ = await bound(world)
    browser = await signed_in(world, Role.VIEWER)
    for address in (f"/ui{path}", f"/ui{path}/addresses"):
        text = (await browser.get(address)).text
        pictures = re.findall("<svg.*?</svg>", text, re.DOTALL)
        assert pictures
        assert not re.search(r"style=|<style|fill=|<script", "".join(pictures))
        assert "<table" in text
    shown = await browser.read(f"/ui{path}/addresses")
    assert f"CDN answers, by {cidr}" in shown.text


async def test_which_service_answers_for_an_address_is_said(world: World) -> None:
    path, cidr, _ = await bound(world)
    browser, page = await signed_in(world, Role.VIEWER), f"/ui{path}/addresses"
    inside = cidr.replace("0/23", "77")
    shown = await browser.read(f"{page}?address={inside}")
    assert f"{inside} : CDN answers" in shown.text.replace(f"{inside}:", f"{inside} :")
    for text, said in (("x", "not an address"), ("2001:db8::1", "not in"), ("9.9.9.9", "not in")):
        assert said in (await browser.read(f"{page}?address={text}")).text
    hostile = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    assert "<script>alert" not in (await browser.get(f"{page}?address={hostile}")).text
    stranger = await signed_in(world, account_id=world.other_account_id)
    assert (await stranger.get(page)).status_code == 404


async def test_a_map_of_many_ranges_is_light_and_says_that_it_is_not_all(world: World) -> None:
    path, _, _ = await bound(world, "45.242.0.0/16")
    services = [one for one in await world.services() if not one.default_only]
    for number in range(120):
        body = {"cidr": f"45.242.{2 * number}.0/24", "service_id": services[number % 2].id.hex}
        await world.result("POST", f"{path}/bindings", json=body)
    browser = await signed_in(world)
    answer = await browser.get(f"/ui{path}/addresses?address=45.242.3.3")
    assert len(answer.content) < 100_000, len(answer.content)
    assert "There is more than fits" in Reading(answer.text).text
    assert "answers, by the binding" not in Reading(answer.text).text  # of what is not read
    assert len((await browser.get(f"/ui{path}")).content) < 100_000
