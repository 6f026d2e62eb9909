"""Trust, 4.4: old keys and permits go in pages, however many one party has made."""

from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.composition.process import Composition
from byoip.composition.worker import _tidy_up
from byoip.store.accounts.rate_limits import prune
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


async def test_permits_of_clients_without_number_go_in_pages(
    own_engine: AsyncEngine, cloned_url: str
) -> None:
    """Each wrong link of each IPv6 network makes one: millions took longer than a statement may."""
    with psycopg.connect(cloned_url) as connection:
        connection.execute(_NOTE.replace("idempotency_keys", "allowances"))
        connection.execute(_PERMITS, (MANY,))
        connection.commit()
        assert await prune(own_engine, PAGE) == MANY
        pages = [number for (number,) in connection.execute("SELECT number FROM deletions")]
        assert max(pages) == PAGE


async def test_where_one_table_cannot_be_tidied_up_all_others_are(
    own_engine: AsyncEngine, cloned_url: str
) -> None:
    """What failed for one party's rows kept all others from ever being deleted."""
    tidied = SimpleNamespace(engine=own_engine, clock=SetClock())
    with psycopg.connect(cloned_url) as connection:
        connection.execute(_REFUSE)
        connection.execute(_PERMITS, (1,))
        connection.execute(_JOB)
        connection.commit()
        with pytest.raises(Exception, match="not now"):
            await _tidy_up(cast("Composition", tidied))
        left = "SELECT FROM procrastinate.procrastinate_jobs"
        assert connection.execute(left).fetchall() == []


_PERMITS = """
    INSERT INTO allowances (what, who, spent_until)
    SELECT 'wrong_link', gen_random_uuid(), now() - interval '1 minute' FROM generate_series(1, %s)
"""
_REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE 'not now';
    END $$;
    CREATE TRIGGER refused BEFORE DELETE ON allowances EXECUTE FUNCTION refuse()
"""
_JOB = """
    INSERT INTO procrastinate.procrastinate_jobs (queue_name, task_name, status)
    VALUES ('default', 'done', 'succeeded');
    DELETE FROM procrastinate.procrastinate_events
"""
