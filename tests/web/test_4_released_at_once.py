"""Page, 4: routes that are released by two clicks, or two people, at one moment."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.usecases.speakers.release_routes import ReleaseRoutes
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.web.browser import signed_in
from tests.web.test_4_decided_routes import WAITING, restored, waiting


async def test_4_of_two_clicks_the_second_is_told_that_the_first_does_it(
    world: World, engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await restored(world, engine, tmp_path, many=3)
    browser = await signed_in(world, Role.OPERATOR)
    form = await browser.form(WAITING, "/release-shown")
    release, second = ReleaseRoutes._release, list[str]()

    async def clicked(routes: ReleaseRoutes, *of: Any) -> bool:
        done = await release(routes, *of)
        if not second:  # one is released, two wait
            second.append("")
            answer = await browser.send(form, reason=WHY, confirm=form.typed)
            second[:] = [answer.headers.get("location", answer.text)]
        return done

    monkeypatch.setattr(ReleaseRoutes, "_release", clicked)
    answer = await browser.send(form, reason=WHY, confirm=form.typed)
    assert answer.headers["location"] == f"{WAITING}?done=all"
    assert second == [f"{WAITING}?done=begun"]
    assert await waiting(engine) == set()


async def test_4_of_two_people_at_one_moment_history_has_all_that_either_released(
    world: World,
    operator: Operator,
    engine: AsyncEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cidrs = await restored(world, engine, tmp_path, many=6)
    browsers = [await signed_in(world, Role.OPERATOR) for _ in range(2)]
    forms = [await one.form(WAITING, "/release-shown") for one in browsers]
    release, met = ReleaseRoutes.these, asyncio.Barrier(2)

    async def meeting_in_the_middle(routes: ReleaseRoutes, waiting: Any, **how: Any) -> Any:
        which = await met.wait()
        return await release(routes, waiting[:: -1 if which else 1], **how)

    with monkeypatch.context() as patch:
        patch.setattr(ReleaseRoutes, "these", meeting_in_the_middle)
        async with asyncio.timeout(60):
            await asyncio.gather(
                *(
                    browser.send(form, reason=WHY, confirm="release 6")
                    for browser, form in zip(browsers, forms, strict=True)
                )
            )
    assert await waiting(engine) == set()
    told = [one["after"] for one in await operator.result("GET", "/events?per_page=1000")]
    assert sorted(cidr for one in told for cidr in one.get("announced", ())) == sorted(cidrs)
