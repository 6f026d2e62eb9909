"""All transactions lock in one order: none wait for each other in a circle."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from byoip.domain.checks.validation_run import LEASE, RunResult
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.claims.lifecycle import Standing, State, Transition
from byoip.domain.customer_text import CustomerText
from byoip.domain.prefix import Prefix
from byoip.store.transaction import Store
from tests.accounts import Accounts
from tests.store.samples import SetClock, account, claim, event, passed, run, token

CIDRS = ["198.18.0.0/15", "198.18.0.0/16", "198.18.4.0/22", "198.18.4.0/24"]


@pytest.fixture
async def rivals(store: Store, accounts: Accounts, clock: SetClock) -> list[Claim]:
    made = []
    for number in range(16):
        await accounts.create(holder := account())
        one = replace(claim(holder.id, CIDRS[number % 4]), ownership=passed(clock.now()))
        async with store.transaction() as tx:
            await tx.claims.add(one)
            await tx.tokens.add(token(one))
            due = replace(run(one), due_at=clock.now())  # by the clock that stands still
            opened, _ = await tx.runs.open(due)
            assert await tx.runs.take(opened.id, LEASE)
        made.append(one)
    return made


async def _record(store: Store, one: Claim, clock: SetClock) -> None:
    """What a worker does when a run has passed, in the order of its locks."""
    async with store.transaction() as tx:
        await tx.claims.lock_space(one.prefix)
        locked = await tx.claims.lock(one.id)
        opened, _ = await tx.runs.open(run(one))
        held = await tx.runs.lock(opened.id, 1)
        assert held
        contested = await tx.claims.approved_overlapping(one.prefix)
        for rival in contested:
            await tx.claims.save(rival.contest(clock.now()))
            tx.events.note(event(rival, "contested"))
        now = clock.now()
        await tx.claims.save(locked.contest(now) if contested else locked.approve(now))
        tx.events.note(event(locked, "recorded"))
        await tx.runs.finish(held.finished(RunResult.PASSED, now), [])


async def _describe(store: Store, one: Claim, clock: SetClock) -> None:
    async with store.transaction() as tx:
        locked = await tx.claims.lock(one.id, one.account_id)
        await tx.claims.save(locked.describe(CustomerText.parse("new"), clock.now()))
        tx.events.note(event(locked, "described"))
        await tx.runs.open(run(one))


async def _remove(store: Store, one: Claim, clock: SetClock) -> None:
    async with store.transaction() as tx:
        locked = await tx.claims.lock(one.id, one.account_id)
        await tx.claims.save(locked.close(Transition.REMOVED, clock.now()))
        await tx.runs.end_open(one.id, clock.now())
        tx.events.note(event(locked, "removed"))


async def test_of_many_approvals_of_overlapping_space_one_succeeds_and_none_fails(
    store: Store, rivals: list[Claim], clock: SetClock
) -> None:
    at_once: list[Coroutine[Any, Any, None]] = []
    for one in rivals:
        at_once += [_record(store, one, clock), _describe(store, one, clock)]
    await asyncio.gather(*at_once)
    async with store.transaction() as tx:
        ended = [await tx.claims.get(one.id) for one in rivals]
    assert [one.state for one in ended].count(State.APPROVED) == 1
    assert all(one.standing is Standing.CONTESTED for one in ended)


async def test_removing_and_recording_at_once_take_turns(
    store: Store, rivals: list[Claim], clock: SetClock
) -> None:
    at_once: list[Coroutine[Any, Any, None]] = []
    for one in rivals:
        at_once += [_record(store, one, clock), _remove(store, one, clock)]
    ended = await asyncio.gather(*at_once, return_exceptions=True)
    assert {type(one) for one in ended} <= {type(None), ClaimNotFound}
    async with store.transaction() as tx:
        assert await tx.claims.approved_overlapping(Prefix.parse(CIDRS[0])) == []
        assert await tx.runs.abandoned(99) == []
        clock.advance(timedelta(days=1))
        assert await tx.runs.abandoned(99) == []


async def test_overlapping_space_shares_a_lock_and_other_space_does_not(store: Store) -> None:
    async def lock(cidr: str) -> None:
        async with store.transaction() as tx:
            await tx.claims.lock_space(Prefix.parse(cidr))

    async with store.transaction() as tx:
        await tx.claims.lock_space(Prefix.parse("198.0.0.0/8"))
        await asyncio.wait_for(lock("199.0.0.0/24"), 60)
        await asyncio.wait_for(lock("2001:db8::/48"), 60)
        waiting = asyncio.create_task(lock("198.255.255.0/24"))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
    await asyncio.wait_for(waiting, 60)
