"""Findings of runs and the raw answers that they rest on.

Text SQL: a run may have hundreds of exhibits, which JSON carries in one statement.
"""

from collections.abc import Container, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.checks import evidence
from byoip.domain.foreign_text import storable
from byoip.store.checks.raw_answers import unpacked
from byoip.store.checks.tables import exhibits, findings, raw_answers
from byoip.store.statements import AnyRow, Session, compiled, json

# Who showed a token is for letters, may be large, and comes once for each exhibit.
FINDING: Final = tuple(
    column.label(f"finding_{column.name}") for column in findings.c if column.name != "shown_by"
)
EXHIBIT: Final = tuple(
    column.label(f"exhibit_{column.name}") for column in (*exhibits.c, raw_answers.c.packed)
)


_KEEP: Final = compiled(
    sa.text("""
    WITH found AS (
        INSERT INTO findings
            (run_id, position, check_name, outcome, code, seen, fix, warnings, at, shown_by)
        SELECT :run_id, position, check_name, outcome, code, seen, fix, warnings, at, shown_by
        FROM jsonb_to_recordset(:findings) AS finding (
            position smallint, check_name text, outcome text, code text, seen text, fix text,
            warnings text[], at timestamptz, shown_by jsonb
        )
    )
    INSERT INTO exhibits
        (run_id, finding, position, asked, whom, sha256, at, size_bytes, kept)
    SELECT :run_id, finding, position, asked, whom, decode(sha256, 'hex'), at, size_bytes,
        CASE WHEN is_kept THEN decode(sha256, 'hex') END
    FROM jsonb_to_recordset(:exhibits) AS exhibit (
        finding smallint, position smallint, asked text, whom text, sha256 text, at timestamptz,
        size_bytes int, is_kept boolean
    )
    """)
)


async def keep_findings(
    session: Session, run_id: UUID, found: Sequence[evidence.Finding], kept: Container[bytes]
) -> None:
    """Keep findings and their exhibits, all in one statement.

    Of raw answers whose digests are not in `kept`, the digest stays.
    """
    asked = {
        "run_id": run_id,
        "findings": json(list(_findings(found))),
        "exhibits": json(list(_exhibits(found, kept))),
    }
    await session.put_off("findings", _KEEP, asked)


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


def _findings(found: Sequence[evidence.Finding]) -> Iterator[dict[str, Any]]:
    for position, finding in enumerate(found):
        yield {
            "position": position,
            "check_name": finding.check,
            "at": finding.at,
            **_outcome(finding.outcome),
        }


def _outcome(outcome: evidence.Outcome) -> dict[str, Any]:
    values: dict[str, Any] = {"code": None, "seen": storable(outcome.seen)}
    values |= {"fix": "", "warnings": [], "shown_by": None}
    if isinstance(outcome, evidence.Passed):
        warnings = [storable(warning) for warning in outcome.warnings]
        shown_by = [[one.zones, one.servers] for one in outcome.shown_by] or None
        return {**values, "outcome": "passed", "warnings": warnings, "shown_by": shown_by}
    if isinstance(outcome, evidence.Failed):
        fix = storable(outcome.fix)
        return {**values, "outcome": "failed", "code": outcome.reason, "fix": fix}
    fix = storable(outcome.fix)
    return {**values, "outcome": "unanswered", "code": outcome.fault, "fix": fix}


def _exhibits(
    found: Sequence[evidence.Finding], kept: Container[bytes]
) -> Iterator[dict[str, Any]]:
    for number, finding in enumerate(found):
        for position, exhibit in enumerate(finding.exhibits):
            yield {
                "finding": number,
                "position": position,
                "asked": storable(exhibit.asked),
                "whom": storable(exhibit.of),
                "sha256": exhibit.sha256,
                "size_bytes": len(exhibit.answer),
                "is_kept": bytes.fromhex(exhibit.sha256) in kept,
                "at": exhibit.at,
            }


def _outcome_from(row: AnyRow) -> evidence.Outcome:
    match row.finding_outcome:
        case "passed":
            pairs = getattr(row, "finding_shown_by", None) or ()
            shown_by = tuple(evidence.ShownBy(*map(tuple, pair)) for pair in pairs)
            return evidence.Passed(row.finding_seen, tuple(row.finding_warnings), shown_by=shown_by)
        case "failed":
            return evidence.Failed(
                evidence.Reason(row.finding_code), row.finding_seen, row.finding_fix
            )
        case _:
            return evidence.Unanswered(
                evidence.Fault(row.finding_code), row.finding_seen, row.finding_fix
            )
