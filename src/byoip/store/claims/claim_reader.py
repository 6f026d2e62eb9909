"""Reads of claims: the statement of what the API shows of one, and the row as domain objects."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_network
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.expression import FromClause

from byoip.domain.asn import Asn
from byoip.domain.bindings.service_binding import Provisioning
from byoip.domain.checks.evidence import CheckState, Reason
from byoip.domain.claims.claim import CheckRecord, Claim, ClaimNotFound
from byoip.domain.claims.lifecycle import Approver, Standing, State
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.claims.proof import Proof
from byoip.domain.customer_text import CustomerText
from byoip.domain.prefix import Prefix
from byoip.domain.watch.levels import Signal
from byoip.store.accounts.credentials import Beside, with_credential
from byoip.store.accounts.tables import credentials
from byoip.store.asns.aspas import standing_from
from byoip.store.autocommit import autocommit_pool
from byoip.store.bindings.tables import bindings, edges
from byoip.store.claims import announceable_sql, told_sql
from byoip.store.claims.leaving_sql import LEAVING, leaving_from
from byoip.store.claims.tables import prefixes, validation_tokens
from byoip.store.claims.token_rows import TOKEN, token_from
from byoip.store.claims.views import EVERY_CLAIM, ClaimFilter, ClaimView, Cursor, SpanningRoute
from byoip.store.columns import constant
from byoip.store.routes.bgp_prefixes import prepends_lost
from byoip.store.routes.breaker import flaps_from
from byoip.store.routes.views import Applied
from byoip.store.sharing import in_slices
from byoip.store.speakers.tables import unreleased_routes
from byoip.store.statements import AnyRow, compiled, from_row

_p, _t, _b = prefixes.c, validation_tokens.c, bindings.c

_ACCOUNT: Final = _p.account_id == sa.bindparam("account_id")
THIS_CLAIM: Final = (_p.id == sa.bindparam("claim_id"), _ACCOUNT)
PAGE_SIZE: Final = sa.bindparam("page_size", type_=sa.Integer)


def paged(statement: sa.Select[Any], table: FromClause, by: str = "created_at") -> sa.Select[Any]:
    """One page of it, by (created_at, id), or another time in the place of the first."""
    order = table.c[by], table.c.id
    time, last = sa.DateTime(timezone=True), sa.Uuid
    cursor = sa.bindparam("after_time", type_=time), sa.bindparam("after_id", type_=last)
    return statement.where(sa.tuple_(*order) > sa.tuple_(*cursor)).order_by(*order).limit(PAGE_SIZE)


_NEWEST_TOKEN: Final = (
    sa.select(*TOKEN)
    .where(_t.prefix_id == _p.id, _t.revoked_at.is_(None))
    .order_by(_t.created_at.desc(), _t.id.desc())
    .limit(1)
    .correlate(prefixes)
    .lateral("newest")
)
_s: Final = told_sql.SPANNING.c
# Announced by an older database, and not up: announcing it is a request like any other.
_WAITS: Final = sa.exists().where(
    unreleased_routes.c.bgp_prefix_id == _s.id, unreleased_routes.c.change == _s.change
)
# As `domain.edge.lacking` says it: all edges in service have it, and there is one if there are any.
_in_service = (edges.c.live, edges.c.counts, ~edges.c.drained)
_everywhere = sa.and_(
    _b.state == constant(Provisioning.ACTIVE),
    ~sa.exists().where(*_in_service, edges.c.acknowledged < _b.change),
    sa.or_(sa.exists().where(*_in_service), ~sa.exists().where(edges.c.live, edges.c.counts)),
)
_DEFAULT_BINDING: Final = (
    sa.select(
        sa.case(
            (_everywhere, constant(Provisioning.ACTIVE)), else_=constant(Provisioning.PROVISIONING)
        )
    )
    .where(_b.prefix_id == _p.id, _b.cidr == _p.cidr, _b.live)
    .correlate(prefixes)
    .scalar_subquery()
)
VIEWS: Final = (
    sa.select(
        prefixes,
        _NEWEST_TOKEN,
        _s.id.label("route_id"),
        _s.advertised.label("route_advertised"),
        _s.advertised_modified_at.label("route_at"),
        _s.locked.label("route_locked"),
        _s.last_valid_at.label("route_last_valid_at"),
        _WAITS.label("route_waits"),
        ((_s.prepend > 0) & prepends_lost(_s.asn)).label("route_prepend_lost"),
        _DEFAULT_BINDING.label("default_binding"),
        *announceable_sql.COLUMNS,
        LEAVING,
        *told_sql.COLUMNS,
    )
    .select_from(
        prefixes.outerjoin(_NEWEST_TOKEN, sa.true())
        .outerjoin(told_sql.SPANNING, (_s.prefix_id == _p.id) & (_s.cidr == _p.cidr) & _s.live)
        .outerjoin(told_sql.HELD, _s.id.is_not(None))
        .outerjoin(told_sql.OPEN_RUN, (told_sql.OPEN_RUN.c.prefix_id == _p.id) & told_sql.IS_OPEN)
    )
    .where(_p.live)
)

CLAIM: Final = compiled(VIEWS.where(*THIS_CLAIM))
# Of the account whose credential it is: with another's, there is none.
_ITS_CLAIM: Final = (
    VIEWS.where(THIS_CLAIM[0], _p.account_id == credentials.c.account_id)
    .correlate(credentials)
    .lateral("claim")
)
CLAIM_OF_HOLDER: Final = with_credential(_ITS_CLAIM)
CLAIMS: Final = compiled(paged(VIEWS.where(_ACCOUNT), prefixes))
_COUNT = sa.select(sa.func.count().label("held")).where(_ACCOUNT, _p.live)
_COUNT_CLAIMS: Final = compiled(_COUNT)

# Statements of their own: planned without knowing its values, a filter must not slow the whole
# list down. A value that is null admits all.
_is_approved = _p.state == constant(State.APPROVED)
_FILTERS: Final = (
    _p.cidr == sa.func.coalesce(sa.bindparam("wanted_cidr"), _p.cidr),
    _p.cidr.op("&&")(sa.func.coalesce(sa.bindparam("wanted_around"), _p.cidr)),
    _is_approved == sa.func.coalesce(sa.bindparam("wanted_approved"), _is_approved),
    _p.standing == sa.func.coalesce(sa.bindparam("wanted_standing", type_=sa.Text), _p.standing),
    sa.or_(
        ~sa.bindparam("wanted_waiting", type_=sa.Boolean),
        ~_is_approved,
        _p.standing != constant(Standing.OK),
        sa.func.cardinality(_p.frozen_for) > 0,
    ),
)
_SOME_CLAIMS: Final = compiled(paged(VIEWS.where(_ACCOUNT, *_FILTERS), prefixes))
_COUNT_SOME_CLAIMS: Final = compiled(_COUNT.where(*_FILTERS))

_removed = sa.select(prefixes).where(_ACCOUNT, _p.restorable_until >= sa.bindparam("now"), ~_p.live)
_REMOVED: Final = compiled(paged(_removed, prefixes, "restorable_until"))

_SLICE: Final = 10  # rows; views of them take 0.3 ms, with the most ROAs and origins 20 ms
_OWNS: Final = "ownership"
_START: Final = Cursor(datetime.min.replace(tzinfo=UTC), UUID(int=0))


class ClaimReader:
    """Claims of one account, one statement a read: nothing is locked, no transaction is opened."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)

    async def claim(self, account_id: UUID, claim_id: UUID) -> ClaimView:
        """One live claim.

        Raises:
            ClaimNotFound: not there, or another account's.
        """
        asked = {"account_id": account_id, "claim_id": claim_id}
        return claim_view(await self._autocommit.one(CLAIM, ClaimNotFound, **asked))

    def beside(self, claim_id: UUID) -> Beside:
        """One live claim of the account whose credential is recognised in the same statement."""
        return Beside(CLAIM_OF_HOLDER, {"claim_id": claim_id})

    def claim_beside(self, row: AnyRow) -> ClaimView:
        """What was read so.

        Raises:
            ClaimNotFound: not there, or another account's.
        """
        if row.id is None:
            raise ClaimNotFound
        return claim_view(row)

    async def claims(
        self,
        account_id: UUID,
        *,
        after: Cursor | None,
        limit: int,
        wanted: ClaimFilter = EVERY_CLAIM,
    ) -> Sequence[ClaimView]:
        """Live claims in the order of (created_at, id)."""
        asked = {"account_id": account_id, **page_of(after, limit)}
        if wanted == EVERY_CLAIM:
            rows = await self._autocommit.ask(CLAIMS, **asked)
        else:
            rows = await self._autocommit.ask(_SOME_CLAIMS, **asked, **_filter(wanted))
        return await in_slices(rows, claim_view, size=_SLICE)

    async def removed(
        self, account_id: UUID, *, now: datetime, after: Cursor | None, limit: int
    ) -> Sequence[Claim]:
        """Claims that the account has removed and can bring back, the soonest gone first.

        `after` has the end of a claim's grace, and its id.
        """
        asked = {"account_id": account_id, "now": now, **page_of(after, limit)}
        return [claim_from(row) for row in await self._autocommit.ask(_REMOVED, **asked)]

    async def count_claims(self, account_id: UUID, wanted: ClaimFilter = EVERY_CLAIM) -> int:
        """How many such live claims the account has."""
        if wanted == EVERY_CLAIM:
            (row,) = await self._autocommit.ask(_COUNT_CLAIMS, account_id=account_id)
        else:
            (row,) = await self._autocommit.ask(
                _COUNT_SOME_CLAIMS, account_id=account_id, **_filter(wanted)
            )
        return int(row.held)


