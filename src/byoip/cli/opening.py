"""For commands that work on the database itself: open a composition, do one thing, close it."""

import getpass
import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from byoip.cli.stopping import run
from byoip.composition import external_services
from byoip.composition.connections import connection_notes
from byoip.composition.process import Composition
from byoip.settings import Mode
from byoip.settings.loader import read_settings
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError
from byoip.store.migrating import check_revision, stamped_mode
from byoip.store.server_settings import look_at_server

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)

Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the operators' history.")]


def database_of(settings: Settings) -> str:
    """The configured database.

    Raises:
        SettingsError: there is none.
    """
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL is required: postgresql://user:password@host:port/name")
    return settings.database_url


def opened(settings: Settings, mode: Mode = "production") -> Composition:
    """A composition around the configured database.

    Raises:
        SettingsError: no database is configured.
    """
    return Composition(settings, database_of(settings), mode, external_services(settings))


async def require_migrated(composition: Composition) -> None:
    """Refuse a database that has another revision than this version needs.

    Raises:
        CannotMigrate: the server is older than this version can work with.
        SettingsError: migrations are missing, or another version has run its own.
        StoreUnavailable: the database cannot be reached.
    """
    state = await check_revision(composition.engine)
    if not state.current:
        found = f"revision {state.found}" if state.found else "no migrations"
        raise SettingsError(
            f"The database has {found}, and this version of byoip needs revision {state.expected}: "
            "run `byoip migrate` of this version first."
        )


async def require_stamp(composition: Composition) -> None:
    """Refuse a database that is stamped for the other mode.

    Raises:
        SettingsError: it is.
        StoreUnavailable: the database cannot be reached.
    """
    stamped = await stamped_mode(composition.engine)
    if stamped not in {None, composition.mode}:
        raise SettingsError(f"This database is stamped {stamped}: it serves nothing else.")


async def say_server_notes(composition: Composition, kind: str) -> None:
    """Refuse a server that is not safe; one line of the log for each thing to know of it.

    Raises:
        UnfitServer: a crash of its machine may damage the database.
        StoreUnavailable: the database cannot be reached.
    """
    server = await look_at_server(composition.engine)
    more = connection_notes(composition.settings, server, starts=kind)
    for note in (*server.notes, *more):
        _LOG.warning("The database server: %s", note)


def with_composition(
    work: Callable[[Composition], Awaitable[_T]], say: Callable[[_T], None] = lambda _: None
) -> None:
    """Do one thing with a composition and show its result."""

    async def main() -> int:
        composition = opened(read_settings())
        try:
            await require_migrated(composition)
            say(await work(composition))
        finally:
            await composition.close()
        return 0

    if status := run(main()):
        raise typer.Exit(status)


def operating_user() -> str:
    """Return the login name, which stands for the operator where no name is given."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in containers
        return "unknown"
