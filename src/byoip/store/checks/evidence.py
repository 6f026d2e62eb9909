"""Findings of runs and the raw answers that they rest on."""

from collections.abc import Container, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.checks import evidence
from byoip.store.checks.raw_answers import unpacked
from byoip.store.checks.tables import exhibits, findings, raw_answers
from byoip.store.statements import AnyRow, Session, Statement, compiled, storable

FINDING: Final = tuple(column.label(f"finding_{column.name}") for column in findings.c)
EXHIBIT: Final = tuple(
    column.label(f"exhibit_{column.name}") for column in (*exhibits.c, raw_answers.c.packed)
)


async def keep_findings(
    session: Session, run_id: UUID, found: Sequence[evidence.Finding], kept: Container[bytes]
) -> None:
    """Keep findings and their exhibits, each kind in one statement.

    Of raw answers whose digests are not in `kept`, the digest stays.
    """
    await _insert_all(session, findings, list(_findings(run_id, found)))
    await _insert_all(session, exhibits, list(_exhibits(run_id, found, kept)))


def finding_from(row: AnyRow, exhibits_: tuple[evidence.RawAnswer, ...]) -> evidence.Finding:
    """Columns FINDING, and what was shown for it."""
    return evidence.Finding(
        evidence.Check(row.finding_check_name), _outcome_from(row), row.finding_at, exhibits_
    )


def exhibit_from(row: AnyRow) -> evidence.RawAnswer:
    """Columns EXHIBIT."""
    answer, gone = row.exhibit_answer, None
    if row.exhibit_packed is not None:
        answer = unpacked(row.exhibit_packed)
    elif answer is None and row.exhibit_size_bytes:
        gone = evidence.GoneAnswer(row.exhibit_sha256.hex(), row.exhibit_size_bytes)
    return evidence.RawAnswer(
        row.exhibit_asked, row.exhibit_whom, answer or b"", row.exhibit_at, gone
    )


async def _insert_all(session: Session, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
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
def _insert(table: sa.Table, names: tuple[str, ...], count: int) -> Statement:
    rows = [
        {name: sa.bindparam(f"{name}_{number}", type_=table.c[name].type) for name in names}
        for number in range(count)
    ]
    return compiled(sa.insert(table).values(rows))


def _findings(run_id: UUID, found: Sequence[evidence.Finding]) -> Iterator[dict[str, Any]]:
    for position, finding in enumerate(found):
        yield {
            "run_id": run_id,
            "position": position,
            "check_name": finding.check,
            "at": finding.at,
            **_outcome(finding.outcome),
        }


def _outcome(outcome: evidence.Outcome) -> dict[str, Any]:
    values: dict[str, Any] = {"code": None, "seen": storable(outcome.seen)}
    values |= {"fix": "", "warnings": []}
    if isinstance(outcome, evidence.Passed):
        warnings = [storable(warning) for warning in outcome.warnings]
        return {**values, "outcome": "passed", "warnings": warnings}
    if isinstance(outcome, evidence.Failed):
        fix = storable(outcome.fix)
        return {**values, "outcome": "failed", "code": outcome.reason, "fix": fix}
    fix = storable(outcome.fix)
    return {**values, "outcome": "unanswered", "code": outcome.fault, "fix": fix}


def _exhibits(
    run_id: UUID, found: Sequence[evidence.Finding], kept: Container[bytes]
) -> Iterator[dict[str, Any]]:
    for number, finding in enumerate(found):
        for position, exhibit in enumerate(finding.exhibits):
            digest = bytes.fromhex(exhibit.sha256)
            yield {
                "run_id": run_id,
                "finding": number,
                "position": position,
                "asked": storable(exhibit.asked),
                "whom": storable(exhibit.of),
                "sha256": digest,
                "size_bytes": len(exhibit.answer),
                "kept": digest if digest in kept else None,
                "at": exhibit.at,
            }


def _outcome_from(row: AnyRow) -> evidence.Outcome:
    match row.finding_outcome:
        case "passed":
            return evidence.Passed(row.finding_seen, tuple(row.finding_warnings))
        case "failed":
            return evidence.Failed(
                evidence.Reason(row.finding_code), row.finding_seen, row.finding_fix
            )
        case _:
            return evidence.Unanswered(
                evidence.Fault(row.finding_code), row.finding_seen, row.finding_fix
            )
