"""Page, 4: each kind of what needs a person says where and what to do; counts are of all."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.alarm_kinds import ALARM_KINDS
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Alarm, Routes
from byoip.web.operator.needs import KINDS, MOST, MOST_ALARMS
from tests.announcing import path
from tests.api.bound import bound
from tests.api.operators import Operator
from tests.api.world import World
from tests.asns.disputes import contest
from tests.counting import counted
from tests.web.browser import Browser, Reading, signed_in
from tests.web.test_3_12_disputes import disputed
from tests.web.test_4_noc import raised

NOC = "/ui/noc"
NETWORK = f"{NOC}/network"
AMS = f"{NETWORK}/speakers/ams1"
OF_A_ROUTE = frozenset({
    *("lost", "unanswered", "absent", "still_seen", "no_next_hop", "another_as"),
    *("foreign_origin", "aspa_excludes_operator"),
})  # fmt: skip
# As whoever raises them names what they are about; of those that are not here a speaker.
ABOUT = {
    "vanishing": ("routes", f"{NOC}/routes"),
    "stage_skipped": ("stage 2", NETWORK),
    "drained": ("ams1 to 192.0.2.1", AMS),
    "fed_by_one": ("192.0.2.1", NETWORK),
    "settings_waiting": ("revision 2", f"{NETWORK}/settings"),
    "settings_taken_back": ("revision 2", f"{NETWORK}/settings"),
    "settings_in_doubt": ("revision 2", f"{NETWORK}/settings"),
    "settings_differ": ("ams1", f"{NETWORK}/settings"),
    "perspectives_disagree": ("lab-3", f"{NOC}/perspectives"),
    "perspective_silent": ("lab-3", f"{NOC}/perspectives"),
    "restored": ("database", f"{NOC}/routes"),
    "in_doubt": ("database", f"{NOC}/routes/waiting"),
    "unreleased": ("routes", f"{NOC}/routes/waiting"),
    "reconciler_silent": ("reconciler", NETWORK),
    "watcher_silent": ("watcher", NETWORK),
}


@pytest.mark.parametrize("kind", ALARM_KINDS)
async def test_4_each_alarm_leads_to_what_it_is_about_and_to_its_section_of_the_runbook(
    world: World, engine: AsyncEngine, kind: str
) -> None:
    now = world.clock.now()
    await Routes(engine).note_speaker(SpeakerState("ams1", 1, "", 0, now, loaded=True))
    subject, page = ABOUT.get(kind, ("ams1", AMS))
    if kind in OF_A_ROUTE:
        claim, _, route = await bound(world)
        subject, page = UUID(route[-32:]).hex, f"{NOC}{claim}"
    await raised(world, engine, Alarm(kind, subject, "31.0.0.0/24: why"))
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    for where in (NOC, f"{NOC}/kinds/{kind}"):
        shown = await viewer.get(where)
        [card] = [
            one for one in shown.text.split('class="card"') if f"{kind.replace('_', ' ')}: " in one
        ]
        assert Reading(card).links[0] == page
        assert (await viewer.get(page)).status_code == 200
        runbook = f"/guide/runbook#{kind}"
        assert runbook in Reading(shown.text).links
    guide = await viewer.get("/guide/runbook")
    assert guide.status_code == 200
    assert f'id="{kind}"' in guide.text


async def test_4_each_section_leads_to_a_section_of_the_runbook_that_is_there(world: World) -> None:
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    guide = (await viewer.get("/guide/runbook")).text
    for name, kind in KINDS.items():
        answer = await viewer.get(f"{NOC}/kinds/{name}")
        assert answer.status_code == (303 if kind.all else 200), name
        if kind.all:
            assert (await viewer.get(answer.headers["location"])).status_code == 200
        assert not kind.runbook or f'id="{kind.runbook}"' in guide, name
    assert (await viewer.get(f"{NOC}/kinds/nothing")).status_code == 404


MANY = 120


async def flood(world: World, engine: AsyncEngine, many: int, first: int = 0) -> None:
    """A bad day: so many alarms, orphans, suspended prefixes and accounts that are full."""
    now = world.clock.now()
    lost = [Alarm("lost", UUID(int=number).hex, f"31.0.{number}.0/24") for number in range(many)]
    await raised(world, engine, *lost)
    cidrs = [Prefix.parse(f"31.{number}.0.0/24") for number in range(many)]
    held = {one: path(one, prepend=1) for one in cidrs}
    await Routes(engine).note_orphans("ams1", held, now)
    async with engine.begin() as connection:
        await connection.execute(sa.text(FULL), {"first": first + 1, "many": many, "now": now})
        await connection.execute(
            sa.text(SUSPENDED), {"first": first + 1, "many": many, "of": world.account_id}
        )


FULL = """
    INSERT INTO accounts (id, name, prefix_quota, created_at, version)
    SELECT gen_random_uuid(), 'full ' || n, 0, :now, 1
    FROM generate_series(CAST(:first AS int), CAST(:many AS int)) n
