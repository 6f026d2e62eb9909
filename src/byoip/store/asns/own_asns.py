"""Customers' own AS numbers, and whether a route may have one as origin. Text where it is JSON."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.asn import Asn
from byoip.domain.asns.aspa import OriginStanding
from byoip.domain.asns.disputed import OwnAsnDispute
from byoip.domain.asns.own_asn import (
    AsnProvenByAnother,
    OwnAsn,
    OwnAsnExists,
    OwnAsnNotFound,
    ProvenBy,
)
from byoip.domain.checks.evidence import CheckState
from byoip.domain.prefix import Prefix
from byoip.domain.watch.dispute import DisputeEnd, Side
from byoip.domain.watch.remembered import Remembered
from byoip.store.asns.aspas import HELD_IN_DISPUTE, facts_from, facts_sql
from byoip.store.asns.by_holder import POOLED, SPANNED, TO_ASK
from byoip.store.asns.tables import own_asns
from byoip.store.batches import Part, asking
from byoip.store.columns import constant
from byoip.store.statements import AnyRow, Repository, compiled, from_row, from_text, to_row
from byoip.store.unavailable import refusing
from byoip.store.watch.files_in_use import files_in_use

_o = own_asns.c
_FIXED: Final = ("id", "account_id", "asn", "created_at")
_CHANGING: Final = (
    *("state", "token", "token_expires_at", "proven_at", "proven_by", "registry", "holder"),
    *("evidence", "seen", "fix", "doubt", "modified_at", "revoked_at", "ended_at", "version"),
)
_LIVE: Final = _o.ended_at.is_(None)  # as indexes have it
_ID: Final = sa.bindparam("own_asn_id", type_=sa.Uuid)
_ACCOUNT: Final = sa.bindparam("account_id", type_=sa.Uuid)
OF_ACCOUNT: Final = sa.or_(_ACCOUNT.is_(None), _o.account_id == _ACCOUNT)
# Not the registry's answer, which is long. With the dispute about it that is open, else the newest.
COLUMNS: Final = tuple(one for one in own_asns.c if one.name != "answer")
SELECT: Final = sa.select(
    *COLUMNS,
    sa.literal_column(
        """(
            SELECT jsonb_build_object('side', CASE WHEN d.holder_id = own_asns.id
                    THEN 'holder' ELSE 'claimant' END,
                'opened_at', d.opened_at, 'decide_from', d.decide_from, 'ended', d.ended)
            FROM asn_disputes AS d WHERE own_asns.id IN (d.holder_id, d.claimant_id)
            ORDER BY d.ended_at IS NOT NULL, d.opened_at DESC LIMIT 1)""",
        pg.JSONB,
    ).label("dispute"),
)
_THIS: Final = SELECT.where(_o.id == _ID, _o.live, OF_ACCOUNT)
GET: Final = compiled(_THIS)
_LOCK: Final = compiled(_THIS.with_for_update())
_EVERY: Final = compiled(
    SELECT.where(_o.asn == sa.bindparam("asn", type_=sa.BigInteger), _LIVE)
    .order_by(_o.id)
    .with_for_update()
)
_PROVEN: Final = compiled(
    SELECT.where(
        _o.account_id == _ACCOUNT,
        _o.asn == sa.bindparam("asn", type_=sa.BigInteger),
        _LIVE,
        _o.state == constant(CheckState.VALID),
    )
)
_HELD: Final = compiled(
    sa.select(sa.func.count().label("held")).where(_o.account_id == _ACCOUNT, _LIVE)
)
_ADD: Final = compiled(sa.insert(own_asns), [*_FIXED, *_CHANGING])
_SAVE: Final = compiled(sa.update(own_asns).where(_o.id == _ID, _o.live), _CHANGING)
_ANSWER: Final = compiled(sa.update(own_asns).where(_o.id == _ID), ["answer"])
_MOST_ANSWER: Final = 65_536  # bytes of the registry's answer that are kept

_STANDING: Final = from_text(
    f"""
    SELECT own.state, {facts_sql("asked")} AS aspa, {HELD_IN_DISPUTE} AS disputed
    FROM (SELECT CAST(:asn AS bigint) AS asn) AS asked LEFT JOIN own_asns AS own
        ON own.account_id = CAST(:account_id AS uuid) AND own.asn = asked.asn
            AND own.ended_at IS NULL
""",  # noqa: S608 - of constants
    selects=("state", "aspa", "disputed"),
)
_IN_USE: Final = from_text("""
    SELECT cidr::text AS cidr FROM prefixes
    WHERE account_id = :account_id AND asn = :asn AND live LIMIT 1
