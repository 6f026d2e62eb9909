"""BGP prefixes: what is desired, what speakers hold of it, and what is seen."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.bgp_prefix import (
    BgpPrefix,
    BgpPrefixExists,
    BgpPrefixNotFound,
    Contested,
    Desired,
)
from byoip.store.batches import Part, asking
from byoip.store.claims.tables import prefixes
from byoip.store.routes.alien_origins import OF_OTHERS
from byoip.store.routes.awaited import NEXT_HOPS, WAITING, waiting_from
from byoip.store.routes.held_and_seen import APPLIED, OBSERVED, applied_from, observed_from
from byoip.store.routes.notices import RING
from byoip.store.routes.tables import bgp_prefixes
from byoip.store.routes.views import BgpPrefixView
from byoip.store.speakers.tables import (
    applied_routes,
    observed_routes,
    orphan_routes,
    speakers,
    unreleased_routes,
)
from byoip.store.statements import AnyRow, Repository, compiled, from_row, to_row
from byoip.store.unavailable import refusing

_b, _p, _a, _o = bgp_prefixes.c, prefixes.c, applied_routes.c, observed_routes.c
_u = unreleased_routes.c
_CLAIM: Final = sa.bindparam("claim_id", type_=sa.Uuid)
_THIS: Final = sa.bindparam("bgp_prefix_id", type_=sa.Uuid)
_COLUMNS: Final = (*bgp_prefixes.c, _p.account_id)
BGP_PREFIX: Final = sa.select(*_COLUMNS).join(prefixes, _p.id == _b.prefix_id)
_DESIRED: Final = ("prepend", "advertised", "change", "request_id", "binding_id", "withdrawal_id")
_CHANGING: Final = (
    *_DESIRED,
    "advertised_modified_at",
    "locked",
    "last_valid_at",
    "modified_at",
    "behind",
)
_FIXED: Final = ("id", "prefix_id", "prefix_cidr", "cidr", "asn", "created_at")

_OF_CLAIM: Final = compiled(
    BGP_PREFIX.where(_b.prefix_id == _CLAIM, _b.live).order_by(_b.cidr, _b.id)
)
_GET: Final = compiled(BGP_PREFIX.where(_b.prefix_id == _CLAIM, _b.id == _THIS, _b.live))
# The one that is asked for; without an id the one that is the whole prefix.
WANTED: Final = sa.and_(
    _b.prefix_id == _CLAIM,
    _b.live,
    sa.or_(_b.id == _THIS, sa.and_(_THIS.is_(None), _b.cidr == _b.prefix_cidr)),
)
_ONE: Final = compiled(BGP_PREFIX.where(WANTED))
_OF_OTHER_ORIGINS: Final = compiled(BGP_PREFIX.where(OF_OTHERS).order_by(_b.id))
_INSERT: Final = compiled(sa.insert(bgp_prefixes), [*_FIXED, *_CHANGING])
_SAVE: Final = compiled(sa.update(bgp_prefixes).where(_b.id == _THIS, _b.live), _CHANGING)
_REMOVE: Final = compiled(
    sa.update(bgp_prefixes).where(_b.id == _THIS, _b.live), ["removed_at", "modified_at"]
)
_MARKED: Final = sa.exists().where(_a.bgp_prefix_id == _b.id, sa.or_(_a.may_hold, _a.advertised))
KNOWN: Final = sa.or_(
    _MARKED,
    sa.exists().where(_o.bgp_prefix_id == _b.id, _o.advertised),
)
# Held by a speaker without a record that we announced it: after a restore it may be ours.
_ORPHANED: Final = sa.exists().where(orphan_routes.c.cidr == _b.cidr)
# Withdrawn, and not known to be gone everywhere.
LINGERS: Final = sa.and_(~_b.advertised, sa.or_(KNOWN, _ORPHANED))
_LINGERING: Final = compiled(sa.select(_b.id).where(_b.prefix_id == _CLAIM, LINGERS))
# Of space that another claim is approved for by now, what is out is that one's.
_h = prefixes.alias("holders").c
_ANOTHERS: Final = sa.exists().where(
    _h.id != _b.prefix_id, _h.state == "approved", _h.cidr.op(">>=")(_b.cidr)
)
_marked_there = _MARKED.where(_a.speaker == orphan_routes.c.speaker)
_STRAYS: Final = sa.exists().where(
    orphan_routes.c.cidr == _b.cidr, ~_marked_there.correlate(bgp_prefixes, orphan_routes)
)
_forgotten: Final = sa.and_(LINGERS, sa.or_(~_MARKED, _STRAYS))
_FORGOTTEN: Final = compiled(sa.select(_b.id).where(WANTED, _forgotten, ~_ANOTHERS))
# After a restore it waited: some speakers had been looked at, others perhaps not.
_WAITED: Final = sa.exists().where(_u.bgp_prefix_id == _b.id, _u.change == _b.change - 1)
_UNRECORDED: Final = compiled(
    sa.select(_b.id).where(_b.id == _THIS, sa.or_(_forgotten, _WAITED), ~_ANOTHERS)
)
# Any speaker may have it: each is asked what it holds before it is told anything. One that was just
# met is known by its orphans first.
_MET: Final = sa.union(
    sa.select(speakers.c.name),
    sa.select(orphan_routes.c.speaker)
    .join(bgp_prefixes, _b.cidr == orphan_routes.c.cidr)
    .where(_b.id == _THIS),
).subquery("met")
_ADOPT: Final = compiled(
    pg.insert(applied_routes)
    .from_select(
        ["speaker", "bgp_prefix_id", "may_hold", "advertised", "change", "at"],
        sa.select(_MET.c.name, _THIS, sa.true(), sa.false(), sa.literal(0), sa.func.now()),
    )
    .on_conflict_do_update(index_elements=["speaker", "bgp_prefix_id"], set_={"may_hold": True})
)
# Routes that the Internet may know.
UP: Final = sa.or_(_b.advertised, KNOWN)
_ELSEWHERE: Final = compiled(
    sa.select(_b.id).where(_b.cidr == sa.bindparam("cidr"), _b.prefix_id != _CLAIM, UP).limit(1)
)

# By a revision that travels: what it would lose must not begin meanwhile.
_WITHOUT_COMMUNITIES: Final = sa.text("""EXISTS (
    SELECT FROM speaker_revisions r, jsonb_array_elements(r.speakers) AS entry
    WHERE r.state = 'travelling' AND entry ->> 'name' = speakers.name
    AND entry -> 'prepend_communities' = '[]')""")


def prepends_lost(origin: Any) -> sa.Exists:
    """Whether a speaker was last found with a neighbour that drops prepends of this origin."""
    travelling = sa.and_(speakers.c.internal_as == origin, _WITHOUT_COMMUNITIES)
    return sa.exists().where(sa.or_(speakers.c.prepends_lost_as == origin, travelling))


_PREPENDS_LOST: Final = compiled(
    sa.select(prepends_lost(sa.bindparam("origin", type_=sa.BigInteger)).label("lost"))
)

_VIEW: Final = compiled(
    sa.select(*APPLIED.c, *OBSERVED.c, *WAITING.c, *NEXT_HOPS)
    .select_from(
        bgp_prefixes.join(APPLIED, sa.true())
        .outerjoin(OBSERVED, sa.true())
        .outerjoin(WAITING, sa.true())
    )
    .where(_b.id == _THIS)
)


class BgpPrefixRepository(Repository):
    """BGP prefixes, within one transaction."""

    async def of(self, claim_id: UUID) -> Sequence[BgpPrefix]:
        """The live ones, in address order."""
        rows = await self._session.rows(_OF_CLAIM, claim_id=claim_id)
        return [bgp_prefix_from(row) for row in rows]

    async def get(self, claim_id: UUID, bgp_prefix_id: UUID) -> BgpPrefix:
        """One of them.

        Raises:
            BgpPrefixNotFound: there is none.
        """
        row = await self._session.one(
            _GET, BgpPrefixNotFound, claim_id=claim_id, bgp_prefix_id=bgp_prefix_id
        )
        return bgp_prefix_from(row)

    async def spanning(self, claim_id: UUID) -> BgpPrefix | None:
        """The live one that is the whole prefix."""
        (found,) = await self._session.look(self.asking(claim_id, None))
        one: BgpPrefix | None = found
        return one

    def asking(self, claim_id: UUID, bgp_prefix_id: UUID | None) -> Part:
        """One of them, or None; without an id the one that is the whole prefix: for a look."""
        asked = {"claim_id": claim_id, "bgp_prefix_id": bgp_prefix_id}
        return asking(_ONE, lambda rows: bgp_prefix_from(rows[0]) if rows else None, **asked)

    def forgotten(self, claim_id: UUID, bgp_prefix_id: UUID | None) -> Part:
        """Whether it is withdrawn, and out at a speaker that has no record of having it from us.

        Not if another claim is approved for that space: what is out may be that one's. For a look.
        """
        return asking(_FORGOTTEN, bool, claim_id=claim_id, bgp_prefix_id=bgp_prefix_id)

    async def view(self, bgp_prefix: BgpPrefix, version: int) -> BgpPrefixView:
        """With what speakers hold and what observers see of it."""
        (view,) = await self._session.look(_viewing(bgp_prefix, version))
        shown: BgpPrefixView = view
        return shown

    async def view_withdrawn(
        self, bgp_prefix: BgpPrefix, version: int
    ) -> tuple[bool, BgpPrefixView]:
        """The same just after its withdrawal; and whether a speaker may have it unrecorded.

        It may have it from us then, and nobody would tell it.
        """
        asked = asking(_UNRECORDED, bool, bgp_prefix_id=bgp_prefix.id)
        unrecorded, view = await self._session.look(asked, _viewing(bgp_prefix, version))
        return unrecorded, view

    def out_elsewhere(self, bgp_prefix: BgpPrefix) -> Part:
        """Whether another claim's row for the same route is desired, held or seen: for a look."""
        asked = {"cidr": bgp_prefix.cidr.network, "claim_id": bgp_prefix.claim_id}
        return asking(_ELSEWHERE, bool, **asked)

    async def prepends_are_lost(self, origin: Asn) -> bool:
        """Whether a speaker was last found with a neighbour that drops prepends of this origin."""
        (row,) = await self._session.rows(_PREPENDS_LOST, origin=origin.number)
        return bool(row.lost)

    async def of_other_origins(self, offered: Collection[Asn]) -> Sequence[BgpPrefix]:
        """Those of all accounts that are desired with an origin that is not among these.

        Nor one that their account has proven as its own, behind one of the operator's.
        """
        numbers = [one.number for one in offered]
        rows = await self._session.rows(_OF_OTHER_ORIGINS, offered=numbers)
        return [bgp_prefix_from(row) for row in rows]

    async def adopt(self, bgp_prefix_id: UUID) -> None:
        """Record that any speaker may have it from us, so that its withdrawal takes effect."""
        await self._session.change(_ADOPT, bgp_prefix_id=bgp_prefix_id)

    async def add(self, bgp_prefix: BgpPrefix) -> None:
        """Add a new one.

        Raises:
            BgpPrefixExists: the claim has that route already.
        """
        cidrs = {"prefix_cidr": bgp_prefix.prefix.network, "cidr": bgp_prefix.cidr.network}
        given = {"prefix_id": bgp_prefix.claim_id, "asn": bgp_prefix.asn.number, **cidrs}
        fixed = to_row(bgp_prefix, _FIXED, **given)
        with refusing(uq_bgp_prefixes_live_cidr=BgpPrefixExists(bgp_prefix.cidr)):
            await self._session.change(_INSERT, **fixed, **_changing(bgp_prefix))

    async def save(self, bgp_prefix: BgpPrefix) -> None:
        """Write back what may change: what is desired, the lock, the last valid time.

        Raises:
            Contested: another claim's row for the same route is advertised; as late as the write is
                done.
        """
        # Where another claim announced it a moment ago; before that `out_elsewhere` would know.
        refusals = {"uq_bgp_prefixes_advertised": Contested(still_served=True)}
        row = {"bgp_prefix_id": bgp_prefix.id, **_changing(bgp_prefix)}
        await self._session.put_off(
            "route", _SAVE, row, missing=BgpPrefixNotFound, refusals=refusals
        )
        await self._session.put_off("route_rung", RING, {"about": bgp_prefix.id.hex})

    async def remove(self, bgp_prefix_id: UUID, now: datetime) -> None:
        """End one that is withdrawn; the row stays."""
        ended = {"removed_at": now, "modified_at": now}
        if not await self._session.change(_REMOVE, bgp_prefix_id=bgp_prefix_id, **ended):
            raise BgpPrefixNotFound

    async def lingering(self, claim_id: UUID) -> Sequence[UUID]:
        """Those that are withdrawn, and that a speaker may hold or an observer still sees."""
        return [row.id for row in await self._session.rows(_LINGERING, claim_id=claim_id)]


