"""Trust, 2.2: two operators may name the registry of one range at once; the last one counts."""

from functools import partial

from byoip.domain.checks.registry_override import RegistryOverride
from byoip.domain.prefix import Prefix
from byoip.store.transaction import Transaction
from byoip.usecases.checks import registry_overrides
from tests.store.samples import BY
from tests.trust.test_5_3_rivals_leave_at_once import side_by_side
from tests.usecases.conftest import world, world_engine
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, World

__all__ = ["world", "world_engine"]  # fixtures

KNOWN = {"arin", "ripencc"}


async def put(tx: Transaction, registry: str) -> RegistryOverride:
    naming = partial(registry_overrides.put, registries=KNOWN, cidr=CIDR, reason="a ticket")
    return await naming(tx, registry=registry)


async def test_two_puts_of_one_override(world: World) -> None:
    later: Verb[RegistryOverride] = Verb(world.store, put)
    for before in (None, "arin"):  # the first of all, and a replacement
        await side_by_side(world, lambda tx: put(tx, "ripencc"), later("arin", by=BY))
        async with world.store.transaction() as tx:
            found = await tx.registry_overrides.overlapping(Prefix.parse(CIDR))
        assert found == [(Prefix.parse(CIDR), "arin")], before
    async with world.engine.connect() as connection:
        events = await connection.exec_driver_sql(
            "SELECT before ->> 'registry', after ->> 'registry' FROM operator_events "
            "WHERE kind = 'registry_override.put' ORDER BY number"
        )
    assert [tuple(one) for one in events] == [
        (None, "ripencc"),
        ("ripencc", "arin"),
        ("arin", "ripencc"),
        ("ripencc", "arin"),
    ]
