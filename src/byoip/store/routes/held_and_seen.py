"""What speakers hold of a BGP prefix, and what is seen of it: laterals beside its row."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from byoip.store.routes.tables import bgp_prefixes
from byoip.store.routes.views import Applied, Observed
from byoip.store.speakers.tables import applied_routes, listeners, observed_routes, speakers
from byoip.store.statements import AnyRow

# How long an observation holds: the watcher confirms it each second, but may have died.
WORD_HOLDS: Final = timedelta(seconds=5)

_b, _a, _o = bgp_prefixes.c, applied_routes.c, observed_routes.c

_holding = sa.func.bool_or(_a.advertised)
APPLIED: Final = (
    sa.select(
        sa.func.coalesce(_holding, sa.false()).label("applied"),
        sa.case(
            (_holding, sa.func.min(_a.at).filter(_a.advertised)), else_=sa.func.max(_a.at)
        ).label("applied_at"),
    )
    .where(_a.bgp_prefix_id == _b.id)
    .correlate(bgp_prefixes)
    .lateral("held")
)
# The observer's last answer: it was about all settled routes that are advertised.
_answered: Final = sa.case(
    (
        _o.own_word,
        sa.select(speakers.c.told_at)
        .where(speakers.c.name == sa.func.split_part(_o.seen_by, sa.literal_column("' '"), 1))
        .scalar_subquery(),
    ),
    else_=sa.select(listeners.c.answered_at)
    .where(listeners.c.name == _o.seen_by)
    .scalar_subquery(),
)
# No observer looks for routes that are withdrawn and gone: their last observation holds.
_looked_for: Final = sa.or_(_b.advertised, _o.advertised)
_said_at: Final = sa.case(
    (sa.and_(_looked_for, _b.settled >= _b.change), sa.func.greatest(_o.at, _answered)), else_=_o.at
)
_holds: Final = sa.or_(
    ~_looked_for,
    _said_at > sa.func.now() - sa.literal_column(f"interval '{WORD_HOLDS.total_seconds():.0f} s'"),
)
# Which observation is shown: one that still holds first, then a listener's before a speaker's own
# report, one that sees the route before one that does not, and the newest.
OBSERVED: Final = (
    sa.select(
        sa.case((_holds, _o.advertised)).label("observed"),
        _said_at.label("observed_at"),
        _o.seen_by.label("observed_by"),
        _o.own_word.label("observed_own_word"),
    )
    .where(_o.bgp_prefix_id == _b.id)
    .order_by(_holds.desc(), _o.own_word, _o.advertised.desc(), _said_at.desc(), _o.seen_by)
    .limit(1)
    .correlate(bgp_prefixes)
    .lateral("seen")
)


def applied_from(row: AnyRow) -> Applied:
    """Columns of APPLIED."""
    return Applied(row.applied, row.applied_at)


def observed_from(row: AnyRow) -> Observed:
    """Columns of OBSERVED."""
    return Observed(row.observed, row.observed_at, row.observed_by, row.observed_own_word)
