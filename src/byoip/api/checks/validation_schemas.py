"""Validation runs on the wire: what each check found, with its evidence."""

import base64
from typing import Any, Literal

from pydantic import BaseModel, Field

from byoip.api.border.envelope import Id, SecretText, Time, Wire, answer_of, example
from byoip.api.document.meanings import documented_at
from byoip.domain.checks import evidence
from byoip.domain.checks.evidence import Failed, Finding, Passed, Unanswered
from byoip.domain.checks.validation_run import RunResult, RunState, Trigger
from byoip.store.claims.views import RunView

CHECK_EXAMPLE: dict[str, Any] = {
    "check": "ownership_rdns",
    "end": "failed",
    "reason": "token_not_in_every_zone",
    "fault": None,
    "seen": "1 of 2 zones carries the token.",
    "fix": 'Publish byoip-validation.1.18.198.in-addr.arpa. IN TXT "4f0c1f3a9b5de0a65a2b1a7c..."',
    "documentation_url": "/errors#token_not_in_every_zone",
    "warnings": [],
    "at": "2026-11-02T09:31:07Z",
}
RUN_EXAMPLE: dict[str, Any] = {
    "id": "9d1e7c5b2a3f4e6d8c9b0a1f2e3d4c5b",
    "trigger": "customer",
    "state": "finished",
    "result": "failed",
    "created_at": "2026-11-02T09:31:00Z",
    "due_at": "2026-11-02T09:31:00Z",
    "started_at": "2026-11-02T09:31:00Z",
    "finished_at": "2026-11-02T09:31:07Z",
    "checks": [CHECK_EXAMPLE],
}
EVIDENCE_EXAMPLE: dict[str, Any] = {
    "asked": "byoip-validation.1.18.198.in-addr.arpa. TXT",
    "of": "192.0.2.53:53",
    "at": "2026-11-02T09:31:06Z",
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "size_bytes": 0,
    "kept": True,
    "encoding": "text",
    "answer": "",
}
RUN_WITH_EVIDENCE: dict[str, Any] = RUN_EXAMPLE | {
    "checks": [CHECK_EXAMPLE | {"evidence": [EVIDENCE_EXAMPLE]}]
}


class CheckFinding(Wire):
    """How one check ended."""

    model_config = example(**CHECK_EXAMPLE)

    check: evidence.Check
    end: Literal["passed", "failed", "unanswered"] = Field(
        description="`unanswered` says nothing about the prefix."
    )
    reason: evidence.Reason | None = Field(description="Why it failed; stable.")
    fault: evidence.Fault | None = Field(description="Why it could not be answered.")
    seen: str
    fix: SecretText = Field(description="What to do about it; empty where it passed.")
    documentation_url: str | None = Field(
        description="What its reason means; below the server's address. null: it has none."
    )
    warnings: list[str]
    at: Time


class Evidence(Wire):
    """One question to one outside party, and its raw answer."""

    model_config = example(**EVIDENCE_EXAMPLE)

    asked: str
    of: str = Field(description="The party that was asked.")
    at: Time
    sha256: str = Field(description="Of the answer as kept, hex.")
    size_bytes: int
    kept: bool = Field(
        description="Whether the raw answer is still here: of older runs only its digest is."
    )
    encoding: Literal["text", "base64"] = Field(
        description="`text` where the raw answer is UTF-8 without control characters."
    )
    answer: SecretText = Field(description="The raw answer.")


class CheckWithEvidence(CheckFinding):
    """How one check ended, and on what evidence."""

    model_config = example(**CHECK_EXAMPLE, evidence=[EVIDENCE_EXAMPLE])

    evidence: list[Evidence]


class _Run(BaseModel):
    id: Id
    trigger: Trigger
    state: RunState
    result: RunResult | None
    created_at: Time
    due_at: Time = Field(description="When it may start.")
    started_at: Time | None
    finished_at: Time | None


class Validation(_Run, Wire):
    """One run of the checks."""

    model_config = example(**RUN_EXAMPLE)

    checks: list[CheckFinding]


class ValidationWithEvidence(_Run, Wire):
    """One run of the checks, with everything that was asked and answered."""

    model_config = example(**RUN_WITH_EVIDENCE)

    checks: list[CheckWithEvidence]


ValidationAnswer = answer_of(ValidationWithEvidence, "Validation")


def validation_of(view: RunView) -> Validation:
    """A run as lists show it."""
    return Validation.showing(view.run, checks=[finding_of(finding) for finding in view.findings])


def validation_with_evidence(view: RunView) -> ValidationWithEvidence:
    """A run with all that was asked and answered."""
    checks = [
        CheckWithEvidence(
            **dict(finding_of(finding)),
            evidence=[evidence_of(exhibit) for exhibit in finding.exhibits],
        )
        for finding in view.findings
    ]
    return ValidationWithEvidence.showing(view.run, checks=checks)


def finding_of(finding: Finding) -> CheckFinding:
    """A finding without its evidence."""
    outcome = finding.outcome
    return CheckFinding.showing(
        finding,
        end=_end(outcome),
        reason=outcome.reason if isinstance(outcome, Failed) else None,
        fault=outcome.fault if isinstance(outcome, Unanswered) else None,
        seen=outcome.seen,
        fix="" if isinstance(outcome, Passed) else outcome.fix,
        documentation_url=(documented_at(outcome.reason) if isinstance(outcome, Failed) else None),
        warnings=outcome.warnings if isinstance(outcome, Passed) else [],
    )


def evidence_of(exhibit: evidence.RawAnswer) -> Evidence:
    """A raw answer: as text where it is text, else in base64."""
    text = _readable(exhibit.answer)
    return Evidence.showing(
        exhibit,
        size_bytes=exhibit.gone.size_bytes if exhibit.gone else len(exhibit.answer),
        kept=exhibit.gone is None,
        encoding="base64" if text is None else "text",
        answer=base64.b64encode(exhibit.answer).decode("ascii") if text is None else text,
    )


def _end(outcome: evidence.Outcome) -> Literal["passed", "failed", "unanswered"]:
    match outcome:
        case Passed():
            return "passed"
        case Failed():
            return "failed"
        case Unanswered():
            return "unanswered"


def _readable(raw: bytes) -> str | None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    # Not `translate`: where one character is not ASCII that looks up each of four million.
    shown = text.replace("\t", " ").replace("\r", " ").replace("\n", " ")
    return text if shown.isprintable() else None
