"""Translate the driver's faults where they enter."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from procrastinate.exceptions import ConnectorException
from sqlalchemy import exc


class StoreUnavailable(Exception):  # noqa: N818 - a state of affairs: try again in a moment
    """The database is away, shutting down, or too busy to answer in time; nothing was kept."""


class StoreRefused(Exception):  # noqa: N818 - named for what happened
    """A constraint or a trigger forbids it; nothing was kept. Trying again does not help."""


_REFUSALS: Final = (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.RaiseException)


@contextmanager
def translate_driver_errors() -> Iterator[None]:
    """Turn "the database is away, busy or shutting down" into one exception of the port.

    That is psycopg's OperationalError: classes 08, 53, 57 and lock and statement timeouts. A
    violated constraint, a trigger's refusal or a value that it cannot take is another: whose row
    that is has a fault, and others have not. A wrong statement passes through: a fault of ours.
    """
    try:
        yield
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        exc.OperationalError,
        exc.InterfaceError,
        exc.TimeoutError,
    ) as fault:
        raise StoreUnavailable from fault
    except _REFUSALS as fault:
        raise StoreRefused(str(fault)) from fault
    except exc.DBAPIError as fault:
        if fault.connection_invalidated:
            raise StoreUnavailable from fault
        if isinstance(fault.orig, _REFUSALS):
            raise StoreRefused(str(fault.orig)) from fault
        raise
    except ConnectorException as fault:
        if isinstance(fault.__cause__, psycopg.OperationalError):
            raise StoreUnavailable from fault
        raise
