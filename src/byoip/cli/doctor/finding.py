"""What the doctor finds: one thing that was looked at, how it stands, and the fix."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How one thing stands."""

    OK = "ok"
    NOTE = "note"  # to know of, not to mend
    FAULT = "fault"
    UNKNOWN = "unknown"  # another fault keeps us from looking


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        check: what was looked at; stable, for programs.
        subject: which one of them; empty where there is one only.
        said: what was found, for people.
        fix: what to do; empty where nothing is.
    """

    check: str
    state: State
    said: str
    fix: str = ""
    subject: str = ""


def fault(check: str, said: str, fix: str, subject: str = "") -> Finding:
    """Something to mend."""
    return Finding(check, State.FAULT, said, fix, subject)


def fine(check: str, said: str, subject: str = "") -> Finding:
    """Something that is as it should be."""
    return Finding(check, State.OK, said, subject=subject)


def note(check: str, said: str, subject: str = "") -> Finding:
    """Something to know of."""
    return Finding(check, State.NOTE, said, subject=subject)
