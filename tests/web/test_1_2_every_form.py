"""Page, 1.2: every form counts once, and one of an old page does nothing; walked, all of them."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Final
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import Route

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.accounts.people import Role
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.ports.checks.registrations import StatisticsFile
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.speakers.routes import Alarm, Routes
from byoip.usecases.checks.refresh_roas import RefreshRoas
from tests.api.operators import WHY, Operator
from tests.api.test_operator_speaker_settings import CHANGED
from tests.api.world import World
from tests.fakes.rpki import FakeVrpSource, entries, export_text
from tests.revising import enforce
from tests.routes.test_3_3_over_http import entry, two_speakers
from tests.web.browser import Browser, Form, Reading, signed_in
from tests.web.places import CONTRADICTS, saw
from tests.web.test_4_1_asn_disputes import asn_disputed
from tests.web.test_4_1_old_pages import held
from tests.web.test_4_decided_routes import at, orphans, restored
from tests.web.test_4_speakers import gone
from tests.web.walking import Estate, pages, planted, without_limits

# Who comes has nothing that an old page could show: a code counts once, and a cookie ends once.
AT_THE_DOOR: Final = {"/ui/enter", "/ui/leave"}
# What a page has no form for: an API of the identity provider, and of what is typed only looked.
NO_FORM: Final = {
    *("/ui/enter/provider/logout", "/ui/prefixes/preflight", "/ui/prefixes/preflight/part"),
}
DIGEST: Final = re.compile(r"[0-9a-f]{16,32}|[0-9]{1,9}|[0-9]+\.[0-9]+")
# What takes more than an estate to be drawn; its own test sends it as it is drawn, and the border
# takes none without a key and one of `version` and `seen`.
ELSEWHERE: Final = {
    "/ui/people/{person_id}/readmit",
    "/ui/webhooks/{webhook_id}/redeliver",
    "/ui/noc/network/settings/take-back",
    "/ui/noc/perspectives/{about}/ask-again",
    "/ui/prefixes/{prefix_id}/token",
}
ADDRESSES: Final = (
    "/ui/noc/network/speakers/ams1",
    "/ui/noc/network/speakers/fra1",
    "/ui/noc/network/speakers/old1",
    "/ui/noc/network/edges/out1",
    "/ui/noc/kinds/sessions_shut",
    "/ui/noc/routes/drain?speaker=ams1",
    "/ui/noc/routes/drain?stage=1",
    at("ams1", "31.0.0.0/24"),
)


async def busy(
    world: World, engine: AsyncEngine, operator: Operator, directory: Path
) -> tuple[Estate, list[str]]:
    """One of everything, and of what waits for a person something with each form; more pages."""
    estate = await planted(world, engine, operator)
    await restored(world, engine, directory)
    await two_speakers(operator, engine)
    await gone(world, engine)
    await orphans(world, engine)
    await held(world, engine, "31.44.0.0/23")
    await refused_data(world, engine, directory)
    await saw(world, engine, estate.known["prefix_id"], "It has another token.", tyo=CONTRADICTS)
    now, routes = world.clock.now(), Routes(engine)
    shut = Alarm("sessions_shut", "ams1", "It lacks 3 routes.")
    await routes.replace_alarms("sessions_shut", [shut], now)
    await enforce(world.store, routes, (entry("ams1", 1), entry("fra1", 2)))
    await routes.revisions.propose(uuid4(), "worker:2", (CHANGED,))
    until = (now + timedelta(days=1)).isoformat()
    await operator.act("/routes/speakers/fra1/drain", until=until, loses=9)
    drained = {"drained": True, "reason": WHY}
    await operator.result("PUT", "/edge/edges/out1", json=drained)
    prefix, _ = await world.approved()
    to = {"to_account_id": world.other_account_id.hex}
    await world.result("POST", f"/prefixes/{prefix}/moves", json=to)
    await world.result("DELETE", f"/prefixes/{(await world.prefix('31.45.0.0/24'))['id']}")
    leaving, _ = await world.approved()
    await world.result("POST", f"/prefixes/{leaving}/offboard")
    hook = await world.result("POST", "/webhooks", json={"url": "https://h.example.net/off"})
    await world.result("PATCH", f"/webhooks/{hook['id']}", json={"enabled": False})
    more = [*ADDRESSES, await asn_disputed(world), f"/ui/webhooks/{hook['id']}"]
    more += [f"/ui/prefixes/{one['id']}" for one in await world.result("GET", "/prefixes")]
    return estate, more


async def refused_data(world: World, engine: AsyncEngine, directory: Path) -> None:
    """ROA data and statistics that were refused for their size."""
    full = [*entries(10, "ripe"), *entries(10, "apnic")]
    for roas, age in ((full, 2), (full[:12], 1)):
        built = export_text(roas, world.clock.now() - timedelta(hours=age))
        source, kept = FakeVrpSource(directory, built), VrpSnapshots(engine)
        await RefreshRoas(source, JsonVrps(), kept, GatePolicy(floor=5), world.clock)()
    async with RegistrationSnapshots(engine).exclusive() as tx:
        await tx.replace(StatisticsFile("ripencc", "1", "0" * 64, world.clock.now(), []))
        await tx.record_failure("ripencc", "too few", at=world.clock.now(), refused=100)


def forms_at(path: str, answer: httpx.Response) -> Iterator[Form]:
    assert answer.status_code < 500, (path, answer.text)
    for one in Reading(answer.text).forms:
        if one.method == "post" and one.action not in AT_THE_DOOR:
            yield one


async def test_1_2_every_form_has_a_key_and_says_what_it_was_drawn_from(
    world: World, engine: AsyncEngine, operator: Operator, tmp_path: Path
) -> None:
    async with without_limits(world, engine) as free:
        estate, more = await busy(free, engine, Operator(free, operator.token), tmp_path)
        who = [estate.owner, await signed_in(free, account_id=free.other_account_id)]
        who += [await signed_in(free, role) for role in Role if role is not Role.ADMIN]
        found: dict[str, Form] = {}
        for browser in who:
            for path in (*pages(free, estate.known), *more):
                for one in forms_at(path, await browser.get(path)):
                    found[f"{one.action} of {path}: {sorted(one.fields)}"] = one
        assert [where for where, one in found.items() if not keyed(one)] == []
        assert [where for where, one in found.items() if not drawn(one)] == []
        assert ", ".join(unseen_forms(free, found)) == ""


def keyed(form: Form) -> bool:
    return bool(re.fullmatch("[0-9a-f]{32}", form.fields.get("key", "")))


def drawn(form: Form) -> bool:
    said = [form.fields[one] for one in ("version", "seen") if one in form.fields]
    return bool(said) and all(DIGEST.fullmatch(one) for one in said)


def unseen_forms(world: World, found: Mapping[str, Form]) -> list[str]:
    """Where a form could be sent to, and none was that the walk has seen."""
    actions = {one.action for one in found.values()}
    return [
        one.path
        for one in world.app.routes
        if isinstance(one, Route)
        and one.path.startswith("/ui")
        and "POST" in (one.methods or ())
        and one.path not in AT_THE_DOOR | NO_FORM | ELSEWHERE
        and not any(one.path_regex.match(action) for action in actions)
    ]


FILLED: Final = {
    "reason": WHY,
    "name": "yet-one-more",
    "cidr": "31.99.0.0/23",
    "days": "30",
    "quota": "77",
}
HISTORY: Final = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM operator_events)"


async def named(browser: Browser, path: str, like: Form) -> Form | None:
    """The same form as its page has it now."""
    for one in forms_at(path, await browser.get(path)):
        if (one.action, *sorted(one.fields)) == (like.action, *sorted(like.fields)):
            return one
    return None


async def test_1_2_no_form_of_the_operator_does_anything_twice(
    world: World, engine: AsyncEngine, operator: Operator, tmp_path: Path
) -> None:
    """Each as it is drawn: again with its key it says what came of it; with another it is old."""
    async with without_limits(world, engine) as free:
        estate, more = await busy(free, engine, Operator(free, operator.token), tmp_path)
        browser = await signed_in(free, Role.OPERATOR)
        places: dict[tuple[str, ...], tuple[str, Form]] = {}
        for path in (*pages(free, estate.known), *more):
            for one in forms_at(path, await browser.get(path)):
                places[(one.action, *sorted(one.fields))] = path, one
        done, wrong = set[str](), list[str]()
        for path, like in places.values():
            form = await named(browser, path, like)
            if form is None or "/sessions/" in form.action:  # one before has cleared it
                continue
            free.clock.advance(timedelta(seconds=1))
            fields = {**form.fields, **{k: v for k, v in FILLED.items() if k in form.fields}}
            fields |= {"confirm": form.typed} if form.typed else {}
            answer = await browser.post(form.action, fields)
            refused = answer.headers.get("location", "").endswith("?done=some")  # and may go again
            if answer.status_code in {200, 303} and not refused:
                done.add(form.action)
                said = await twice(browser, engine, form.action, fields, answer)
                wrong += [f"{form.action} of {path}: {said}"] if said else []
        assert "\n".join(wrong) == ""
        assert len(done) > 40, sorted(done)


async def twice(
    browser: Browser, engine: AsyncEngine, to: str, fields: dict[str, str], first: httpx.Response
) -> str:
    """What is wrong with what comes of the same form sent again, and with another key."""
    before = await recorded(engine)
    again = await browser.post(to, fields)
    other = await browser.post(to, {**fields, "key": token_hex(16)})
    leads = again.headers.get("location")
    if again.status_code != 303 or leads != first.headers.get("location", leads):
        return f"sent again: {again.status_code} {leads}"
    if await recorded(engine) != before:
        return f"with another key it is done twice: {other.status_code}"
    if other.status_code in {409, 412} and "Nothing was done." not in Reading(other.text).text:
        return f"with another key: {other.status_code}"
    return ""


async def recorded(engine: AsyncEngine) -> object:
    """How much there is in all histories."""
    async with engine.connect() as connection:
        return (await connection.execute(sa.text(HISTORY))).one()


@pytest.mark.parametrize("left_out", ["key", "seen"])
async def test_1_2_a_form_that_says_less_is_none_of_ours(world: World, left_out: str) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    form = await browser.form("/ui/noc/services", "/services")
    fields = {**form.fields, "name": "yet-one-more", "reason": WHY}
    del fields[left_out]
    answer = await browser.post(form.action, fields)
    assert answer.status_code == 400
    assert "not one of ours" in Reading(answer.text).text
    assert "yet-one-more" not in (await browser.read("/ui/noc/services")).text
