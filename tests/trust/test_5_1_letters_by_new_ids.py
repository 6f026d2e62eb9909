"""Time, 1.4: a registry that numbers its holders anew makes no letter another holder's."""

from datetime import timedelta

import pytest

from tests.trust.parties import Parties
from tests.trust.test_5_1_letters_and_holders import CIDR, YEAR, RegistryWorld, prove, row
from tests.usecases.letters import claimed, write, written
from tests.usecases.world import roa

MANY = 30  # holders of one row each: more than a day's transfers


def file(anew: str = "", sold_to: str = "") -> list[str]:
    """The registry's rows; with `anew` all ids are new."""
    others = [
        f"ripencc|NL|ipv4|45.{one}.0.0|256|20261101|allocated|{anew}other-{one}"
        for one in range(MANY)
    ]
    return [row(sold_to or f"{anew}seller"), *others]


async def later(parties: Parties, *rows: str, after: timedelta = YEAR) -> None:
    parties.clock.advance(after)
    await parties.statistics(*rows)


@pytest.mark.parametrize("first", [True, False], ids=["its first letter", "one that renews"])
@pytest.mark.parametrize("sold", [False, True])
async def test_ids_rekeyed_name_the_same_holder_unless_it_was_sold_on_that_day(
    registry_world: RegistryWorld, first: bool, sold: bool
) -> None:
    parties, _ = registry_world
    await parties.statistics(*file())
    claim = await claimed(parties, CIDR)
    await prove(registry_world, claim)
    if not first:
        assert (await written(parties, claim)).facts.holder.holder == "seller"
    await later(parties, *file("new-", "new-other-7" if sold else ""))
    await parties.roas(roa(claim.prefix))
    letter = await write(parties, claim)
    if sold:
        assert letter is None
    else:
        assert letter is not None
        assert letter.facts.holder.holder == "new-seller"
