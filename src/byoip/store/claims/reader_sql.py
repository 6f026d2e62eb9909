"""The statements of `reader.py`, made and compiled once."""

from typing import Any, Final

import sqlalchemy as sa

from byoip.store.bindings.bindings import BINDING, BINDING_SOURCE
from byoip.store.bindings.tables import bindings, services
from byoip.store.checks.evidence import EXHIBIT, FINDING
from byoip.store.checks.tables import exhibits, findings, raw_answers, validation_runs
from byoip.store.claims.claim_reader import PAGE_SIZE, THIS_CLAIM, paged
from byoip.store.claims.tables import (
    account_event_counters,
    event_counters,
    events,
    prefixes,
    validation_tokens,
)
from byoip.store.routes.awaited import WAITING
from byoip.store.routes.held_and_seen import APPLIED, OBSERVED
from byoip.store.routes.tables import bgp_prefixes
from byoip.store.statements import compiled

_p, _t, _b = prefixes.c, validation_tokens.c, bindings.c
_r, _f, _x = validation_runs.c, findings.c, exhibits.c


def _of_claim(rows: sa.Select[Any]) -> Any:
    """Rows that refer to a claim, for joining them to it."""
    return rows.correlate(prefixes).lateral("page")


def _with(rows: Any, *columns: Any) -> sa.Select[Any]:
    """A claim of the account, closed or not, and what hangs on it: where that is nothing, a row."""
    return sa.select(*columns).select_from(prefixes.outerjoin(rows, sa.true())).where(*THIS_CLAIM)


def _with_live(rows: Any, *columns: Any) -> sa.Select[Any]:
    return _with(rows, *columns).where(_p.live)


_VERSION: Final = _p.version.label("prefix_version")

_page = paged(sa.select(validation_tokens).where(_t.prefix_id == _p.id), validation_tokens)
_tokens = _of_claim(_page)
_named = (one.label(f"token_{one.name}") for one in _tokens.c)
TOKENS: Final = compiled(
    _with_live(_tokens, _p.account_id, _p.cidr, _p.asn, *_named).order_by(
        _tokens.c.created_at, _tokens.c.id
    )
)

_served = sa.select(*BINDING).select_from(BINDING_SOURCE).where(_b.prefix_id == _p.id, _b.live)
_bindings = _of_claim(paged(_served, bindings))
BINDINGS: Final = compiled(
    _with_live(_bindings, _bindings).order_by(_bindings.c.created_at, _bindings.c.id)
)
_binding = _of_claim(_served.where(_b.id == sa.bindparam("binding_id")))
ONE_BINDING: Final = compiled(_with_live(_binding, _binding, _VERSION))

_routes: Final = (
    sa.select(*bgp_prefixes.c, *APPLIED.c, *OBSERVED.c, *WAITING.c)
    .select_from(
        bgp_prefixes.join(APPLIED, sa.true())
        .outerjoin(OBSERVED, sa.true())
        .outerjoin(WAITING, sa.true())
    )
    .where(bgp_prefixes.c.prefix_id == _p.id, bgp_prefixes.c.live)
)


def _with_routes(routes: sa.Select[Any]) -> sa.Select[Any]:
    page = _of_claim(routes)
    shown = _with_live(page, page, _p.account_id, _VERSION)
    return shown.order_by(page.c.created_at, page.c.id)


BGP_PREFIXES: Final = compiled(_with_routes(paged(_routes, bgp_prefixes)))
ONE_BGP_PREFIX: Final = compiled(
    _with_routes(_routes.where(bgp_prefixes.c.id == sa.bindparam("bgp_prefix_id")))
)
SPANNING_BGP_PREFIX: Final = compiled(_with_routes(_routes.where(bgp_prefixes.c.cidr == _p.cidr)))