"""
SUSPENDED = """
    INSERT INTO prefixes (id, account_id, cidr, asn, description, delegate_loa_creation,
        created_at, modified_at, state, standing, irr_state, rpki_state, ownership_state, findings,
        irr_waived, other_origins, version)
    SELECT gen_random_uuid(), :of, CAST('40.' || n || '.0.0/24' AS cidr), 64500, '', false,
        now() + make_interval(secs => n), now(), 'pending', 'suspended', 'pending', 'pending',
        'pending', '{}', false, '[]', 1
    FROM generate_series(CAST(:first AS int), CAST(:many AS int)) n
"""


async def test_4_what_is_cut_says_how_many_there_are_and_is_listed_page_after_page(
    world: World, engine: AsyncEngine
) -> None:
    await flood(world, engine, MANY)
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    first = await viewer.read(NOC)
    for name, shown, where in (
        ("Alarm: lost", MOST_ALARMS, f"{NOC}/kinds/lost"),
        ("Quotas used up", MOST, f"{NOC}/kinds/quotas"),
        ("Suspended", MOST, f"{NOC}/prefixes?state=suspended"),
    ):
        assert f"{name} {MANY} " in first.text
        assert f"And {MANY - shown} more: all {MANY} of {name}" in first.text
        assert where in first.links
    assert f"It holds {MANY} paths that no prefix wants" in first.text
    assert f", and {MANY - 10} more." in first.text
    assert f"{2 * MANY + 2 + MANY - 1} things wait" in first.text  # 1 section of orphans, 1 silent
    for kind, each in (("lost", "lost: "), ("quotas", "full ")):
        page, seen = f"{NOC}/kinds/{kind}", 0
        while page:
            listed = await viewer.read(page)
            seen += listed.text.count(each)
            page = next((one for one in listed.links if "?from=" in one), "")
        assert seen == MANY


async def test_4_a_bad_day_makes_the_first_page_read_no_more(
    world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is drawn again every half minute: as many statements, so many rows at most."""
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    await flood(world, engine, MOST)
    await asked(viewer, monkeypatch)  # what is asked once by a process
    few = await asked(viewer, monkeypatch)
    await flood(world, engine, 10 * MOST, first=MOST)
    statements, rows = await asked(viewer, monkeypatch)
    assert (statements, rows) == few
    assert statements < 60
    assert rows < 200


async def asked(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, page: str = f"{NOC}/part"
) -> tuple[int, int]:
    """How many statements a page asks, if not the part that is drawn again; and rows they give."""
    rows = [0]

    def telling(fetch: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def told(cursor: Any, *most: int) -> Any:
            found = await fetch(cursor, *most)
            rows.append(len(found))
            return found

        return told

    with monkeypatch.context() as patched, counted(monkeypatch) as statements:
        for fetch in ("fetchall", "fetchmany"):  # the second where they are many
            how = telling(getattr(psycopg.AsyncCursor, fetch))
            patched.setattr(psycopg.AsyncCursor, fetch, how)
        assert (await browser.get(page)).status_code == 200
        return len(statements), sum(rows)


async def test_4_a_dispute_behind_many_older_ones_has_a_link_and_all_are_counted(
    world: World, operator: Operator
) -> None:
    _, _, of_space = await disputed(world)
    terms, many = world.backend.asn_terms, 52
    for number in range(many):
        world.clock.advance(timedelta(seconds=1))
        await contest(world.store, terms, world.account_id, world.other_account_id, 10_000 + number)
    viewer, found = await signed_in(world, Role.OPERATOR_VIEWER), dict[str, int]()
    first = await viewer.read(NOC)
    assert f"Disputes {1 + many} " in first.text
    page = f"{NOC}/kinds/disputes"
    while page:
        listed = await viewer.read(page)
        assert f"of {1 + many}." in listed.text
        for one in listed.links:
            found[one] = found.get(one, 0) + ("disputes/" in one)
        page = next((one for one in listed.links if "?from=" in one), "")
    named = [one for one, times in found.items() if times]
    assert len(named) == 1 + many
    assert of_space in named
    assert all(found[one] == 1 for one in named)
    asked = "/asn_disputes?per_page=20"
    numbers: list[int] = []
    while asked:
        answer = (await operator.call("GET", asked)).json()
        numbers += [one["asn"] for one in answer["result"]]
        cursor = answer["result_info"]["cursor"]
        asked = f"/asn_disputes?per_page=20&cursor={cursor}" if cursor else ""
    assert numbers == [10_000 + number for number in range(many)]
    answer = (await operator.call("GET", "/disputes?per_page=1")).json()["result_info"]
    assert (answer["count"], answer["cursor"]) == (1, None)
