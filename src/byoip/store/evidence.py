from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, insert

from byoip.domain.evidence import Failed, Finding, Outcome, Passed
from byoip.store.rows import storable
from byoip.store.statements import Session, Statement, compiled
from byoip.store.tables_history import exhibits, findings


async def keep_findings(session: Session, run_id: UUID, found: Sequence[Finding]) -> None:
    """Keep findings and their exhibits, each kind in one statement."""
    await _insert_all(session, findings, list(_findings(run_id, found)))
    await _insert_all(session, exhibits, list(_exhibits(run_id, found)))


async def _insert_all(session: Session, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    # A hundred at a time: a statement has at most 65535 parameters.
    for start in range(0, len(rows), 100):
        part = rows[start : start + 100]
        numbered = {
            f"{name}_{number}": value
            for number, row in enumerate(part)
            for name, value in row.items()
        }
        await session.change(_insert(table, tuple(part[0]), len(part)), **numbered)


@lru_cache(maxsize=256)
def _insert(table: Table, names: tuple[str, ...], count: int) -> Statement:
    rows = [
        {name: bindparam(f"{name}_{number}", type_=table.c[name].type) for name in names}
        for number in range(count)
    ]
    return compiled(insert(table).values(rows))


def _findings(run_id: UUID, found: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    for position, finding in enumerate(found):
        yield {
            "run_id": run_id,
            "position": position,
            "check_name": finding.check,
            "at": finding.at,
            **_outcome(finding.outcome),
        }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    values: dict[str, Any] = {"code": None, "seen": storable(outcome.seen)}
    values |= {"fix": "", "warnings": []}
    if isinstance(outcome, Passed):
        warnings = [storable(warning) for warning in outcome.warnings]
        return {**values, "outcome": "passed", "warnings": warnings}
    if isinstance(outcome, Failed):
        fix = storable(outcome.fix)
        return {**values, "outcome": "failed", "code": outcome.reason, "fix": fix}
    return {**values, "outcome": "unanswered", "code": outcome.fault}


def _exhibits(run_id: UUID, found: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    for number, finding in enumerate(found):
        for position, exhibit in enumerate(finding.exhibits):
            yield {
                "run_id": run_id,
                "finding": number,
                "position": position,
                "asked": storable(exhibit.asked),
                "whom": storable(exhibit.of),
                "answer": exhibit.answer,
                "at": exhibit.at,
            }
