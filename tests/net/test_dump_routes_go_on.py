"""Routes, the breaker and offboarding on a database of then: no route goes unasked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from procrastinate import App

from tests.announcing import looks, until
from tests.net.dump_after import After
from tests.net.dump_files import Dump
from tests.net.dump_fixtures import KNOWN, after, migrated
from tests.net.dump_world import Prefix, bring_up_to_date, running

__all__ = ["after", "migrated"]  # fixtures

UP = ("up", "locked", "suspended", "contested", "drifted", "swapping", "parked")
STAY = (*UP, "partial")
UNRELEASED = "SELECT cidr FROM bgp_prefixes JOIN unreleased_routes ON id = bgp_prefix_id"
LEFT, DECIDED = Prefix.parse("198.18.201.0/24"), Prefix.parse("198.18.200.0/24")  # orphans


@asynccontextmanager
async def all_at_work(after: After) -> AsyncIterator[App]:
    """Worker, reconciler and the speakers of before."""
    await after.bring_twins()
    assert after.ear is not None
    async with after.service.working() as app, after.service.announcing(after.speakers, after.ear):
        yield app


async def state(after: After, name: str) -> tuple[str, str]:
    found = await after.operate(f"/prefixes/{after.id(name)}")
    return found["approved"], found["standing"]


async def closed(after: After, name: str) -> bool:
    return (await after.kinds(name))[-1] == "offboarding.finished"


async def test_what_was_wanted_is_announced_and_what_was_announced_stays(after: After) -> None:
    await after.bring_twins()
    assert after.ear is not None
    assert after.holding(*UP)
    assert not after.holding("wanted")
    async with after.service.announcing(after.speakers, after.ear):
        await until(lambda: after.holding("wanted", *STAY))
        await until(after.settled)
        await looks(*after.speakers)
    asked_to_go = {*map(after.cidr, ("going", "halfway", "spare")), DECIDED}
    assert after.taken() == asked_to_go
    assert after.holding("leaving", *STAY)
    assert LEFT in after.speakers[0].paths
    assert not any(asked_to_go & one.paths.keys() for one in after.speakers)


async def test_an_offboarding_that_is_half_way_goes_to_its_end(after: After) -> None:
    assert await state(after, "halfway") == ("V", "offboarding")
    async with all_at_work(after) as app:
        await until(lambda: after.cidr("halfway") in after.taken())
        await until(after.settled)
        await after.offboards(app)
        assert await closed(after, "halfway")
    kinds = await after.kinds("halfway")
    assert kinds[kinds.index("prefix.offboarding") :] == [
        "prefix.offboarding",
        "bgp_prefix.withdrawn",
        "offboarding.withdrawn",
        "binding.removed",
        "offboarding.unbound",
        "bgp_prefix.removed",
        "prefix.closed",
        "offboarding.finished",
    ]


async def test_one_that_was_only_asked_for_is_taken_down_and_then_closed(after: After) -> None:
    async with all_at_work(after) as app:
        await until(lambda: after.cidr("leaving") in after.taken())
        await until(after.settled)
        await after.offboards(app)
        assert await closed(after, "leaving")
    assert after.holding(*STAY)


async def test_a_grace_that_is_over_ends_and_nothing_is_unbound_that_a_speaker_holds(
    after: After,
) -> None:
    assert (await after.kinds("in_grace"))[-1] == "offboarding.unbound"
    async with after.service.working() as app:  # and no reconciler tells speakers anything
        await after.offboards(app)
        assert await closed(after, "in_grace")
    assert len(await after.of("halfway", "/bindings")) == 1
    assert "offboarding.withdrawn" not in await after.kinds("halfway")


async def test_the_breaker_stays_open_until_an_operator_rearms_it(after: After) -> None:
    [trip] = (await after.operate("/breaker"))["trips"]
    rearm = {"reason": "looked", "parked": "released"}
    async with all_at_work(after) as app:
        await after.offboards(app)
        assert await closed(after, "in_grace")
        assert after.holding("parked")
        await after.operate(f"/breaker/{trip['id']}/rearm", "POST", json=rearm)
        await after.offboards(app)
        await until(lambda: after.cidr("parked") in after.taken())


async def test_a_flood_that_was_refused_waits_for_a_word(after: After) -> None:
    job = next(one for one in await after.operate("/jobs") if one["kind"] == "offboard")
    assert job["waiting"]["listed"] == len(after.known["flood"])
    async with after.service.working() as app:
        await after.offboards(app)
        assert await closed(after, "in_grace")
        assert await flooded(after, "approved")
        await after.operate("/jobs/offboard/allow", "POST", json={"reason": "looked"})
        await after.offboards(app)
        assert await flooded(after, "closed")


async def flooded(after: After, state: str) -> bool:
    ids = ", ".join(f"'{one}'" for one in after.known["flood"])
    found = after.rows(f"SELECT DISTINCT state FROM prefixes WHERE id IN ({ids})")  # noqa: S608 - of the dump
    return found == [(state,)]


@pytest.mark.parametrize("dump", KNOWN)
async def test_on_another_server_nothing_goes_before_a_person_has_looked(
    dump: Dump, bare_database_url: str, tmp_path: Path
) -> None:
    dump.restore(bare_database_url, elsewhere=True)
    bring_up_to_date(bare_database_url)
    async with running(bare_database_url, tmp_path) as service:
        after = After(dump, service, bare_database_url)
        async with all_at_work(after) as app:
            unreleased = (
                "SELECT cidr FROM bgp_prefixes JOIN unreleased_routes ON id = bgp_prefix_id"
            )

            def waiting() -> set[str]:
                return {str(cidr) for (cidr,) in after.rows(unreleased)}

            # Not up, or not at both speakers: its owner or an operator releases it.
            wait = {str(after.cidr("wanted")), str(after.cidr("partial"))}
            await until(lambda: waiting() & set(map(str, map(after.cidr, STAY))) <= wait)
            await after.offboards(app)
            await looks(*after.speakers)
        assert after.taken() == set()
        assert wait <= waiting()
        assert not after.holding("wanted")
        assert not after.holding("partial")
        assert any(after.cidr("partial") in one.paths for one in after.speakers)
        assert after.holding("leaving", *UP)
        jobs = {one["kind"]: one["stopped"] for one in await after.operate("/jobs")}
        assert jobs["offboard"]
