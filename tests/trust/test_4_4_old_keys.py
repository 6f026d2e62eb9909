"""Trust, 4.4: old idempotency keys go in pages, however many one account has made."""

from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.store.engine import make_engine
from byoip.store.idempotency import KEPT, prune_keys
from byoip.store.transaction import Store
from tests.accounts import Accounts
from tests.store.samples import SetClock, account, credential

MANY = 25
PAGE = 10
_NOTE = """
    CREATE TABLE deletions (number bigint);
    CREATE FUNCTION note_deletion() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO deletions SELECT count(*) FROM gone; RETURN NULL;
    END $$;
    CREATE TRIGGER noted AFTER DELETE ON idempotency_keys REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_deletion()
"""
_ADD = """
    INSERT INTO idempotency_keys
        (credential_id, method, path, key, body_sha256, status, body, created_at)
    SELECT %s, 'POST', '/prefixes', %s || n, '', 201, '', %s FROM generate_series(1, %s) AS n
"""


@pytest.fixture
async def own_engine(cloned_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(cloned_url)
    yield made
    await made.dispose()


async def test_old_keys_go_in_pages_that_wait_for_no_lock(
    own_engine: AsyncEngine, cloned_url: str
) -> None:
    clock, customer = SetClock(), account()
    accounts, sender = Accounts(Store(own_engine, clock)), credential(customer.id)
    await accounts.create(customer)
    await accounts.add_credential(sender, "secret")
    old = clock.now() - KEPT
    with psycopg.connect(cloned_url) as connection:
        connection.execute(_NOTE)
        connection.execute(_ADD, (sender.id, "old", old, MANY))
        connection.execute(_ADD, (sender.id, "new", old + timedelta(seconds=1), 1))
        connection.commit()
        # A client repeats one of them at this moment.
        connection.execute("SELECT FROM idempotency_keys WHERE key = 'old7' FOR UPDATE")
        assert await prune_keys(own_engine, clock, PAGE) == MANY - 1
        connection.rollback()
        assert await prune_keys(own_engine, clock, PAGE) == 1
        pages = [number for (number,) in connection.execute("SELECT number FROM deletions")]
        assert max(pages) == PAGE
        assert connection.execute("SELECT key FROM idempotency_keys").fetchall() == [("new1",)]
