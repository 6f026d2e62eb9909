"""`byoip migrate`: the database, brought to this version's revision."""

import asyncio
from typing import Annotated

import typer

from byoip.cli.opening import database_of, with_composition
from byoip.settings import Mode
from byoip.settings.loader import read_settings
from byoip.store.migrating import migrate
from byoip.store.poolers import refuse_unfit_pooler


def migrate_database(
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Stamp an empty database for the sandbox.")
    ] = False,
) -> None:
    """Bring the database to this version's revision and offer the services of the settings.

    Safe to run at any time.
    """
    settings = read_settings()
    mode: Mode = "sandbox" if sandbox else "production"
    url = database_of(settings)
    asyncio.run(refuse_unfit_pooler(url))
    migrate(url, mode)
    with_composition(lambda composition: composition.offer_services())
    typer.echo("The database is at this version's revision.")
