"""How many permits of each credential and account all API processes have leased together.

Unlogged: a crash forgets the counts of five minutes, and nobody is told anything wrong by that.
"""

from sqlalchemy import Column, Integer, Table, Uuid

from byoip.store.columns import timestamptz
from byoip.store.metadata import metadata

# `who` is a credential or an account; ids are random, so one column tells them apart.
rate_windows = Table(
    "rate_windows",
    metadata,
    Column("who", Uuid, primary_key=True),
    timestamptz("began_at"),
    Column("used", Integer, nullable=False),
    prefixes=["UNLOGGED"],
)
