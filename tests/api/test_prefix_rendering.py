"""A prefix is shown without its model, and as its model would be."""

from byoip.api.claims.prefix_schemas import Prefix
from tests.api.bound import bound
from tests.api.world import World


async def test_members_are_those_of_the_model_in_its_order(world: World) -> None:
    await bound(world)
    await world.prefix("31.7.0.0/22")
    await world.prefix("2a02:d00::/32")
    listed = await world.call("GET", "/prefixes")
    assert len(listed.json()["result"]) == 3
    for one in listed.json()["result"]:
        assert list(one) == list(Prefix.model_fields)
        shown = Prefix.model_validate(one).model_dump_json()
        read = await world.call("GET", f"/prefixes/{one['id']}")
        assert shown in read.text
        assert shown in listed.text
