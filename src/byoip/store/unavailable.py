"""Faults of the driver, translated where they enter: into refusals, or into two of our own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
import sqlalchemy as sa
from procrastinate.exceptions import ConnectorException

from byoip.domain.errors import Fixable


class StoreUnavailable(Fixable):
    """The database is away, shutting down, or too busy to answer in time; nothing was kept."""

    @property
    def why(self) -> str:
        """What Postgres or the network said, in one line: of a wrong password, that it is wrong."""
        fault: BaseException = self
        while fault.__cause__ is not None:
            fault = fault.__cause__
        return "see whether Postgres runs" if fault is self else " ".join(str(fault).split())

    def __str__(self) -> str:
        return f"The database cannot be reached: see DATABASE_URL. {self.why}"


class StoreRefused(Exception):  # noqa: N818 - named for what happened
    """A constraint or a trigger forbids it; nothing was kept. Trying again does not help."""


_REFUSALS: Final = (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.RaiseException)


@contextmanager
def translate_driver_errors() -> Iterator[None]:
    """Raise StoreUnavailable or StoreRefused for faults that are not ours.

    The database is away, busy or shutting down: psycopg's OperationalError (SQLSTATE classes 08,
    53, 57, lock and statement timeouts). A violated constraint, a trigger's refusal, or a value
    that it cannot take: the row is at fault, other rows are not. A wrong statement passes through.
    """
    try:
        yield
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        sa.exc.OperationalError,
        sa.exc.InterfaceError,
        sa.exc.TimeoutError,
    ) as fault:
        raise StoreUnavailable from fault
    except _REFUSALS as fault:
        raise StoreRefused(str(fault)) from fault
    except sa.exc.DBAPIError as fault:
        if fault.connection_invalidated:
            raise StoreUnavailable from fault
        if isinstance(fault.orig, _REFUSALS):
            raise StoreRefused(str(fault.orig)) from fault
        raise
    except ConnectorException as fault:
        if isinstance(fault.__cause__, psycopg.OperationalError):
            raise StoreUnavailable from fault
        raise


@contextmanager
def refusing(**refusals: Exception | type[Exception]) -> Iterator[None]:
    """Raise the refusal that is given for a constraint (or trigger) where that forbids a row."""
    try:
        yield
    except psycopg.IntegrityError as fault:
        refusal = refusals.get(fault.diag.constraint_name or "")
        if refusal is None:
            raise
        raise refusal from None