_ours = sa.select(validation_runs).where(_r.prefix_id == _p.id)
_runs = _of_claim(paged(_ours, validation_runs))
RUNS: Final = compiled(
    sa.select(_runs, *FINDING, sa.null().label("exhibit_at"))
    .select_from(prefixes.outerjoin(_runs, sa.true()).outerjoin(findings, _f.run_id == _runs.c.id))
    .where(*THIS_CLAIM, _p.live)
    .order_by(_runs.c.created_at, _runs.c.id, _f.position)
)
_run = _of_claim(_ours.where(_r.id == sa.bindparam("run_id")))
RUN: Final = compiled(
    sa.select(_run, *FINDING, *EXHIBIT)
    .select_from(
        prefixes.outerjoin(_run, sa.true())
        .outerjoin(findings, _f.run_id == _run.c.id)
        .outerjoin(exhibits, (_x.run_id == _f.run_id) & (_x.finding == _f.position))
        .outerjoin(raw_answers, raw_answers.c.sha256 == _x.kept)
    )
    .where(*THIS_CLAIM, _p.live)
    .order_by(_f.position, _x.position)
)

_last = _of_claim(_ours.order_by(_r.created_at.desc(), _r.id.desc()).limit(1))
NEWEST_RUN: Final = compiled(
    sa.select(_last, *FINDING, sa.null().label("exhibit_at"))
    .select_from(prefixes.outerjoin(_last, sa.true()).outerjoin(findings, _f.run_id == _last.c.id))
    .where(*THIS_CLAIM, _p.live)
    .order_by(_f.position)
)
# Whom a run has asked, without what they said: some megabytes of a run may be kept.
ASKED: Final = compiled(
    sa.select(_f.check_name, _x.whom, sa.func.max(_x.at).label("at"))
    .select_from(
        prefixes.join(validation_runs, _r.prefix_id == _p.id)
        .join(findings, _f.run_id == _r.id)
        .join(exhibits, (_x.run_id == _f.run_id) & (_x.finding == _f.position))
    )
    .where(*THIS_CLAIM, _p.live, _r.id == sa.bindparam("run_id"))
    .group_by(_f.check_name, _x.whom)
    .order_by(_f.check_name, _x.whom)
)

# Of what an account did before the prefix moved, the next one reads no credentials and requests.
_hidden = sa.and_(
    events.c.account_id != _p.account_id,
    events.c.actor.like("credential:%"),
    sa.bindparam("to_its_owner", type_=sa.Boolean),
)
_account: Final = sa.func.concat(
    "account:", sa.func.replace(sa.cast(events.c.account_id, sa.Text), "-", "")
)
_later = _of_claim(
    sa.select(
        *(one for one in events.c if one.name not in {"actor", "request_id"}),
        sa.case((_hidden, _account), else_=events.c.actor).label("actor"),
        sa.case((_hidden, ""), else_=events.c.request_id).label("request_id"),
    )
    .where(events.c.prefix_id == _p.id, events.c.number > sa.bindparam("after_number"))
    .order_by(events.c.number)
    .limit(PAGE_SIZE)
)
EVENTS: Final = compiled(_with(_later, _later).order_by(_later.c.number))

ACCOUNT_EVENTS: Final = compiled(
    sa.select(events)
    .where(
        events.c.account_id == sa.bindparam("account_id"),
        events.c.account_number > sa.bindparam("after_number"),
    )
    .order_by(events.c.account_number)
    .limit(PAGE_SIZE)
)
# The counters themselves, which no clean-up of old events moves.
NEWEST_EVENT: Final = compiled(
    sa.select(sa.func.coalesce(event_counters.c.last, 0).label("last"))
    .select_from(prefixes.outerjoin(event_counters, event_counters.c.prefix_id == _p.id))
    .where(*THIS_CLAIM)
)
NEWEST_ACCOUNT_EVENT: Final = compiled(
    sa.select(account_event_counters.c.last).where(
        account_event_counters.c.account_id == sa.bindparam("account_id")
    )
)

SERVICES: Final = compiled(sa.select(services).where(services.c.live).order_by(services.c.name))
