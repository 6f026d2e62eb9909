"""What a letter may state: the newest pass of each check, with the parties that were asked."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.checks.evidence import Check
from byoip.domain.checks.validation_run import RunResult
from byoip.store.accounts.tables import accounts
from byoip.store.checks.tables import exhibits, findings, validation_runs
from byoip.store.claims.tables import prefixes
from byoip.store.columns import constant
from byoip.store.statements import compiled

_p = prefixes.c
_CLAIM: Final = sa.bindparam("claim_id", type_=sa.Uuid)

NAME: Final = compiled(
    sa.select(accounts.c.name)
    .join(prefixes, prefixes.c.account_id == accounts.c.id)
    .where(_p.id == _CLAIM)
)
# The newest pass of each check, of the run that led to the approval or of a later one.
_run = validation_runs.c
_approving = (
    sa.select(sa.func.max(_run.finished_at).label("at"))
    .join(prefixes, _run.prefix_id == _p.id)
    .where(
        _p.id == _CLAIM,
        _run.result == constant(RunResult.APPROVED),
        _run.finished_at >= _p.approved_at,
    )
    .cte("approving")
)
_passes = (
    sa.select(findings)
    .ext(pg.distinct_on(findings.c.check_name))
    .join(validation_runs, _run.id == findings.c.run_id)
    .join(_approving, _run.finished_at >= _approving.c.at)
    .where(_run.prefix_id == _CLAIM, findings.c.outcome == sa.literal_column("'passed'"))
    .order_by(findings.c.check_name, findings.c.at.desc(), findings.c.run_id)
    .cte("passes")
)
# The token stands in the route object that the irr check of the same run was shown.
_where_found = (
    sa.select(findings.c.position)
    .where(
        findings.c.run_id == _passes.c.run_id,
        sa.or_(
            findings.c.position == _passes.c.position,
            sa.and_(
                _passes.c.check_name == constant(Check.OWNERSHIP_IRR),
                findings.c.check_name == constant(Check.IRR),
            ),
        ),
    )
    .correlate(_passes)
)
PASSES: Final = compiled(
    sa.select(
        *(
            _passes.c[name].label(f"finding_{name}")
            for name in ("check_name", "outcome", "seen", "warnings", "at")
        ),
        exhibits.c.asked,
        exhibits.c.whom,
        exhibits.c.at,
    )
    .select_from(
        _passes.outerjoin(
            exhibits,
            sa.and_(exhibits.c.run_id == _passes.c.run_id, exhibits.c.finding.in_(_where_found)),
        )
    )
    .order_by(_passes.c.check_name, exhibits.c.position)
)
