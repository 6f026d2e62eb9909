"""Alembic's entry: on the connection that `byoip migrate` hands over, or on DATABASE_URL."""

import os

import sqlalchemy as sa
from alembic import context

from byoip.store.all_tables import metadata
from byoip.store.database_url import with_driver
from byoip.store.migrating import is_ours


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=is_ours,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    engine = sa.create_engine(with_driver(os.environ["DATABASE_URL"]), poolclass=sa.NullPool)
    with engine.connect() as own:
        run(own)
