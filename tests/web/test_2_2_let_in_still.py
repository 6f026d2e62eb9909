"""Page and API, 2.2: who was recognised, and is out before their request writes, writes nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.route_snapshot import Unreleased
from byoip.usecases.accounts import people
from byoip.usecases.border import Border
from byoip.usecases.speakers.release_routes import ReleaseRoutes
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.web.browser import Browser, link_for
from tests.web.test_2_2_own_tokens import asked, made
from tests.web.test_4_decided_routes import WAITING, restored, waiting

BY = Actor("cli", "cli-test")


async def entered(world: World, role: Role, name: str = "Ada") -> tuple[UUID, Browser]:
    person, code = await link_for(world, role, name=name)
    browser = Browser(world.client)
    await browser.enter(code)
    return person, browser


async def removed(world: World, person: UUID, account_id: UUID | None) -> None:
    async with world.store.transaction(actor=BY) as tx:
        await people.remove(tx, account_id, person, reason=WHY)


async def given(world: World, person: UUID, role: Role) -> None:
    async with world.store.transaction(actor=BY) as tx:
        await people.change_role(tx, world.account_id, person, role=role, reason=WHY)


async def people_named(engine: AsyncEngine, name: str) -> int:
    async with engine.connect() as connection:
        asked = text("SELECT count(*) FROM credentials WHERE name = :name")
        return int((await connection.execute(asked, {"name": name})).scalar_one())


async def released(engine: AsyncEngine) -> list[list[str]]:
    asked = "SELECT after -> 'announced' FROM operator_events WHERE kind = 'routes.released'"
    async with engine.connect() as connection:
        return [one for (one,) in await connection.execute(text(asked))]


def names(answer: httpx.Response) -> list[str]:
    return [one["name"] for one in answer.json()["errors"]]


@asynccontextmanager
async def held_up(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Of the first request that was recognised, and is about to write, `act` comes before that."""
    write, done = Border.write, False

    async def late(border: Border, request: object, *of: object, **more: object) -> object:
        nonlocal done
        if not done:
            done = True
            await act()
        return await write(border, request, *of, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Border, "write", late)
        yield
    assert done


async def test_2_2_a_removed_admins_invitation_leads_to_the_sign_in(
    world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, mallory = await entered(world, Role.ADMIN)
    form = await mallory.form("/ui/people", "/ui/people")
    async with held_up(monkeypatch, lambda: removed(world, person, world.account_id)):
        answer = await mallory.send(form, name="Backdoor", role="admin")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/enter")
    assert await people_named(engine, "Backdoor") == 0


async def test_2_2_so_does_what_a_demoted_admin_would_change_of_people(
    world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, mallory = await entered(world, Role.ADMIN)  # an editor has the same scopes
    form = await mallory.form("/ui/people", "/ui/people")
    async with held_up(monkeypatch, lambda: given(world, person, Role.EDITOR)):
        answer = await mallory.send(form, name="Backdoor", role="admin")
    assert answer.status_code == 403
    assert "Your role does not allow this" in answer.text
    assert await people_named(engine, "Backdoor") == 0


async def test_2_2_who_may_still_goes_on_in_the_role_that_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, ada = await entered(world, Role.ADMIN)
    prefix = await world.prefix()
    form = await ada.form(f"/ui/prefixes/{prefix['id']}", "/check")
    async with held_up(monkeypatch, lambda: given(world, person, Role.EDITOR)):
        answer = await ada.send(form)
    assert (answer.status_code, answer.headers["location"][-8:]) == (303, "checking")


async def test_2_2_a_removed_operators_form_shows_nothing_of_the_page_that_it_is_of(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    await entered(world, Role.OPERATOR, "Nora")
    person, mallory = await entered(world, Role.OPERATOR)
    form = await mallory.form("/ui/noc/credentials", "/credentials")
    async with held_up(monkeypatch, lambda: removed(world, person, None)):
        answer = await mallory.send(
            form, account=world.account_id.hex, name="Backdoor", days="30", reason=WHY
        )
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/enter")
    found = await operator.result("GET", "/credentials?per_page=1000")
    assert "Backdoor" not in [one["name"] for one in found]


async def test_2_2_a_token_whose_person_was_removed_or_demoted_writes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, bob = await entered(world, Role.EDITOR, "Bob")
    token = await made(bob)
    async with held_up(monkeypatch, lambda: given(world, person, Role.VIEWER)):
        answer = await asked(world, token, "POST")
    assert (answer.status_code, names(answer)) == (403, ["scope_missing"])
    await given(world, person, Role.EDITOR)
    async with held_up(monkeypatch, lambda: removed(world, person, world.account_id)):
        answer = await asked(world, token, "POST")
    assert (answer.status_code, names(answer)) == (401, ["not_authenticated"])
    assert await world.result("GET", "/prefixes") == []


async def test_2_2_what_one_form_does_in_several_transactions_ends_with_its_person(
    world: World, engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await restored(world, engine, tmp_path, 2)
    await entered(world, Role.OPERATOR, "Nora")
    person, mallory = await entered(world, Role.OPERATOR)
    form = await mallory.form(WAITING, "/release-shown")
    release, first = ReleaseRoutes._release, list[Prefix]()

    async def one(routes: ReleaseRoutes, of: Unreleased, *more: Any) -> bool:
        if first:
            await removed(world, person, None)
        first.append(of.cidr)
        return await release(routes, of, *more)

    monkeypatch.setattr(ReleaseRoutes, "_release", one)
    answer = await mallory.send(form, reason=WHY, confirm=form.typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/enter")
    assert await waiting(engine) == {str(first[1])}
    assert await released(engine) == [[str(first[0])]]
