"""One customer's row never stops all: what a row's own fault is, and what becomes of it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from byoip.domain.errors import Refusal
from byoip.store.unavailable import StoreRefused

# What a row can be to blame for: the database refuses what is done with it, a rule refuses it
# where the job expected none, or it holds what cannot be read. Anything else (a wrong type, the
# database away) would befall every row alike: that ends the run at once.
_ITS_OWN: Final = (StoreRefused, Refusal, LookupError, ValueError)
_log = logging.getLogger(__name__)


class RowsFailed(Exception):  # noqa: N818 - raised when all else is done, for the queue to show
    """Some rows could not be done. All others were."""

    def __init__(self, job: str, rows: tuple[UUID, ...]) -> None:
        named = ", ".join(one.hex for one in rows[:20])
        super().__init__(f"{job}: {len(rows)} rows failed, among them {named}")
        self.rows = rows


class IsolatedRows:
    """The rows of one run, each apart from the others.

    The faults are bugs all the same: each is logged with its row's id and its traceback, and the
    run ends as failed (`require_all_done`), so that the queue shows it.
    """

    def __init__(self, job: str) -> None:
        self._job = job
        self._failed: list[UUID] = []

    @property
    def failed(self) -> int:
        """How many so far."""
        return len(self._failed)

    @contextmanager
    def row(self, row: UUID) -> Iterator[None]:
        """Around what is done with one row, in transactions of its own."""
        try:
            yield
        except _ITS_OWN:
            _log.exception("%s: row %s failed, the others go on", self._job, row.hex)
            self._failed.append(row)

    def require_all_done(self) -> None:
        """End the run.

        Raises:
            RowsFailed: some were not done.
        """
        if self._failed:
            raise RowsFailed(self._job, tuple(self._failed))
