"""One customer's row never stops a whole run: which faults are a row's own, and what follows."""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar
from uuid import UUID

from byoip.domain.errors import Refusal
from byoip.store.unavailable import StoreRefused

# Faults of one row: the database refuses what is done with it, a rule refuses it where the job
# expected no refusal, or it holds what cannot be read. Any other fault (a wrong type, the database
# away) would hit every row alike, and ends the run at once.
_ITS_OWN: Final = (StoreRefused, Refusal, LookupError, ValueError)
_log = logging.getLogger(__name__)
_Row = TypeVar("_Row")
_Done = TypeVar("_Done")


class RowsFailed(Exception):  # noqa: N818 - raised when all else is done, for the queue to show
    """Some rows failed. All others were done."""

    def __init__(self, job: str, rows: tuple[UUID, ...]) -> None:
        named = ", ".join(one.hex for one in rows[:20])
        super().__init__(f"{job}: {len(rows)} rows failed, among them {named}")
        self.rows = rows


class IsolatedRows:
    """The rows of one run, each isolated from the others.

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
    def row(self, row: UUID, its_own: tuple[type[Exception], ...] = _ITS_OWN) -> Iterator[None]:
        """Wraps what is done with one row, in transactions of its own.

        Args:
            row: its id.
            its_own: faults that end this row only; every `Exception` where strangers' answers are
                read for it, and what would hit all rows ends the run elsewhere.
        """
        try:
            yield
        except its_own:
            _log.exception("%s: row %s failed, the others go on", self._job, row.hex)
            self._failed.append(row)

    async def together(
        self,
        page: Collection[tuple[UUID, _Row]],
        work: Callable[[Sequence[_Row]], Awaitable[_Done]],
    ) -> Sequence[_Done]:
        """Record a page in one transaction; where a row of it fails, each in one of its own.

        Args:
            page: rows with their ids.
            work: what is done with some of them, in a transaction of its own.
        """
        if not page:
            return []
        try:
            return [await work([one for _, one in page])]
        except _ITS_OWN as fault:
            _log.warning("%s: a page failed, its rows go one by one: %s", self._job, fault)
        done = []
        for row, one in page:
            with self.row(row):
                done.append(await work([one]))
        return done

    def require_all_done(self) -> None:
        """End the run.

        Raises:
            RowsFailed: some rows failed.
        """
        if self._failed:
            raise RowsFailed(self._job, tuple(self._failed))


async def each(job: str, *steps: Callable[[], Awaitable[object]]) -> None:
    """Do all steps of a job: what one party has made so large that a step fails stops no other.

    Raises:
        Exception: what the first of those that failed has raised, when all others are done.
    """
    first: Exception | None = None
    for step in steps:
        try:
            await step()
        except Exception as fault:  # noqa: BLE001 - raised at the end
            _log.warning("%s: a step failed, the others go on: %s", job, fault)
            first = first or fault
    if first is not None:
        raise first