def _viewing(bgp_prefix: BgpPrefix, version: int) -> Part:
    def read(rows: list[Any]) -> BgpPrefixView:
        (row,) = rows
        seen, waits, hops = observed_from(row), waiting_from(row), (row.fit, row.speakers)
        return BgpPrefixView(bgp_prefix, version, applied_from(row), seen, waits, next_hops=hops)

    return asking(_VIEW, read, bgp_prefix_id=bgp_prefix.id)


def bgp_prefix_from(row: AnyRow) -> BgpPrefix:
    """Columns of BGP_PREFIX."""
    return from_row(
        BgpPrefix,
        row,
        claim_id=row.prefix_id,
        prefix=Prefix(row.prefix_cidr),
        cidr=Prefix(row.cidr),
        asn=Asn(row.asn),
        behind=None if row.behind is None else Asn(row.behind),
        desired=from_row(Desired, row, at=row.advertised_modified_at),
    )


def _changing(bgp_prefix: BgpPrefix) -> dict[str, Any]:
    desired = bgp_prefix.desired
    named = to_row(desired, _DESIRED)
    behind = None if bgp_prefix.behind is None else bgp_prefix.behind.number
    given = {"advertised_modified_at": desired.at, "behind": behind, **named}
    return to_row(bgp_prefix, _CHANGING, **given)