def page_of(after: Cursor | None, limit: int) -> Mapping[str, object]:
    """What a paged statement asks for."""
    start = after or _START
    return {"after_time": start.created_at, "after_id": start.id, "page_size": limit}


def _filter(wanted: ClaimFilter) -> Mapping[str, object]:
    return {
        "wanted_cidr": wanted.prefix.network if wanted.prefix else None,
        "wanted_around": wanted.around,
        "wanted_approved": wanted.approved,
        "wanted_standing": wanted.standing,
        "wanted_waiting": wanted.waiting,
    }


def claim_view(row: AnyRow) -> ClaimView:
    """A row of VIEWS."""
    claim = claim_from(row)
    token = None if row.token_id is None else token_from(row, claim.prefix, claim.asn)
    route = None
    if row.route_advertised is not None:
        route = SpanningRoute(
            row.route_advertised,
            row.route_at,
            row.route_locked,
            row.route_last_valid_at,
            row.route_prepend_lost,
            row.route_waits,
            Applied(row.route_applied, row.route_applied_at),
            row.route_id,
        )
    bound = row.default_binding and Provisioning(row.default_binding)
    roas, waiver = announceable_sql.roas_from(row), announceable_sql.rpki_waiver_from(row)
    flaps, leaving = flaps_from(row.flaps), leaving_from(row)
    shown = claim, token, bound, route, roas, row.still_served, waiver, flaps, leaving
    run, own = told_sql.open_run_from(row), standing_from(row.own_asn)
    return ClaimView(*shown, run=run, own=own, still_bound=row.still_bound)


