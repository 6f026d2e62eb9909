"""What a letter may state of a claim, as the runs that proved it have left it."""

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from byoip.domain.checks.evidence import Finding, RawAnswer
from byoip.domain.checks.registry import Basis, kept_rows, named_registry
from byoip.domain.customer_text import CustomerText
from byoip.store.checks.evidence import finding_from
from byoip.store.checks.raw_answers import unpacked
from byoip.store.letters.grounds_sql import NAME, PASSES, REGISTERED
from byoip.store.statements import AnyRow, Session


@dataclass(frozen=True, slots=True)
class LetterGrounds:
    """What a letter may state of a claim besides the claim itself.

    Attributes:
        account_name: the customer's own words.
        findings: the newest pass of each check since, and including, the run that approved it;
            without raw answers, but for the texts of zones where it is not known who showed them;
            where it is known, with one exhibit.
        registered: what statistics said of the space as it was approved (`rows_to_keep`); None
            where the answer was not kept, of which only the digest is known.
        registry: key of the one that was responsible then, and not of the one that is since; None
            where that is not known.
        basis: how it was known; None where the settings had no such registry, and irr was waived.
        registrants: what registration data said then, with its raw answers where they were kept.
        runs: those of the findings.
    """

    account_name: CustomerText
    findings: tuple[Finding, ...]
    registered: bytes | None
    registered_sha256: bytes | None
    registry: str | None
    basis: Basis | None
    registrants: tuple[RawAnswer, ...] = ()
    runs: frozenset[UUID] = frozenset()


async def read_grounds(session: Session, claim_id: UUID) -> LetterGrounds | None:
    """What a letter may state; None if no validation run has led to the approval."""
    name = await session.row(NAME, claim_id=claim_id)
    rows = await session.rows(PASSES, claim_id=claim_id)
    if name is None or not rows:
        return None
    passed = groupby(rows, attrgetter("finding_check_name"))
    found = [_finding(list(lines)) for _, lines in passed]
    kept, *more = await session.rows(REGISTERED, claim_id=claim_id) or [None]
    answer = None if kept is None else _answer(kept)
    digest = None if kept is None else kept.sha256
    registry, basis = _responsible(kept, answer)
    return LetterGrounds(
        *(CustomerText(name.name), tuple(found), answer, digest, registry, basis),
        registrants=tuple(_raw(one) for one in more if _together(one, kept)),
        runs=frozenset(one.finding_run_id for one in rows),
    )


def _finding(lines: list[AnyRow]) -> Finding:
    shown = [_raw(one) for one in lines if one.at is not None]
    return finding_from(lines[0], tuple(shown))


def _responsible(kept: AnyRow | None, answer: bytes | None) -> tuple[str | None, Basis | None]:
    """The registry as the claim was approved; where the settings had none, that of the rows."""
    if kept is None:
        return None, None
    if named := named_registry(kept.seen):
        return named
    keys = {one.registry for one in kept_rows(answer or b"[]")}
    return (keys.pop() if len(keys) == 1 else None), None


def _together(one: AnyRow, other: AnyRow) -> bool:
    """Whether both are exhibits of the same finding."""
    return bool((one.run_id, one.finding) == (other.run_id, other.finding))


def _raw(kept: AnyRow) -> RawAnswer:
    return RawAnswer(kept.asked, kept.whom, _answer(kept) or b"", kept.at)


def _answer(kept: AnyRow) -> bytes | None:
    if kept.packed is not None:
        return unpacked(kept.packed)
    return None if kept.answer is None else bytes(kept.answer)