""")


class OwnAsnRepository(Repository):
    """Numbers of accounts, within one transaction."""

    async def get(self, account_id: UUID | None, own_asn_id: UUID) -> OwnAsn:
        """A live one; with an account only its own.

        Raises:
            OwnAsnNotFound: there is none.
        """
        asked = {"account_id": account_id, "own_asn_id": own_asn_id}
        return own_asn_from(await self._session.one(GET, OwnAsnNotFound, **asked))

    async def lock(self, account_id: UUID | None, own_asn_id: UUID) -> OwnAsn:
        """The same, locked.

        Raises:
            OwnAsnNotFound: there is none.
        """
        asked = {"account_id": account_id, "own_asn_id": own_asn_id}
        return own_asn_from(await self._session.one(_LOCK, OwnAsnNotFound, **asked))

    async def lock_every(self, asn: Asn) -> Sequence[OwnAsn]:
        """All live ones of a number, locked, in the order of their ids: at most one is proven."""
        rows = await self._session.rows(_EVERY, asn=asn.number)
        return [own_asn_from(row) for row in rows]

    async def lock_with_others(self, account_id: UUID | None, own_asn_id: UUID) -> OwnAsn:
        """One, locked with what other accounts have of its number: a dispute may be between them.

        Raises:
            OwnAsnNotFound: there is none.
        """
        before = await self.get(account_id, own_asn_id)
        for one in await self.lock_every(before.asn):
            if one.id == own_asn_id:
                return one
        raise OwnAsnNotFound

    def held(self, account_id: UUID) -> Part:
        """How many live ones the account has: for a look."""
        return asking(_HELD, lambda rows: int(rows[0].held), account_id=account_id)

    async def add(self, own: OwnAsn) -> None:
        """Keep a new one; the account must be locked.

        Raises:
            OwnAsnExists: the account has the number.
        """
        with refusing(uq_own_asns_live=OwnAsnExists(own.asn)):
            await self._session.change(_ADD, **to_row(own, (*_FIXED, *_CHANGING), **_given(own)))

    async def save(self, own: OwnAsn, answer: bytes | None = None) -> None:
        """Write back a locked one; `answer`: the registry's, by which it was proven.

        Raises:
            AsnProvenByAnother: it is proven, and another account's is.
        """
        with refusing(uq_own_asns_proven=AsnProvenByAnother(own.asn)):
            row = to_row(own, _CHANGING, **_given(own))
            await self._session.change(_SAVE, own_asn_id=own.id, **row)
        if answer is not None:
            kept = answer[:_MOST_ANSWER]
            await self._session.change(_ANSWER, own_asn_id=own.id, answer=kept)

    async def proven(self, account_id: UUID, asn: Asn) -> OwnAsn | None:
        """The account's proof of this number; None: there is none."""
        asked = {"account_id": account_id, "asn": asn.number}
        row = await self._session.row(_PROVEN, **asked)
        return None if row is None else own_asn_from(row)

    def standing(self, account_id: UUID, asn: Asn) -> Part:
        """What decides of an origin that is not the operator's: for a look."""
        return asking(_STANDING, _standing, account_id=account_id, asn=asn.number)

    async def in_use(self, own: OwnAsn) -> str | None:
        """A live prefix of the account with that origin; its account must be locked."""
        row = await self._session.row(_IN_USE, account_id=own.account_id, asn=own.asn.number)
        return None if row is None else str(row.cidr)

    async def spanned(self, own: OwnAsn, registry: str, holder: str) -> Prefix | None:
        """A prefix that the account has proven by its route object, and with it a whole row.

        The row is this holder's. None, too, where an operator has taken a proof of the number from
        this account.
        """
        of = {"account_id": own.account_id, "asn": own.asn.number}
        asked = {**of, "registry": registry, "holder": holder}
        row = await self._session.row(SPANNED, **asked)
        return None if row is None else Prefix(row.cidr)

    async def to_ask_about(self, own: OwnAsn, registry: str) -> Mapping[Prefix, str]:
        """Prefixes that would prove the number, if RDAP names this registrant for both: its handle.

        It named it before, and files bore that out since; empty: that is not so by now. One that is
        in use for long because no newer one comes bears out nothing.
        """
        file = (await files_in_use(self._session)).get(registry)
        if file is None:
            return {}
        of = {"account_id": own.account_id, "asn": own.asn.number, "registry": registry}
        rows = await self._session.rows(TO_ASK, **of)
        known = {Prefix(row.cidr): Remembered.read(row.holder) for row in rows}
        by_now = {cidr: one.borne_out(file.fetched_at).registrant for cidr, one in known.items()}
        return {cidr: registrant for cidr, registrant in by_now.items() if registrant}

    async def pooled(self, registry: str, holder: str, countries: Collection[str]) -> bool:
        """Whether a holder's id at a registry is that of a registry below it.

        It has space in one of these countries, or more numbers than a network has.
        """
        asked = {"registry": registry, "holder": holder, "countries": sorted(countries)}
        (row,) = await self._session.rows(POOLED, **asked)
        return bool(row.pooled)


def _standing(rows: Sequence[Any]) -> OriginStanding:
    (row,) = rows
    state = row.state and CheckState(row.state)
    return OriginStanding(state, facts_from(row.aspa), row.disputed)


def own_asn_from(row: AnyRow) -> OwnAsn:
    """A row of own_asns."""
    return from_row(
        OwnAsn,
        row,
        asn=Asn(row.asn),
        state=CheckState(row.state),
        proven_by=None if row.proven_by is None else ProvenBy(row.proven_by),
        dispute=None if row.dispute is None else _dispute(row.dispute),
    )


def _dispute(kept: Mapping[str, Any]) -> OwnAsnDispute:
    return OwnAsnDispute(
        Side(kept["side"]),
        datetime.fromisoformat(kept["opened_at"]),
        datetime.fromisoformat(kept["decide_from"]),
        None if kept["ended"] is None else DisputeEnd(kept["ended"]),
    )


def _given(own: OwnAsn) -> dict[str, Any]:
    return {"asn": own.asn.number}
