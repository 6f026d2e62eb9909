from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.account import Account
from byoip.domain.bindings.service_binding import BindingNotFound, Provisioning, Service
from byoip.domain.checks import evidence
from byoip.domain.checks.validation_run import LEASE, RunResult, ValidationNotFound
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.claims.lifecycle import Transition
from byoip.store.bindings.services import seed_services
from byoip.store.claims.reader import CustomerReader
from byoip.store.claims.views import BindingView, ClaimView, Cursor
from byoip.store.transaction import Store, Transaction
from tests.store.samples import SetClock, binding, claim, event, run, token

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
FINDINGS = (
    evidence.Finding(
        evidence.Check.IRR,
        evidence.Passed("a route object", ("lax",)),
        WHEN,
        (evidence.RawAnswer("-r 192.0.2.0/24", "whois.example:43", b"\x00\xff route", WHEN),) * 2,
    ),
    evidence.Finding(
        evidence.Check.RPKI, evidence.Failed(evidence.Reason.ROA_MISSING, "none", "make one"), WHEN
    ),
    evidence.Finding(
        evidence.Check.OWNERSHIP_RDNS, evidence.Unanswered(evidence.Fault.TIMEOUT, "a\0b"), WHEN
    ),
)


async def test_a_claim_is_seen_with_its_newest_token_and_default_binding(
    store: Store, reader: CustomerReader, engine: AsyncEngine, kept: Claim, clock: SetClock
) -> None:
    await seed_services(engine, [("cdn", False)])
    (service,) = await reader.services()
    old, new = token(kept), token(kept)
    async with store.transaction() as tx:
        await tx.tokens.add(old)
        await tx.tokens.save(old.revoke(clock.now()))
    assert await reader.claim(kept.account_id, kept.id) == ClaimView(kept, None, None)
    async with store.transaction() as tx:
        await tx.tokens.add(new)
        await tx.bindings.add(binding(kept, service))
    assert await reader.claim(kept.account_id, kept.id) == ClaimView(
        kept, new, default_binding=Provisioning.ACTIVE, still_bound=True
    )


async def test_another_accounts_objects_are_not_there(reader: CustomerReader, kept: Claim) -> None:
    other = uuid4()
    assert await reader.claims(other, after=None, limit=10) == []
    for asked in (
        reader.claim(other, kept.id),
        reader.tokens(other, kept.id, after=None, limit=10),
        reader.runs(other, kept.id, after=None, limit=10),
        reader.run(other, kept.id, uuid4()),
        reader.bindings(other, kept.id, after=None, limit=10),
        reader.binding(other, kept.id, uuid4()),
        reader.events(other, kept.id, after=0, limit=10),
    ):
        with pytest.raises(ClaimNotFound):
            await asked


