from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from sqlalchemy import Text, Uuid, bindparam, exists, func, insert, or_, select, text, update

from byoip.domain.asn import Asn
from byoip.domain.bgp_prefix import BgpPrefix, BgpPrefixExists, BgpPrefixNotFound, Desired
from byoip.domain.prefix import Prefix
from byoip.store.rows import AnyRow
from byoip.store.statements import Session, compiled
from byoip.store.tables import prefixes
from byoip.store.tables_advertising import bgp_prefixes
from byoip.store.tables_routes import applied_routes, observed_routes

ROUTES_CHANNEL: Final = "byoip_routes"

_b, _p, _a, _o = bgp_prefixes.c, prefixes.c, applied_routes.c, observed_routes.c
_CLAIM: Final = bindparam("claim_id", type_=Uuid)
_THIS: Final = bindparam("bgp_prefix_id", type_=Uuid)
_COLUMNS: Final = (*bgp_prefixes.c, _p.account_id)
BGP_PREFIX: Final = select(*_COLUMNS).join(prefixes, _p.id == _b.prefix_id)
_CHANGING: Final = (
    "prepend",
    "advertised",
    "advertised_modified_at",
    "change",
    "request_id",
    "binding_id",
    "withdrawal_id",
    "locked",
    "last_valid_at",
    "modified_at",
)
_FIXED: Final = ("id", "prefix_id", "prefix_cidr", "cidr", "asn", "created_at")

_OF_CLAIM: Final = compiled(
    BGP_PREFIX.where(_b.prefix_id == _CLAIM, _b.live).order_by(_b.cidr, _b.id)
)
_GET: Final = compiled(BGP_PREFIX.where(_b.prefix_id == _CLAIM, _b.id == _THIS, _b.live))
_INSERT: Final = compiled(insert(bgp_prefixes), [*_FIXED, *_CHANGING])
_SAVE: Final = compiled(update(bgp_prefixes).where(_b.id == _THIS, _b.live), _CHANGING)
_REMOVE: Final = compiled(
    update(bgp_prefixes).where(_b.id == _THIS, _b.live), ["removed_at", "modified_at"]
)
_LINGERING: Final = compiled(
    select(_b.id).where(
        _b.prefix_id == _CLAIM,
        ~_b.advertised,
        or_(
            exists().where(_a.bgp_prefix_id == _b.id, or_(_a.may_hold, _a.advertised)),
            exists().where(_o.bgp_prefix_id == _b.id, _o.advertised),
        ),
    )
)
# Heard by reconcilers when, and only if, the transaction commits.
_RING: Final = compiled(
    select(func.pg_notify(text(f"'{ROUTES_CHANNEL}'"), bindparam("about", type_=Text)))
)


class BgpPrefixShelf:
    """BGP prefixes, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of(self, claim_id: UUID) -> Sequence[BgpPrefix]:
        """The live ones, in address order."""
        rows = await self._session.rows(_OF_CLAIM, claim_id=claim_id)
        return [bgp_prefix_from(row) for row in rows]

    async def get(self, claim_id: UUID, bgp_prefix_id: UUID) -> BgpPrefix:
        """One of them."""
        row = await self._session.row(_GET, claim_id=claim_id, bgp_prefix_id=bgp_prefix_id)
        if row is None:
            raise BgpPrefixNotFound
        return bgp_prefix_from(row)

    async def add(self, bgp_prefix: BgpPrefix) -> None:
        """Keep a new one."""
        fixed = {
            "id": bgp_prefix.id,
            "prefix_id": bgp_prefix.claim_id,
            "prefix_cidr": bgp_prefix.prefix.network,
            "cidr": bgp_prefix.cidr.network,
            "asn": bgp_prefix.asn.number,
            "created_at": bgp_prefix.created_at,
        }
        try:
            await self._session.change(_INSERT, **fixed, **_changing(bgp_prefix))
        except psycopg.errors.UniqueViolation as fault:
            if fault.diag.constraint_name == "uq_bgp_prefixes_live_cidr":
                raise BgpPrefixExists(bgp_prefix.cidr) from None
            raise

    async def save(self, bgp_prefix: BgpPrefix) -> None:
        """Write back what may change, and wake the reconcilers."""
        changed = await self._session.change(
            _SAVE, bgp_prefix_id=bgp_prefix.id, **_changing(bgp_prefix)
        )
        if not changed:
            raise BgpPrefixNotFound
        await self._session.rows(_RING, about=bgp_prefix.id.hex)

    async def remove(self, bgp_prefix_id: UUID, now: datetime) -> None:
        """End one that is withdrawn; the row stays."""
        ended = {"removed_at": now, "modified_at": now}
        if not await self._session.change(_REMOVE, bgp_prefix_id=bgp_prefix_id, **ended):
            raise BgpPrefixNotFound

    async def lingering(self, claim_id: UUID) -> Sequence[UUID]:
        """Those that are withdrawn, and that a speaker may hold or somebody still sees."""
        return [row.id for row in await self._session.rows(_LINGERING, claim_id=claim_id)]


def bgp_prefix_from(row: AnyRow) -> BgpPrefix:
    """Columns of BGP_PREFIX."""
    return BgpPrefix(
        id=row.id,
        claim_id=row.prefix_id,
        account_id=row.account_id,
        prefix=Prefix(row.prefix_cidr),
        cidr=Prefix(row.cidr),
        asn=Asn(row.asn),
        created_at=row.created_at,
        modified_at=row.modified_at,
        desired=Desired(
            advertised=row.advertised,
            prepend=row.prepend,
            change=row.change,
            at=row.advertised_modified_at,
            request_id=row.request_id,
            binding_id=row.binding_id,
            withdrawal_id=row.withdrawal_id,
        ),
        locked=row.locked,
        last_valid_at=row.last_valid_at,
    )


def _changing(bgp_prefix: BgpPrefix) -> dict[str, Any]:
    desired = bgp_prefix.desired
    return {
        "prepend": desired.prepend,
        "advertised": desired.advertised,
        "advertised_modified_at": desired.at,
        "change": desired.change,
        "request_id": desired.request_id,
        "binding_id": desired.binding_id,
        "withdrawal_id": desired.withdrawal_id,
        "locked": bgp_prefix.locked,
        "last_valid_at": bgp_prefix.last_valid_at,
        "modified_at": bgp_prefix.modified_at,
    }
