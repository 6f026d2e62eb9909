"""Answers kept for repeated writes, each under a lock on its key.

Text SQL where old keys go in pages: SQLAlchemy has no DELETE of a limited number of rows.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from hashlib import blake2b
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.idempotency import (
    AlreadyAnswered,
    IdempotencyKey,
    IdempotencyKeyBusy,
    IdempotencyKeyReused,
    StoredAnswer,
)
from byoip.ports.clock import Clock
from byoip.store.autocommit import autocommit_pool
from byoip.store.statements import AnyRow, Session, compiled
from byoip.store.tables import idempotency_keys
from byoip.store.unavailable import StoreUnavailable, translate_driver_errors

KEPT: Final = timedelta(hours=24)
_PAGE: Final = 10_000

_k = idempotency_keys.c
_ANSWER: Final = (_k.body_sha256, _k.status, _k.body, _k.version, _k.location)
_NAMED: Final = (_k.credential_id, _k.method, _k.path, _k.key)
_FREE: Final = _k.created_at <= sa.bindparam("free")

_one = sa.select(
    sa.func.pg_try_advisory_xact_lock(sa.bindparam("lock", type_=sa.BigInteger)).label("locked")
).subquery()
_kept = sa.and_(*(one == sa.bindparam(one.name, type_=one.type) for one in _NAMED), ~_FREE)
_CLAIM: Final = compiled(
    sa.select(_one.c.locked, *_ANSWER).select_from(_one.outerjoin(idempotency_keys, _kept))
)
_LOOK: Final = compiled(sa.select(*_ANSWER).where(_kept))
_insert = pg.insert(idempotency_keys)
_KEEP: Final = compiled(
    _insert.on_conflict_do_update(
        constraint=idempotency_keys.primary_key,
        set_={
            name: _insert.excluded[name]
            for name in ("body_sha256", "status", "body", "version", "location", "created_at")
        },
        where=_FREE,
    ),
    _k.keys(),
)
# One account makes a hundred thousand an hour: all at once outlast a statement, and so for ever.
_PRUNE: Final = compiled(
    sa.text("""
    DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency_keys WHERE created_at <= :free
        ORDER BY created_at LIMIT :page FOR UPDATE SKIP LOCKED
    ))
    """)
)


class IdempotencyRepository:
    """One key of one write: claimed by a lock, kept with its answer at the end.

    The lock is the transaction's, so a write that fails leaves nothing behind.
    """

    def __init__(self, clock: Clock, key: IdempotencyKey) -> None:
        self._claimed_key = key
        self._now = clock.now()
        self._named = {
            "credential_id": key.credential_id,
            "method": key.method,
            "path": key.path,
            "key": key.key,
        }
        self._answer: StoredAnswer | None = None
        self._locked = False

    async def claim(self, session: Session) -> None:
        """Lock the key, or raise what was answered before."""
        (row,) = await session.rows(_CLAIM, lock=_lock_key(self._claimed_key), **self._asked)
        if row.status is not None:
            raise self._before(row)
        if not row.locked:
            raise IdempotencyKeyBusy
        self._locked = True

    async def look_again(self, engine: AsyncEngine) -> None:
        """After it has failed: raise what was answered before, if it was."""
        if self._locked:
            for row in await autocommit_pool(engine).ask(_LOOK, **self._asked):
                raise self._before(row)

    @property
    def _asked(self) -> Mapping[str, object]:
        return {"free": self._now - KEPT, **self._named}

    def _before(self, row: AnyRow) -> AlreadyAnswered | IdempotencyKeyReused:
        if row.body_sha256 != self._claimed_key.body_sha256:
            return IdempotencyKeyReused()
        return AlreadyAnswered(StoredAnswer(row.status, row.body, row.version, row.location))

    def keep(self, answer: StoredAnswer) -> None:
        """Have this answer kept; `write` does it."""
        self._answer = answer

    async def write(self, session: Session) -> None:
        """Keep the answer: the last statement of the transaction.

        Raises:
            IdempotencyKeyBusy: the first request's answer was committed in the very moment in
                which we locked the key; nothing is kept, and `look_again` finds that answer.
        """
        if self._answer is None:
            raise RuntimeError("a write with a key ended without its answer")
        await session.put_off(
            "kept",
            _KEEP,
            {
                **self._asked,
                "body_sha256": self._claimed_key.body_sha256,
                "status": self._answer.status,
                "body": self._answer.body,
                "version": self._answer.version,
                "location": self._answer.location,
                "created_at": self._now,
            },
            missing=IdempotencyKeyBusy,
        )


@asynccontextmanager
async def looking_again(
    engine: AsyncEngine, claimed: IdempotencyRepository | None
) -> AsyncIterator[None]:
    """Wraps a write: where it fails, raises what was answered before, if it was.

    A statement sees what was committed when it began, before it had the key's lock. So the first
    answer may be there, and be why this write failed; where it did not, `write` notices.
    """
    try:
        with translate_driver_errors():
            yield
    except StoreUnavailable:
        raise
    except Exception:
        if claimed is not None:
            with suppress(StoreUnavailable):  # then it is told why the write failed
                await claimed.look_again(engine)
        raise


async def prune_keys(engine: AsyncEngine, clock: Clock, page: int = _PAGE) -> int:
    """Drop keys that are free again, each page in a transaction of its own; how many."""
    free, total, dropped = clock.now() - KEPT, 0, page
    while dropped == page:
        with translate_driver_errors():
            async with engine.begin() as connection:
                session = await Session.of(connection)
                dropped = await session.change(_PRUNE, free=free, page=page)
        total += dropped
    return total


def _lock_key(key: IdempotencyKey) -> int:
    # 64 bits. Locks with two keys of 32 bits (claims.py) live in a space of their own.
    named = f"{key.credential_id.hex}\0{key.method}\0{key.path}\0{key.key}"
    return int.from_bytes(blake2b(named.encode(), digest_size=8).digest(), "big", signed=True)
