"""The statements of `reader.py`, made and compiled once."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Select,
    Uuid,
    bindparam,
    func,
    null,
    select,
    true,
)

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
from byoip.store.routes.bgp_prefixes import APPLIED, OBSERVED
from byoip.store.routes.tables import bgp_prefixes
from byoip.store.statements import compiled

_p, _t, _b = prefixes.c, validation_tokens.c, bindings.c
_r, _f, _x = validation_runs.c, findings.c, exhibits.c

_page = paged(select(validation_tokens).where(_t.prefix_id == _p.id), validation_tokens)
_tokens = _page.correlate(prefixes).lateral("page")
TOKENS: Final = compiled(
    select(_p.account_id, _p.cidr, _p.asn, *(one.label(f"token_{one.name}") for one in _tokens.c))
    .select_from(prefixes.outerjoin(_tokens, true()))
    .where(*THIS_CLAIM, _p.live)
    .order_by(_tokens.c.created_at, _tokens.c.id)
)

_served = select(*BINDING).select_from(BINDING_SOURCE)
_of_claim = _served.where(_b.prefix_id == _p.id, _b.live)
_bindings = paged(_of_claim, bindings).correlate(prefixes).lateral("page")
BINDINGS: Final = compiled(
    select(_bindings)
    .select_from(prefixes.outerjoin(_bindings, true()))
    .where(*THIS_CLAIM, _p.live)
    .order_by(_bindings.c.created_at, _bindings.c.id)
)
_one_binding = _of_claim.where(_b.id == bindparam("binding_id", type_=Uuid))
_binding = _one_binding.correlate(prefixes).lateral("page")
ONE_BINDING: Final = compiled(
    select(_binding, _p.version.label("prefix_version"))
    .select_from(prefixes.outerjoin(_binding, true()))
    .where(*THIS_CLAIM, _p.live)
)

_routes: Final = (
    select(*bgp_prefixes.c, *APPLIED.c, *OBSERVED.c)
    .select_from(bgp_prefixes.join(APPLIED, true()).outerjoin(OBSERVED, true()))
    .where(bgp_prefixes.c.prefix_id == _p.id, bgp_prefixes.c.live)
)


def _with_claim(routes: Select[Any]) -> Select[Any]:
    page = routes.correlate(prefixes).lateral("page")
    return (
        select(page, _p.account_id, _p.version.label("prefix_version"))
        .select_from(prefixes.outerjoin(page, true()))
        .where(*THIS_CLAIM, _p.live)
        .order_by(page.c.created_at, page.c.id)
    )


BGP_PREFIXES: Final = compiled(_with_claim(paged(_routes, bgp_prefixes)))
ONE_BGP_PREFIX: Final = compiled(
    _with_claim(_routes.where(bgp_prefixes.c.id == bindparam("bgp_prefix_id", type_=Uuid)))
)
SPANNING_BGP_PREFIX: Final = compiled(_with_claim(_routes.where(bgp_prefixes.c.cidr == _p.cidr)))

_runs = (
    paged(select(validation_runs).where(_r.prefix_id == _p.id), validation_runs)
    .correlate(prefixes)
    .lateral("page")
)
RUNS: Final = compiled(
    select(_runs, *FINDING, null().label("exhibit_at"))
    .select_from(prefixes.outerjoin(_runs, true()).outerjoin(findings, _f.run_id == _runs.c.id))
    .where(*THIS_CLAIM, _p.live)
    .order_by(_runs.c.created_at, _runs.c.id, _f.position)
)
_run = (
    select(validation_runs)
    .where(_r.prefix_id == _p.id, _r.id == bindparam("run_id", type_=Uuid))
    .correlate(prefixes)
    .lateral("page")
)
RUN: Final = compiled(
    select(_run, *FINDING, *EXHIBIT)
    .select_from(
        prefixes.outerjoin(_run, true())
        .outerjoin(findings, _f.run_id == _run.c.id)
        .outerjoin(exhibits, (_x.run_id == _f.run_id) & (_x.finding == _f.position))
        .outerjoin(raw_answers, raw_answers.c.sha256 == _x.kept)
    )
    .where(*THIS_CLAIM, _p.live)
    .order_by(_f.position, _x.position)
)

_later = (
    select(events)
    .where(
        events.c.prefix_id == _p.id,
        events.c.number > bindparam("after_number", type_=BigInteger),
    )
    .order_by(events.c.number)
    .limit(PAGE_SIZE)
    .correlate(prefixes)
    .lateral("page")
)
EVENTS: Final = compiled(
    select(_later)
    .select_from(prefixes.outerjoin(_later, true()))
    .where(*THIS_CLAIM)  # closed ones too
    .order_by(_later.c.number)
)

ACCOUNT_EVENTS: Final = compiled(
    select(events)
    .where(
        events.c.account_id == bindparam("account_id", type_=Uuid),
        events.c.account_number > bindparam("after_number", type_=BigInteger),
    )
    .order_by(events.c.account_number)
    .limit(PAGE_SIZE)
)
# The counters themselves, which no clean-up of old events moves.
NEWEST_EVENT: Final = compiled(
    select(func.coalesce(event_counters.c.last, 0).label("last"))
    .select_from(prefixes.outerjoin(event_counters, event_counters.c.prefix_id == _p.id))
    .where(*THIS_CLAIM)
)
NEWEST_ACCOUNT_EVENT: Final = compiled(
    select(account_event_counters.c.last).where(
        account_event_counters.c.account_id == bindparam("account_id", type_=Uuid)
    )
)

SERVICES: Final = compiled(select(services).where(services.c.live).order_by(services.c.name))
