"""Page, 4: of many routes that are released, each is in history as it is announced."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.usecases.routes.announce import announce
from byoip.usecases.speakers import release_routes
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.browser import signed_in
from tests.web.test_4_decided_routes import WAITING, restored, waiting


async def test_4_what_was_released_before_a_fault_is_in_history_with_its_reason(
    world: World,
    operator: Operator,
    engine: AsyncEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cidrs = await restored(world, engine, tmp_path, many=3)
    browser = await signed_in(world, Role.OPERATOR)
    form = await browser.form(WAITING, "/release-shown")
    done = list[object]()

    async def dying(*given: Any, **more: Any) -> Any:
        if len(done) == 2:
            raise SystemError("killed here")
        done.append(given)
        return await announce(*given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(release_routes, "announce", dying)
        answer = await browser.send(form, reason="Asked all.", confirm=form.typed)
    assert answer.status_code == 500
    gone = set(cidrs) - await waiting(engine)
    assert len(gone) == 2
    assert await released(operator, "Asked all.") == [[one] for one in sorted(gone)]


async def released(operator: Operator, why: str) -> list[list[str]]:
    """What history says was released for this reason."""
    found = await operator.result("GET", "/events?per_page=1000")
    released = [one for one in found if one["kind"] == "routes.released" and one["reason"] == why]
    return sorted(one["after"]["announced"] for one in released)
