import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain import idempotency
from byoip.domain.accounts.account import Account
from byoip.domain.claims.claim import Claim, OverlapsOwnClaim
from byoip.store.claims.reader import CustomerReader
from byoip.store.engine import begun, make_engine
from byoip.store.idempotency import IdempotencyRepository, looking_again, prune_keys
from byoip.store.statements import Session
from byoip.store.transaction import Store
from tests.accounts import Accounts
from tests.store.samples import SetClock, claim, credential

MakeOnce = Callable[..., idempotency.IdempotencyKey]


def _answer(result: Any) -> idempotency.StoredAnswer:
    return idempotency.StoredAnswer(201, str(result).encode())


@pytest.fixture
async def once(accounts: Accounts, customer: Account) -> MakeOnce:
    made = credential(customer.id)
    await accounts.add_credential(made, "secret")

    def make(body: bytes = b"body", key: str = "key") -> idempotency.IdempotencyKey:
        return idempotency.IdempotencyKey(made.id, "POST", "/prefixes", key, body.ljust(32))

    return make


async def _write(store: Store, once: idempotency.IdempotencyKey, one: Claim) -> str:
    async with store.transaction(once) as tx:
        await tx.claims.add(one)
        tx.keep(_answer(one.id))
    return str(one.id)


async def test_the_same_key_and_body_get_the_same_answer(
    store: Store, once: MakeOnce, customer: Account
) -> None:
    said = await _write(store, once(), claim(customer.id))
    with pytest.raises(idempotency.AlreadyAnswered) as before:
        await _write(store, once(), claim(customer.id))
    assert before.value.answer == idempotency.StoredAnswer(201, said.encode())


async def test_another_body_is_refused(store: Store, once: MakeOnce, customer: Account) -> None:
    await _write(store, once(), claim(customer.id))
    with pytest.raises(idempotency.IdempotencyKeyReused):
        await _write(store, once(b"other"), claim(customer.id))


async def test_of_many_at_once_one_writes_and_the_others_are_told(
    store: Store, reader: CustomerReader, once: MakeOnce, customer: Account
) -> None:
    writing = (_write(store, once(), claim(customer.id)) for _ in range(20))
    ended = await asyncio.gather(*writing, return_exceptions=True)
    (said,) = [one for one in ended if isinstance(one, str)]
    others = [one for one in ended if not isinstance(one, str)]
    assert len(others) == 19
    for one in others:
        assert isinstance(one, (idempotency.AlreadyAnswered, idempotency.IdempotencyKeyBusy))
        if isinstance(one, idempotency.AlreadyAnswered):
            assert one.answer.body == said.encode()
    assert await reader.count_claims(customer.id) == 1


async def test_a_key_is_busy_while_its_first_request_runs(
    store: Store, once: MakeOnce, customer: Account
) -> None:
    async with store.transaction(once()) as tx:
        with pytest.raises(idempotency.IdempotencyKeyBusy):
            await _write(store, once(), claim(customer.id))
        await _write(store, once(key="another"), claim(customer.id))
        tx.keep(_answer(None))


@pytest.mark.parametrize("refused", [False, True])
async def test_an_answer_committed_just_before_we_locked_is_given(
    store: Store,
    engine: AsyncEngine,
    reader: CustomerReader,
    once: MakeOnce,
    customer: Account,
    *,
    refused: bool,
) -> None:
    ours = once()
    first = text("""
        INSERT INTO idempotency_keys
            (credential_id, method, path, key, body_sha256, status, body, created_at)
        VALUES (:credential, 'POST', '/prefixes', 'key', :body, 201, 'first', now())""")

    async def second() -> None:
        async with store.transaction(ours) as tx:
            async with engine.begin() as other:
                values = {"credential": ours.credential_id, "body": ours.body_sha256}
                await other.execute(first, values)
            if refused:  # as what the first has done stands in its way
                raise OverlapsOwnClaim(claim(customer.id).prefix)
            await tx.claims.add(claim(customer.id))
            tx.keep(_answer("second"))

    for write in (second(), _write(store, once(), claim(customer.id))):
        with pytest.raises(idempotency.AlreadyAnswered) as before:
            await write
        assert before.value.answer.body == b"first"
    assert await reader.count_claims(customer.id) == 0


async def test_a_refusal_is_not_stored(store: Store, once: MakeOnce, customer: Account) -> None:
    await _write(store, once(key="first"), claim(customer.id))
    with pytest.raises(OverlapsOwnClaim):
        await _write(store, once(), claim(customer.id))
    await _write(store, once(), claim(customer.id, "198.51.100.0/24"))


async def test_a_day_later_the_key_is_free(
    store: Store, once: MakeOnce, customer: Account, clock: SetClock
) -> None:
    await _write(store, once(), claim(customer.id))
    clock.advance(timedelta(hours=24))
    await _write(store, once(b"other"), claim(customer.id, "198.51.100.0/24"))
    with pytest.raises(idempotency.AlreadyAnswered):
        await _write(store, once(b"other"), claim(customer.id))


async def test_old_keys_are_pruned(
    engine: AsyncEngine, store: Store, once: MakeOnce, customer: Account, clock: SetClock
) -> None:
    await _write(store, once(), claim(customer.id))
    assert await prune_keys(engine, clock) == 0
    clock.advance(timedelta(hours=24))
    assert await prune_keys(engine, clock) == 1


async def test_a_write_that_forgets_its_answer_is_undone(
    store: Store, reader: CustomerReader, once: MakeOnce, customer: Account
) -> None:
    with pytest.raises(RuntimeError, match="without its answer"):
        async with store.transaction(once()) as tx:
            await tx.claims.add(claim(customer.id))
    assert await reader.count_claims(customer.id) == 0


async def test_a_second_look_that_fails_hides_no_refusal(
    engine: AsyncEngine, once: MakeOnce, customer: Account
) -> None:
    nowhere = make_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    claimed = IdempotencyRepository(SetClock(), once())

    async def refused() -> None:
        async with looking_again(nowhere, claimed), begun(engine) as connection:
            await claimed.claim(await Session.of(connection))
            raise OverlapsOwnClaim(claim(customer.id).prefix)

    with pytest.raises(OverlapsOwnClaim):
        await refused()
    await nowhere.dispose()
