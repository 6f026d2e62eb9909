"""Disputes about AS numbers, within one transaction that has the numbers locked, and for readers.

Text SQL: parties on both sides of one row, and their prefixes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.asn import Asn
from byoip.domain.asns.asn_dispute import AsnDispute, AsnProof
from byoip.domain.asns.own_asn import OwnAsn, ProvenBy
from byoip.domain.asns.registration import AsnRange
from byoip.domain.claims.lifecycle import State
from byoip.domain.prefix import Prefix
from byoip.domain.watch.dispute import LISTED, DisputeEnd, DisputeNotFound
from byoip.store.asns.asn_statistics import ROW_OF
from byoip.store.asns.own_asns import COLUMNS, own_asn_from
from byoip.store.asns.views import AsnDisputeView, AsnParty, NamedPrefix
from byoip.store.autocommit import autocommit_pool
from byoip.store.claims.views import FROM_THE_FIRST, Cursor
from byoip.store.statements import Repository, from_row, from_text

_GET: Final = from_text("SELECT * FROM asn_disputes WHERE id = :id")
_LOCK: Final = from_text("SELECT * FROM asn_disputes WHERE id = :id FOR UPDATE")
_OPEN: Final = from_text("""
    SELECT * FROM asn_disputes WHERE asn = :asn AND ended_at IS NULL FOR UPDATE
""")
# Decided for the other account; or its own row ended it, given up or its proof taken back then.
_LOST: Final = from_text("""
    SELECT d.* FROM asn_disputes AS d JOIN own_asns AS own ON own.id IN (d.claimant_id, d.holder_id)
    WHERE d.asn = :asn AND d.ended_at > :since AND own.account_id = :account_id AND (
        d.ended = 'holder' AND own.id = d.claimant_id
        OR d.ended = 'claimant' AND own.id = d.holder_id
        OR d.ended = 'gone' AND d.ended_at IN (own.ended_at, own.revoked_at)
    )
""")
_ADD: Final = from_text("""
    INSERT INTO asn_disputes (id, asn, holder_id, claimant_id, opened_at, decide_from, token,
        proven_by, registry, holder, evidence, answer)
    VALUES (:id, :asn, :holder_id, :claimant_id, :opened_at, :decide_from, :token,
        :proven_by, :registry, :holder, :evidence, :answer)
""")
_END: Final = from_text(
    "UPDATE asn_disputes SET ended = :ended, ended_at = :now WHERE id = :id AND ended_at IS NULL"
)
# Of many, without what registries answered.
_LISTED: Final = from_text("""
    SELECT id, asn, holder_id, claimant_id, opened_at, decide_from, token, proven_by, registry,
        holder, evidence, NULL::bytea AS answer, ended, ended_at
    FROM asn_disputes WHERE ended_at IS NULL AND (opened_at, id) > (:at, :after)
    ORDER BY opened_at, id OFFSET :first LIMIT :limit
""")
# Of one who has given its number up as well.
_PARTIES: Final = from_text(f"""
    SELECT {", ".join(map(str, COLUMNS))}, NULL::jsonb AS dispute, accounts.name AS account_name
    FROM own_asns JOIN accounts ON accounts.id = own_asns.account_id WHERE own_asns.id = ANY(:ids)
""")  # noqa: S608 - of constants
_ANSWER: Final = from_text("SELECT answer FROM own_asns WHERE id = :id")
_OF_ORIGIN: Final = from_text("""
    SELECT p.id FROM prefixes AS p JOIN own_asns AS own
        ON p.account_id = own.account_id AND p.asn = own.asn
    WHERE own.id = :id AND p.live ORDER BY p.id
""")
_NAMED: Final = from_text("""
    SELECT p.id, p.cidr, p.state, EXISTS (SELECT FROM bgp_prefixes AS route
        WHERE route.prefix_id = p.id AND route.live AND route.advertised) AS announced
    FROM prefixes AS p JOIN own_asns AS own ON p.account_id = own.account_id AND p.asn = own.asn
    WHERE own.id = :id AND p.live ORDER BY p.cidr LIMIT :most
