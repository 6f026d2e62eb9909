from uuid import uuid4

import pytest

from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.customer_text import InvalidText
from byoip.usecases.claims import prefixes
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import World


async def test_a_description_changes_with_the_version_and_an_event(world: World) -> None:
    claim = await world.claim()
    describe = Verb(world.store, prefixes.describe)
    view = await describe(claim.account_id, claim.id, description="rack 8", by=BY)
    assert view.claim.description.value == "rack 8"
    assert view.claim.version == claim.version + 1
    assert view == await world.reader.claim(claim.account_id, claim.id)
    last = (await world.events(claim))[-1]
    assert (last.kind, last.before, last.after) == (
        "prefix.described",
        {"description": ""},
        {"description": "rack 8"},
    )


async def test_a_refused_description_changes_nothing(world: World) -> None:
    claim = await world.claim()
    describe = Verb(world.store, prefixes.describe)
    with pytest.raises(InvalidText):
        await describe(claim.account_id, claim.id, description="a\0b", by=BY)
    with pytest.raises(ClaimNotFound):
        await describe(uuid4(), claim.id, description="mine now", by=BY)
    assert await world.now(claim) == claim
    assert len(await world.events(claim)) == 1
