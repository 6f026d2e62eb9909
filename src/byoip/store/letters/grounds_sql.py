"""What a letter may state: the newest pass of each check, with the parties that were asked."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.checks.evidence import WINDOW, Check
from byoip.domain.checks.validation_run import RunResult
from byoip.store.accounts.tables import accounts
from byoip.store.checks.tables import exhibits, findings, raw_answers, validation_runs
from byoip.store.claims.tables import prefixes
from byoip.store.columns import constant
from byoip.store.statements import compiled

_p = prefixes.c
MOST_ASKED: Final = 2  # questions for registration data in a run
_CLAIM: Final = sa.bindparam("claim_id", type_=sa.Uuid)

NAME: Final = compiled(
    sa.select(accounts.c.name)
    .join(prefixes, prefixes.c.account_id == accounts.c.id)
    .where(_p.id == _CLAIM)
)
# The newest pass of each check that counted for the approval, or came later: the run that approved
# may have got an answer to the last question only. Of ownership none of an earlier token.
_run = validation_runs.c
# Times of findings do not tell whether they are of that run, nor which is the newest: each worker
# has a clock of its own. So runs are numbered as they are recorded; those of before by their times.
_APPROVED = (
    _run.prefix_id == _p.id,
    _run.result == constant(RunResult.APPROVED),
    _run.finished_at >= _p.approved_at,
)
_approving = sa.exists().where(*_APPROVED)
_since = (
    sa.select(
        (_p.approved_at - sa.literal(WINDOW, sa.Interval)).label("any"),
        _p.ownership_passed_at.label("ownership"),
        sa.select(sa.func.max(_run.recorded))
        .where(*_APPROVED)
        .correlate(prefixes)
        .scalar_subquery()
        .label("approving"),
    )
    .where(_p.id == _CLAIM, _approving.correlate(prefixes))
    .cte("since")
)
_of_ownership = findings.c.check_name.in_(
    [constant(one) for one in (Check.OWNERSHIP_IRR, Check.OWNERSHIP_RDNS)]
)
_passes = (
    sa.select(findings)
    .ext(pg.distinct_on(findings.c.check_name))
    .join(validation_runs, _run.id == findings.c.run_id)
    .join(_since, sa.or_(findings.c.at >= _since.c.any, _run.recorded > _since.c.approving))
    .where(
        _run.prefix_id == _CLAIM,
        findings.c.outcome == sa.literal_column("'passed'"),
        sa.or_(~_of_ownership, findings.c.at >= _since.c.ownership),
    )
    .order_by(
        findings.c.check_name,
        _run.recorded.desc().nulls_last(),
        findings.c.at.desc(),
        findings.c.run_id,
    )
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
_of_zones = _passes.c.check_name == constant(Check.OWNERSHIP_RDNS)
# An older version has kept the answer: who showed the token is read from the zones' own texts.
_read_again = sa.and_(_of_zones, _passes.c.shown_by.is_(None), exhibits.c.asked.like("% TXT @%"))
PASSES: Final = compiled(
    sa.select(
        *(
            _passes.c[name].label(f"finding_{name}")
            for name in ("check_name", "outcome", "seen", "warnings", "at", "shown_by", "run_id")
        ),
        exhibits.c.asked,
        exhibits.c.whom,
        exhibits.c.at,
        sa.case((_read_again, exhibits.c.answer)).label("answer"),
        raw_answers.c.packed,
    )
    .select_from(
        _passes.outerjoin(
            exhibits,
            sa.and_(
                exhibits.c.run_id == _passes.c.run_id,
                exhibits.c.finding.in_(_where_found),
                # Where it is known who showed the token, one stands for hundreds.
                sa.or_(~_of_zones, _passes.c.shown_by.is_(None), exhibits.c.position == 0),
            ),
        ).outerjoin(raw_answers, sa.and_(raw_answers.c.sha256 == exhibits.c.kept, _read_again))
    )
    .order_by(_passes.c.check_name, exhibits.c.position)
)

# What statistics, and then registration data, said of the space as the claim was approved: the
# exhibits of one finding, of the run that approved it.
REGISTERED: Final = compiled(
    sa.select(
        *(exhibits.c[name] for name in ("run_id", "finding", "asked", "whom", "sha256", "answer")),
        exhibits.c.at,
        raw_answers.c.packed,
        findings.c.seen,
    )
    .select_from(
        exhibits.join(
            findings,
            sa.and_(
                findings.c.run_id == exhibits.c.run_id, findings.c.position == exhibits.c.finding
            ),
        )
        .join(validation_runs, _run.id == findings.c.run_id)
        .join(prefixes, _p.id == _run.prefix_id)
        .outerjoin(raw_answers, raw_answers.c.sha256 == exhibits.c.kept)
    )
    .where(
        _p.id == _CLAIM,
        *_APPROVED,
        findings.c.check_name == constant(Check.REGISTRATION),
    )
    .order_by(
        _run.recorded.desc().nulls_last(),
        _run.finished_at,
        *(findings.c.run_id, findings.c.position, exhibits.c.position),
    )
    .limit(1 + MOST_ASKED)
)
