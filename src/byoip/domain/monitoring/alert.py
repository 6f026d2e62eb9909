"""What one alert is made of."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whom an alert calls, and when."""

    PAGE = "page"  # a person, at once
    TICKET = "ticket"  # the next working day will do
    NONE = "none"  # no person: silence is what calls one


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule.

    Attributes:
        expression: in PromQL; it yields what is wrong.
        hold: for how long it must be so, as Prometheus writes durations.
        says: one sentence; `{label}` stands for that label's value.
        section: heading of `docs/runbook.md`; `{kind}`: the one of that name.
    """

    name: str
    expression: str
    hold: str
    severity: Severity
    says: str
    section: str


def most(metric: str, label: str = "") -> str:
    """The largest of a job's copies, for each value of a label."""
    return f"max by (job{f', {label}' if label else ''}) ({metric})"