async def test_claims_are_paged_in_the_order_they_came(
    store: Store, reader: CustomerReader, customer: Account
) -> None:
    made = [claim(customer.id, f"198.18.{number}.0/24") for number in range(5)]
    same_time = [
        replace(one, created_at=made[number // 2].created_at) for number, one in enumerate(made)
    ]
    async with store.transaction() as tx:
        for one in same_time:
            await tx.claims.add(one)
    expected = sorted(same_time, key=lambda one: (one.created_at, one.id))
    seen: list[Claim] = []
    after = None
    while page := await reader.claims(customer.id, after=after, limit=2):
        seen += [view.claim for view in page]
        after = Cursor(seen[-1].created_at, seen[-1].id)
    assert seen == expected
    assert await reader.count_claims(customer.id) == 5


async def test_tokens_are_paged(
    store: Store, reader: CustomerReader, kept: Claim, clock: SetClock
) -> None:
    assert await reader.tokens(kept.account_id, kept.id, after=None, limit=5) == []
    made = [token(kept).revoke(clock.now()), token(kept)]
    async with store.transaction() as tx:
        for one in made:
            await tx.tokens.add(one)
    after = Cursor(made[0].created_at, made[0].id)
    assert await reader.tokens(kept.account_id, kept.id, after=None, limit=5) == made
    assert await reader.tokens(kept.account_id, kept.id, after=after, limit=5) == made[1:]


async def _finished_run(tx: Transaction, kept: Claim) -> UUID:
    opened, _ = await tx.runs.open(run(kept))
    taken = await tx.runs.take(opened.id, LEASE)
    assert taken
    await tx.runs.finish(taken.finished(RunResult.FAILED, WHEN), FINDINGS)
    return opened.id


async def test_a_run_is_seen_with_all_its_evidence(
    store: Store, reader: CustomerReader, kept: Claim
) -> None:
    async with store.transaction() as tx:
        first = await _finished_run(tx, kept)
        second, _ = await tx.runs.open(run(kept))
    view = await reader.run(kept.account_id, kept.id, first)
    shown = replace(FINDINGS[2], outcome=evidence.Unanswered(evidence.Fault.TIMEOUT, "a\ufffdb"))
    assert view.findings == (*FINDINGS[:2], shown)
    assert view.run.result is RunResult.FAILED
    views = await reader.runs(kept.account_id, kept.id, after=None, limit=5)
    assert [one.run.id for one in views] == [first, second.id]
    assert views[0].findings == (replace(FINDINGS[0], exhibits=()), FINDINGS[1], shown)
    assert views[1].findings == ()
    with pytest.raises(ValidationNotFound):
        await reader.run(kept.account_id, kept.id, uuid4())


async def test_what_was_stored_before_unanswered_checks_had_a_fix_is_read_with_one(
    store: Store, reader: CustomerReader, engine: AsyncEngine, kept: Claim
) -> None:
    async with store.transaction() as tx:
        first = await _finished_run(tx, kept)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE findings SET fix = '' WHERE outcome = 'unanswered'"))
    outcome = (await reader.run(kept.account_id, kept.id, first)).findings[2].outcome
    assert isinstance(outcome, evidence.Unanswered)
    assert outcome.fix == evidence.Unanswered(evidence.Fault.TIMEOUT, "").fix


async def test_bindings_are_paged_and_found_one_by_one(
    store: Store, reader: CustomerReader, engine: AsyncEngine, kept: Claim, clock: SetClock
) -> None:
    await seed_services(engine, [("cdn", False)])
    (service,) = await reader.services()
    made = [binding(kept, service), binding(kept, service, "192.0.2.7/32")]
    async with store.transaction() as tx:
        for one in made:
            await tx.bindings.add(one)
    account_id = kept.account_id
    assert await reader.bindings(account_id, kept.id, after=None, limit=5) == made
    after = Cursor(made[0].created_at, made[0].id)
    assert await reader.bindings(account_id, kept.id, after=after, limit=5) == made[1:]
    seen = await reader.binding(account_id, kept.id, made[1].id)
    assert seen == BindingView(made[1], kept.version)
    async with store.transaction() as tx:
        await tx.bindings.remove(made[1].id, clock.now())
    with pytest.raises(BindingNotFound):
        await reader.binding(account_id, kept.id, made[1].id)


async def test_events_are_read_in_order_even_of_a_closed_claim(
    store: Store, reader: CustomerReader, kept: Claim, clock: SetClock
) -> None:
    async with store.transaction() as tx:
        tx.events.note(event(kept, "first"), event(kept, "second"))
    async with store.transaction() as tx:
        await tx.claims.save(kept.close(Transition.REMOVED, clock.now()))
        tx.events.note(event(kept, "third"))
    seen = await reader.events(kept.account_id, kept.id, after=0, limit=10)
    assert [(one.number, one.kind) for one in seen] == [(1, "first"), (2, "second"), (3, "third")]
    assert seen[0].after == {"cidr": "192.0.2.0/24"}
    assert seen[0].actor == "credential:1"
    assert [
        one.number for one in await reader.events(kept.account_id, kept.id, after=1, limit=1)
    ] == [2]


async def test_services_are_listed_by_name(reader: CustomerReader, engine: AsyncEngine) -> None:
    await seed_services(engine, [("spectrum", True), ("cdn", False)])
    before = await reader.services()
    assert [(one.name, one.default_only) for one in before] == [("cdn", False), ("spectrum", True)]
    await seed_services(engine, [("cdn", True)])
    after = await reader.services()
    assert after == [Service(before[0].id, "cdn", default_only=True), before[1]]
