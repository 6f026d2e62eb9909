"""Routes 3.3: drains of two gobgpd, one stage each, as a real router sees them."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.drain import DrainTarget
from tests.announcing import Fleet, reconciling, until
from tests.real.bird_router import Change
from tests.real.edge import ROUTER, Edge, running_edge
from tests.real.parts import program
from tests.real.processes import run
from tests.routes.drains import drain, history, in_state, lift, none_stands, standing, the_only
from tests.routes.dying_worker import PACE
from tests.routes.judging import FLAWLESS, Judge
from tests.routes.test_3_3_drains import announced_at, fully_drained, noticed

pytestmark = pytest.mark.real

CIDRS = [f"31.9.{number}.0/24" for number in range(50)]
MARK = "(65535,0)"
FIRST = DrainTarget(stage=1)


@asynccontextmanager
async def announced(fleet: Fleet) -> AsyncIterator[tuple[Edge, Judge, list[Prefix]]]:
    """Fifty routes at both stages, and a worker."""
    prefixes = await fleet.add(*CIDRS)
    async with running_edge("one", "two", graceful=True) as edge:
        judge = Judge(fleet, edge)
        async with working(fleet, judge, prefixes):
            yield edge, judge, prefixes


@asynccontextmanager
async def without_worker(fleet: Fleet) -> AsyncIterator[tuple[Edge, Judge, list[Prefix]]]:
    """The same, and the worker has ended."""
    prefixes = await fleet.add(*CIDRS)
    async with running_edge("one", "two", graceful=True) as edge:
        judge = Judge(fleet, edge)
        async with working(fleet, judge, prefixes):
            pass
        yield edge, judge, prefixes


@asynccontextmanager
async def working(fleet: Fleet, judge: Judge, prefixes: list[Prefix]) -> AsyncIterator[None]:
    edge = judge.edge
    async with reconciling(fleet, *edge.speakers.values(), listeners=[edge.listener], pace=PACE):
        await judge.announce(*prefixes)
        await until(fleet.settled)
        await until(lambda: all_paths(edge, prefixes, 2))
        await until(lambda: noticed(fleet, ROUTER, 2 * len(prefixes)))
        yield


def all_paths(edge: Edge, prefixes: list[Prefix], many: int) -> bool:
    return all(edge.router.shows(one).count("BGP.next_hop") == many for one in prefixes)


def marked(edge: Edge, prefixes: list[Prefix], many: int) -> bool:
    """Whether so many paths of each have the community."""
    return all(edge.router.shows(one).count(MARK) == many for one in prefixes)


def gobgp(edge: Edge, name: str, *words: str) -> None:
    host, _, port = edge.daemons[name].target.rpartition(":")
    run(program("gobgp"), "-u", host, "-p", port, *words, seconds=10)


async def test_what_a_person_disables_stays_down_until_it_is_lifted(fleet: Fleet) -> None:
    async with announced(fleet) as (edge, judge, prefixes):
        gobgp(edge, "one", "neighbor", ROUTER, "disable")
        await until(lambda: in_state(fleet, "down"))
        assert await standing(fleet) == [(f"one to {ROUTER}", "down", "the speaker's operator")]
        await until(lambda: fully_drained(fleet))
        for _ in range(2):  # it stays so over several looks, and over a restart
            await asyncio.sleep(3)
            assert not edge.router.is_up("one")
            assert all_paths(edge, prefixes, 1)
            edge.daemons["one"].kill()
            edge.daemons["one"].start()
            await until(lambda: holds(edge, "one", prefixes))
        await judge.withdraw(prefixes[0])
        await until(fleet.settled)
        await lift(fleet, (await the_only(fleet)).id)
        await until(lambda: none_stands(fleet))
        await until(lambda: all_paths(edge, prefixes[1:], 2))
        assert await judge.lists() == FLAWLESS
        assert await history(fleet) == [
            "drain.begun the speaker's operator",
            "drain.lifted A. Person",
        ]


async def test_a_stage_is_marked_first_then_down_and_comes_back_as_owners_want_it(
    fleet: Fleet,
) -> None:
    async with announced(fleet) as (edge, judge, prefixes):
        noted = edge.router.noted()
        made = await drain(fleet, FIRST, wait=3)
        await until(lambda: marked(edge, prefixes, 1))
        assert edge.router.is_up("one")
        assert all_paths(edge, prefixes, 2)
        await until(lambda: not edge.router.is_up("one"))
        await until(lambda: fully_drained(fleet))
        assert all_paths(edge, prefixes, 1)
        assert marked(edge, prefixes, 0)
        changed = changes(edge, noted)
        assert [one.what for one in changed] == ["added"] * 50 + ["removed"] * 50
        assert {one.speaker for one in changed} == {"one"}
        (new,) = await fleet.add("31.10.0.0/24")
        await judge.announce(new)
        await judge.withdraw(prefixes[0])
        await edge.until_seen(new)
        await until(fleet.settled)
        await lift(fleet, made.id)
        await until(lambda: none_stands(fleet))
        await until(lambda: all_paths(edge, [new, *prefixes[1:]], 2))
        assert marked(edge, [new, *prefixes[1:]], 0)
        assert await judge.lists() == FLAWLESS


async def test_its_end_brings_it_back(fleet: Fleet) -> None:
    async with announced(fleet) as (edge, judge, prefixes):
        await drain(fleet, DrainTarget("two", ROUTER), seconds=6, wait=1)
        await until(lambda: not edge.router.is_up("two"))
        await until(lambda: none_stands(fleet))
        await until(lambda: all_paths(edge, prefixes, 2))
        assert marked(edge, prefixes, 0)
        assert await judge.lists() == FLAWLESS


async def test_lifted_before_it_is_down_the_mark_goes(fleet: Fleet) -> None:
    async with announced(fleet) as (edge, judge, prefixes):
        noted = edge.router.noted()
        made = await drain(fleet, FIRST, wait=600)
        await until(lambda: marked(edge, prefixes, 1))
        await until(lambda: announced_at(fleet))
        await lift(fleet, made.id)
        await until(lambda: marked(edge, prefixes, 0))
        await until(lambda: none_stands(fleet))
        assert {one.what for one in changes(edge, noted)} == {"added"}
        assert await judge.lists() == FLAWLESS


def changes(edge: Edge, noted: int) -> list[Change]:
    """Without what a worker that has just taken over says once more, which changes nothing."""
    return [one for one in edge.router.changes(after=noted) if one.what != "ignored"]


async def holds(edge: Edge, name: str, prefixes: list[Prefix]) -> bool:
    held = {one.prefix for one in await edge.speakers[name].held()}
    return held == set(prefixes)


def process(fleet: Fleet, edge: Edge, *dies: str) -> subprocess.Popen[bytes]:
    """A worker that ends itself there."""
    url = fleet.engine.url.set(drivername="postgresql")
    targets = {name: daemon.target for name, daemon in edge.daemons.items()}
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.routes.dying_worker", " ".join(dies)),
            url.render_as_string(hide_password=False),
            *(json.dumps(targets), str(edge.router.control)),
        ]
    )


async def die(fleet: Fleet, edge: Edge, *steps: tuple[str, str]) -> None:
    """One worker after the other, each killed before or after a step."""
    for when, step in steps:
        worker = process(fleet, edge, when, step)
        try:
            await until(lambda worker=worker: worker.poll() is not None)  # type: ignore[misc]
            assert worker.returncode == -signal.SIGKILL, (when, step)
        finally:
            worker.kill()
            worker.wait()


async def comes_back(fleet: Fleet, judge: Judge, prefixes: list[Prefix]) -> None:
    """A worker that lives brings all back, once it is lifted, and nothing went wrong."""
    edge = judge.edge
    async with reconciling(fleet, *edge.speakers.values(), listeners=[edge.listener], pace=PACE):
        await until(lambda: none_stands(fleet))
        await until(lambda: all_paths(edge, prefixes, 2))
        assert marked(edge, prefixes, 0)
        await asyncio.sleep(3)  # and so it stays
        assert await none_stands(fleet)
        assert all_paths(edge, prefixes, 2)
    assert await judge.lists() == FLAWLESS


@pytest.mark.long
async def test_workers_killed_while_it_goes_down(fleet: Fleet) -> None:
    async with without_worker(fleet) as (edge, judge, prefixes):
        made = await drain(fleet, FIRST, wait=1)
        before = [("before", step) for step in ("drain", "announced", "down", "disable")]
        await die(fleet, edge, *before, ("after", "disable"))
        assert all_paths(edge, prefixes, 1)
        assert await in_state(fleet, "down")
        await lift(fleet, made.id)
        await comes_back(fleet, judge, prefixes)


@pytest.mark.long
async def test_workers_killed_while_it_comes_back(fleet: Fleet) -> None:
    async with without_worker(fleet) as (edge, judge, prefixes):
        made = await drain(fleet, FIRST)
        await die(fleet, edge, ("after", "disable"))
        await lift(fleet, made.id)
        before = [("before", step) for step in ("drain", "enable", "undone")]
        await die(fleet, edge, *before, ("after", "undone"))
        await comes_back(fleet, judge, prefixes)


async def test_workers_killed_while_they_record_what_a_person_did(fleet: Fleet) -> None:
    async with without_worker(fleet) as (edge, judge, prefixes):
        gobgp(edge, "two", "neighbor", ROUTER, "disable")
        await die(fleet, edge, ("before", "add"), ("after", "add"))
        parts = edge.speakers.values()
        async with reconciling(fleet, *parts, listeners=[edge.listener], pace=PACE):
            await until(lambda: in_state(fleet, "down"))
            assert all_paths(edge, prefixes, 1)
        await lift(fleet, (await the_only(fleet)).id)
        await comes_back(fleet, judge, prefixes)
        assert (await history(fleet)).count("drain.begun the speaker's operator") == 1
