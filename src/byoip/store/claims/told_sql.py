"""What a view of a claim tells besides: open run, bindings, what speakers hold of its route."""

from typing import Any, Final

import sqlalchemy as sa

from byoip.domain.checks.validation_run import RunState, Trigger, ValidationRun
from byoip.domain.claims.lifecycle import State
from byoip.store.bindings.tables import bindings
from byoip.store.checks.tables import validation_runs
from byoip.store.claims.tables import prefixes
from byoip.store.columns import constant
from byoip.store.routes.tables import bgp_prefixes
from byoip.store.speakers.tables import applied_routes
from byoip.store.statements import AnyRow

SPANNING: Final = bgp_prefixes.alias("spanning")
OPEN_RUN: Final = validation_runs.alias("open_run")
_a, _s, _r = applied_routes.c, SPANNING.c, OPEN_RUN.c

IS_OPEN: Final = _r.state.in_([constant(RunState.SCHEDULED), constant(RunState.RUNNING)])
_RUN: Final = {
    name: f"run_{name}"
    for name in ("id", "trigger", "state", "created_at", "due_at", "retries", "without_token")
}
_holding = sa.func.bool_or(_a.advertised)
HELD: Final = (
    sa.select(
        sa.func.coalesce(_holding, sa.false()).label("route_applied"),
        sa.case(
            (_holding, sa.func.min(_a.at).filter(_a.advertised)), else_=sa.func.max(_a.at)
        ).label("route_applied_at"),
    )
    .where(_a.bgp_prefix_id == _s.id)
    .correlate(SPANNING)
    .lateral("held")
)
_STILL_BOUND: Final = sa.and_(
    prefixes.c.state == constant(State.PENDING),
    sa.exists().where(bindings.c.prefix_id == prefixes.c.id, bindings.c.live).correlate(prefixes),
)
COLUMNS: Final[tuple[sa.ColumnElement[Any], ...]] = (
    *(_r[name].label(label) for name, label in _RUN.items()),
    HELD.c.route_applied,
    HELD.c.route_applied_at,
    _STILL_BOUND.label("still_bound"),
)


def open_run_from(row: AnyRow) -> ValidationRun | None:
    """Columns COLUMNS; None: no run is out, and none waits."""
    if row.run_id is None:
        return None
    return ValidationRun(
        row.run_id,
        row.id,
        Trigger(row.run_trigger),
        row.run_created_at,
        row.run_due_at,
        state=RunState(row.run_state),
        retries=row.run_retries,
        without_token=row.run_without_token,
    )
