"""A prefix is shown without its model, and as its model would be."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.api.claims.prefix_schemas import Prefix
from byoip.domain.checks.evidence import Outcome
from byoip.domain.checks.origin_validation import judge_roas
from byoip.store.claims import views
from tests.api.bound import bound, roas
from tests.api.world import World


@pytest.fixture
def engine(own_engine: AsyncEngine) -> AsyncEngine:
    """ROA data is everyone's."""
    return own_engine


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


async def test_roa_data_is_judged_once_for_each_prefix_that_is_shown(
    world: World, engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cidr, _ = await bound(world)
    await roas(world, engine, tmp_path, cidr)
    judged: list[object] = []

    def counting(*asked: Any, **known: Any) -> Outcome:
        judged.append(asked)
        return judge_roas(*asked, **known)

    monkeypatch.setattr(views, "judge_roas", counting)
    read = await world.call("GET", path)
    assert read.json()["result"]["rpki_validation_state"] == "valid"
    assert len(judged) == 1
    await world.call("GET", "/prefixes")
    assert len(judged) == 2
