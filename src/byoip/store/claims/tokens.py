"""Ownership tokens of claims."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.claims.closing import NOTICES
from byoip.domain.claims.lifecycle import State
from byoip.domain.claims.ownership_token import Absence, OwnershipToken, TokenNotFound
from byoip.store.batches import Part, asking
from byoip.store.claims.tables import prefixes, validation_tokens
from byoip.store.claims.token_rows import TOKEN, token_from
from byoip.store.columns import constant
from byoip.store.statements import Repository, Statement, compiled, to_row

_t = validation_tokens.c
_THIS: Final = _t.id == sa.bindparam("token_id")
_OF_CLAIM: Final = _t.prefix_id == sa.bindparam("claim_id")
_ABSENCE: Final = ("absent_at", "absent_in", "absent_writers", "absent_block")
_LIVE: Final = (_t.consumed_at.is_(None), _t.revoked_at.is_(None))

# Not now(): that is when the transaction began, and it may have waited for locks since.
_CLOCK: Final = sa.func.clock_timestamp()

_of_claim = (
    sa.select(*TOKEN, prefixes.c.account_id, prefixes.c.cidr, prefixes.c.asn)
    .join(prefixes)
    .where(_OF_CLAIM)
)
_INSERT: Final = compiled(sa.insert(validation_tokens), _t.keys())
_GET: Final = compiled(_of_claim.where(_THIS))
_GET_LIVE: Final = compiled(_of_claim.where(*_LIVE))
_GET_NEWEST: Final = compiled(
    _of_claim.where(_t.revoked_at.is_(None)).order_by(_t.created_at.desc(), _t.id.desc()).limit(1)
)
_REVOKE: Final = compiled(sa.update(validation_tokens).where(_THIS, *_LIVE), ["revoked_at"])
_SPEND: Final = compiled(
    sa.update(validation_tokens)
    .where(_THIS, *_LIVE, _t.expires_at > _CLOCK)
    .values(consumed_at=_CLOCK)
)
# A token's life is longer than nothing, so it begins a second sooner.
_EXPIRE: Final = compiled(
    sa.update(validation_tokens)
    .where(_t.value == sa.bindparam("token_value"), *_LIVE, _t.expires_at > _CLOCK)
    .values(
        created_at=sa.func.least(_t.created_at, _CLOCK - sa.literal_column("interval '1 second'")),
        expires_at=_CLOCK,
    )
)
_NOTE: Final = compiled(
    sa.update(validation_tokens).where(
        _THIS, *_LIVE, _t.expires_at > _CLOCK, _t.absent_at.is_(None), _t.look_needed
    ),
    _ABSENCE,
)
_UNSEEN: Final = compiled(
    sa.select(*TOKEN, prefixes.c.account_id, prefixes.c.cidr, prefixes.c.asn)
    .join(prefixes)
    .where(_THIS, *_LIVE, _t.expires_at > _CLOCK, _t.absent_at.is_(None), _t.look_needed)
)
_COUNT: Final = compiled(
    sa.select(sa.func.count().label("issued")).where(
        _OF_CLAIM, _t.created_at >= sa.bindparam("since")
    )
)


def _before(notice: timedelta) -> sa.ColumnElement[Any]:
    """When that long is left, as `domain.claims.closing` says it."""
    return _t.expires_at - sa.literal_column(f"interval '{notice.days} days'")


_NOW: Final = sa.bindparam("now", type_=sa.DateTime(timezone=True))
_told = sa.func.coalesce(_t.told_expiring_at, sa.literal_column("'-infinity'::timestamptz"))
_due = (
    sa.and_(_before(one) <= _NOW, _t.created_at < _before(one), _told < _before(one))
    for one in NOTICES
)
_EXPIRING: Final = compiled(
    sa.select(_t.prefix_id)
    .join(prefixes)
    .where(
        *_LIVE,
        _t.expires_at > _NOW,
        _before(max(NOTICES)) <= _NOW,
        sa.or_(*_due),
        prefixes.c.live,
        # One that was made before an approval on other grounds is not needed any more.
        sa.or_(prefixes.c.state == constant(State.PENDING), _t.created_at > prefixes.c.approved_at),
    )
    .order_by(_t.expires_at)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_TOLD: Final = compiled(
    sa.update(validation_tokens).where(_THIS, *_LIVE).values(told_expiring_at=_NOW)
)


class TokenRepository(Repository):
    """Ownership tokens, within one transaction."""

    async def add(self, token: OwnershipToken) -> None:
        """Keep a new token; the claim's other live ones must be revoked before."""
        row = to_row(token, _t.keys(), prefix_id=token.claim_id, **_absence(token.absence))
        await self._session.put_off("token", _INSERT, row)

    async def live(self, claim_id: UUID) -> OwnershipToken | None:
        """The one neither consumed nor revoked; it may have expired."""
        return await self._one(_GET_LIVE, claim_id=claim_id)

    def asking(self, claim_id: UUID) -> Part:
        """The same, as a part of a look."""
        return asking(
            _GET_LIVE, lambda rows: token_from(rows[0]) if rows else None, claim_id=claim_id
        )

    async def newest(self, claim_id: UUID) -> OwnershipToken | None:
        """The one that was not revoked and was issued last; it may be consumed or expired."""
        return await self._one(_GET_NEWEST, claim_id=claim_id)

    async def get(self, claim_id: UUID, token_id: UUID) -> OwnershipToken:
        """One token of a claim.

        Raises:
            TokenNotFound: no such token of this claim.
        """
        token = await self._one(_GET, claim_id=claim_id, token_id=token_id)
        if token is None:
            raise TokenNotFound
        return token

    async def save(self, token: OwnershipToken) -> None:
        """Write back a revoked token."""
        revoked_at = token.revoked_at
        if not await self._session.change(_REVOKE, token_id=token.id, revoked_at=revoked_at):
            raise RuntimeError("a token was spent while its claim was locked")

    async def unseen(self, token_id: UUID) -> OwnershipToken | None:
        """One that may still prove something, and was not looked for at a registry with success."""
        return await self._one(_UNSEEN, token_id=token_id)

    async def note_absence(self, token_id: UUID, absence: Absence) -> bool:
        """Note what was seen before it was published; False if it has ended, or that is noted.

        By the row as it is now: who looked has waited for a registry since.
        """
        return bool(await self._session.change(_NOTE, token_id=token_id, **_absence(absence)))

    async def expiring(self, now: datetime, limit: int) -> Sequence[UUID]:
        """Live claims whose token soon expires, and whose customers were not told."""
        return [row.prefix_id for row in await self._session.rows(_EXPIRING, now=now, most=limit)]

    async def told_of(self, token_id: UUID, now: datetime) -> None:
        """Note that its customer was told that it expires."""
        await self._session.change(_TOLD, token_id=token_id, now=now)

    async def issued_since(self, claim_id: UUID, since: datetime) -> int:
        """How many were issued for the claim since then."""
        (count,) = await self._session.rows(_COUNT, claim_id=claim_id, since=since)
        return int(count.issued)

    async def expire(self, value: str) -> bool:
        """For the sandbox: its time is over now. False if none in force has this value."""
        return bool(await self._session.change(_EXPIRE, token_value=value))

    async def consume(self, token_id: UUID) -> bool:
        """Atomically spend it, by the database's clock; False if it is spent or expired."""
        return bool(await self._session.change(_SPEND, token_id=token_id))

    async def _one(self, statement: Statement, **asked: object) -> OwnershipToken | None:
        row = await self._session.row(statement, **asked)
        return None if row is None else token_from(row)


def _absence(seen: Absence | None) -> dict[str, object]:
    values: tuple[object, ...] = (None,) * len(_ABSENCE)
    if seen:
        values = seen.at, seen.registry, sorted(seen.writers), seen.changed
    return dict(zip(_ABSENCE, values, strict=True))
