"""What a view of a claim on its way out adds: how far it has come, and what it waits for."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from byoip.domain.claims.lifecycle import Standing
from byoip.domain.jobs.job_history import JobKind
from byoip.domain.routes.breaker import TripScope
from byoip.domain.routes.leaving import Leaving
from byoip.domain.routes.offboarding import Step
from byoip.store.claims.tables import prefixes
from byoip.store.columns import constant
from byoip.store.jobs.tables import job_runs, job_switches
from byoip.store.routes.bgp_prefixes import LINGERS
from byoip.store.routes.tables import bgp_prefixes, breaker_trips, offboardings
from byoip.store.statements import AnyRow

_p, _b, _o, _t = prefixes.c, bgp_prefixes.c, offboardings.c, breaker_trips.c
_s, _r = job_switches.c, job_runs.c
_OFFBOARD: Final = constant(JobKind.OFFBOARD)


def _routes(*those: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    of_claim = _b.prefix_id == _o.prefix_id
    return sa.select(sa.func.count()).where(of_claim, _b.live, *those).scalar_subquery()


_stopped = sa.select(_t.scope).where(_t.id == _o.parked_by, _t.live).scalar_subquery()
_halted = sa.or_(
    sa.exists().where(_s.kind == _OFFBOARD, _s.stopped),
    sa.exists().where(_r.waits, _r.kind == _OFFBOARD, _o.prefix_id == sa.func.any(_r.ids)),
)
_offboarding = (
    sa.select(
        sa.func.jsonb_build_array(
            _o.step,
            _routes(_b.advertised),
            _routes(_b.advertised, _b.locked),
            _routes(LINGERS),
            _o.next_at,
            _stopped,
            _halted,
        )
    )
    .where(_o.prefix_id == _p.id, _o.live)
    .correlate(prefixes)
    .scalar_subquery()
)
# Of other claims nothing is looked up.
LEAVING: Final = sa.case((_p.standing == constant(Standing.OFFBOARDING), _offboarding)).label(
    "leaving"
)


def leaving_from(row: AnyRow) -> Leaving | None:
    """Column LEAVING; None: it is not on its way out."""
    if row.leaving is None:
        return None
    step, left, locked, lingering, next_at, stopped, halted = row.leaving
    return Leaving(
        Step(step),
        left,
        locked,
        lingering,
        None if next_at is None else datetime.fromisoformat(next_at),
        None if stopped is None else TripScope(stopped),
        halted,
    )
