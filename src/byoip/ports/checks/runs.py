from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from byoip.domain.checks.evidence import Finding
from byoip.domain.checks.validation_run import ValidationRun


class Runs(Protocol):
    """Validation runs: our rows, at most one open one for each claim."""

    async def open(self, run: ValidationRun) -> tuple[ValidationRun, bool]:
        """Insert it, or find the claim's open one; whether it is new."""
        ...

    async def wake(self, run_id: UUID, now: datetime) -> bool:
        """Let a sleeping run start now; False if it runs already or has ended."""
        ...

    async def take(self, run_id: UUID, lease: timedelta) -> ValidationRun | None:
        """Start an attempt: due and sleeping, or its lease ran out (by the database's clock).

        None if there is nothing to take. Increments the attempt number.
        """
        ...

    async def renew(self, run_id: UUID, attempt: int, lease: timedelta) -> bool:
        """Show that this attempt lives; False if another has taken over."""
        ...

    async def lock(self, run_id: UUID, attempt: int) -> ValidationRun | None:
        """Lock the run for recording, after its claim; None unless this attempt still holds it."""
        ...

    async def finish(self, run: ValidationRun, findings: Sequence[Finding]) -> None:
        """End it, and keep what was found with all evidence."""
        ...

    async def end_open(self, claim_id: UUID, now: datetime) -> UUID | None:
        """Cancel the open run of a claim that is closed; which one."""
        ...

    async def abandoned(self, limit: int) -> Sequence[UUID]:
        """Open runs that nobody works on, and for which no job waits.

        Their lease has run out, or they are overdue for half a minute.
        """
        ...
