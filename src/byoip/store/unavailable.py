"""Translate the driver's faults where they enter."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from procrastinate.exceptions import ConnectorException
from sqlalchemy import exc

from byoip.ports.store import StoreUnavailable


@contextmanager
def translated() -> Iterator[None]:
    """Turn "the database is away, busy or shutting down" into one exception of the port.

    That is psycopg's OperationalError: classes 08, 53, 57 and lock and statement timeouts. A
    violated constraint or a wrong statement passes through: they are faults of ours.
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
    except exc.DBAPIError as fault:
        if fault.connection_invalidated:
            raise StoreUnavailable from fault
        raise
    except ConnectorException as fault:
        if isinstance(fault.__cause__, psycopg.OperationalError):
            raise StoreUnavailable from fault
        raise