def claim_from(row: AnyRow) -> Claim:
    """A row of prefixes."""
    return from_row(
        Claim,
        row,
        prefix=Prefix(row.cidr),
        asn=Asn(row.asn),
        description=CustomerText(row.description),
        state=State(row.state),
        standing=Standing(row.standing),
        irr=_check(row.irr_state, row.irr_passed_at, row.findings.get("irr")),
        rpki=_check(row.rpki_state, row.rpki_passed_at, row.findings.get("rpki")),
        ownership=_check(row.ownership_state, row.ownership_passed_at, row.findings.get(_OWNS)),
        other_origins=tuple(_other_origin(one) for one in row.other_origins),
        approved_by=None if row.approved_by is None else Approver(row.approved_by),
        frozen_for=frozenset(map(Signal, row.frozen_for)),
        proof=Proof(row.proven_at, row.proof_ends_at, row.proof_told_at, row.proof_due_at),
    )


def _check(state: str, passed_at: datetime | None, found: Mapping[str, str] | None) -> CheckRecord:
    if not found:
        return _plain_check(state, passed_at)
    reason = found.get("reason")
    return CheckRecord(
        state=CheckState(state),
        passed_at=passed_at,
        reason=None if reason is None else Reason(reason),
        **{said: found.get(said, "") for said in ("seen", "fix", "doubt")},
    )


@lru_cache(maxsize=1000)
def _plain_check(state: str, passed_at: datetime | None) -> CheckRecord:
    """One that found nothing to tell: of most claims, and of many the same."""
    return CheckRecord(state=CheckState(state), passed_at=passed_at)


def _other_origin(kept: Mapping[str, Any]) -> OtherOrigin:
    return OtherOrigin(Asn(kept["asn"]), Prefix(ip_network(kept["prefix"])), kept["where"])