""")
_ROWS: Final = from_text(ROW_OF.format(asn="CAST(:asn AS bigint)"))
_COUNT: Final = from_text("SELECT count(*) AS many FROM asn_disputes WHERE ended_at IS NULL")
MOST: Final = 500
_MOST_ANSWER: Final = 65_536  # bytes of the registry's answer that are kept, as of a proof


class AsnDisputeRepository(Repository):
    """Disputes, in a transaction that has every live row of the number locked."""

    async def get(self, dispute_id: UUID, *, locking: bool = False) -> AsnDispute:
        """One of them, ended or not.

        Raises:
            DisputeNotFound: there is none.
        """
        asked = _LOCK if locking else _GET
        return _dispute(await self._session.one(asked, DisputeNotFound, id=dispute_id))

    async def open_about(self, asn: Asn) -> AsnDispute | None:
        """The one that is open about this number; None: there is none."""
        row = await self._session.row(_OPEN, asn=asn.number)
        return None if row is None else _dispute(row)

    async def lost(self, own: OwnAsn, since: datetime) -> Sequence[AsnDispute]:
        """Those that the account of a number has lost since then, or has left."""
        of = {"account_id": own.account_id, "asn": own.asn.number}
        return [_dispute(row) for row in await self._session.rows(_LOST, **of, since=since)]

    async def rows(self, asn: Asn) -> Sequence[AsnRange]:
        """What the statistics in use say of a number."""
        return [_range(row) for row in await self._session.rows(_ROWS, asn=asn.number)]

    async def add(self, dispute: AsnDispute) -> None:
        """Open it; there is none about the number."""
        proof = dispute.proof
        await self._session.change(
            _ADD,
            id=dispute.id,
            asn=dispute.asn.number,
            holder_id=dispute.holder_id,
            claimant_id=dispute.claimant_id,
            opened_at=dispute.opened_at,
            decide_from=dispute.decide_from,
            token=proof.token,
            proven_by=proof.by.value,
            registry=proof.registry,
            holder=proof.holder,
            evidence=proof.evidence,
            answer=None if proof.answer is None else proof.answer[:_MOST_ANSWER],
        )

    async def end(self, dispute: AsnDispute, ended: DisputeEnd, now: datetime) -> None:
        """End it."""
        await self._session.change(_END, id=dispute.id, ended=ended.value, now=now)

    async def of_origin(self, own_asn_id: UUID) -> Sequence[UUID]:
        """Live prefixes of its account that have a number as their origin."""
        return [row.id for row in await self._session.rows(_OF_ORIGIN, id=own_asn_id)]


class AsnDisputeReader:
    """Disputes, read outside of transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def listed(
        self, *, after: Cursor = FROM_THE_FIRST, first: int = 0, limit: int = LISTED
    ) -> Sequence[AsnDisputeView]:
        """Those that are open, the oldest first: after a place in the list, behind as many."""
        of = {"at": after.created_at, "after": after.id, "first": first, "limit": limit}
        found = [_dispute(row) for row in await self._autocommit.ask(_LISTED, **of)]
        parties = await self._parties(found)
        return [AsnDisputeView(of, parties[of.holder_id], parties[of.claimant_id]) for of in found]

    async def count(self) -> int:
        """How many are open."""
        (row,) = await self._autocommit.ask(_COUNT)
        return int(row.many)

    async def one(self, dispute_id: UUID) -> AsnDisputeView:
        """One of them, ended or not.

        Raises:
            DisputeNotFound: there is none.
        """
        found = _dispute(await self._autocommit.one(_GET, DisputeNotFound, id=dispute_id))
        parties = await self._parties([found])
        return AsnDisputeView(found, parties[found.holder_id], parties[found.claimant_id])

    async def answer(self, own_asn_id: UUID) -> bytes | None:
        """What the registry answered as a number was proven; None: it was not asked."""
        (row,) = await self._autocommit.ask(_ANSWER, id=own_asn_id)
        return None if row.answer is None else bytes(row.answer)

    async def named(self, own_asn_id: UUID) -> Sequence[NamedPrefix]:
        """Live prefixes of its account that have a number as their origin; at most 500."""
        rows = await self._autocommit.ask(_NAMED, id=own_asn_id, most=MOST)
        return [NamedPrefix(r.id, Prefix(r.cidr), State(r.state), r.announced) for r in rows]

    async def rows(self, asn: Asn) -> Sequence[AsnRange]:
        """What the statistics in use say of a number."""
        rows = await self._autocommit.ask(_ROWS, asn=asn.number)
        return [_range(row) for row in rows]

    async def _parties(self, found: Sequence[AsnDispute]) -> Mapping[UUID, AsnParty]:
        ids = sorted({one for of in found for one in (of.holder_id, of.claimant_id)})
        rows = await self._autocommit.ask(_PARTIES, ids=ids) if ids else []
        return {row.id: AsnParty(own_asn_from(row), row.account_name) for row in rows}


def _range(row: Any) -> AsnRange:
    return AsnRange(row.first, row.last, row.registry, row.status, row.holder)


def _dispute(row: Any) -> AsnDispute:
    answer = None if row.answer is None else bytes(row.answer)
    by = ProvenBy(row.proven_by)
    return from_row(
        AsnDispute,
        row,
        asn=Asn(row.asn),
        proof=AsnProof(row.token, by, row.registry, row.holder, row.evidence, answer),
        ended=None if row.ended is None else DisputeEnd(row.ended),
    )
