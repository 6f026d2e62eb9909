"""Who writes without a pause, many at once, cannot keep their own removal waiting."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Final
from uuid import uuid4

import pytest

from byoip.domain.accounts.credential import NotAuthenticated, ScopeMissing
from byoip.domain.accounts.let_in import LetIn
from byoip.domain.accounts.people import Person, Role
from byoip.domain.history import Actor
from byoip.usecases.accounts import own_tokens, people
from byoip.usecases.accounts.endings import tell_of_end
from tests.usecases.test_let_in_still import CLI, WHY, a_token, acting, remove, somebody
from tests.usecases.world import World

AT_ONCE: Final = 6
SOON: Final = 5  # seconds; a statement has 15


@asynccontextmanager
async def busy(world: World, by: Actor) -> AsyncIterator[None]:
    """Writes that overlap, each a little longer than another, so that one always runs."""
    numbers, over = count(), asyncio.Event()

    async def go_on() -> None:
        while not over.is_set():
            async with world.store.transaction(actor=by) as tx:
                await tx.credentials.held(uuid4(), tx.now)
                await asyncio.sleep(0.05 + 0.013 * (next(numbers) % 7))

    tasks = [asyncio.create_task(go_on()) for _ in range(AT_ONCE)]
    await asyncio.sleep(0.3)
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(*tasks, return_exceptions=True)


async def demote(world: World, person: Person) -> None:
    async with world.store.transaction(actor=CLI) as tx:
        of = person.account_id, person.id
        await people.change_role(tx, *of, role=Role.VIEWER, reason=WHY)


@pytest.mark.parametrize("end", [remove, demote])
async def test_a_busy_person_is_out_soon(
    world: World, end: Callable[[World, Person], Awaitable[None]]
) -> None:
    ada = await somebody(world, await world.new_account())
    async with busy(world, acting(ada)):
        async with asyncio.timeout(SOON):
            await end(world, ada)
        with pytest.raises((NotAuthenticated, ScopeMissing)):
            async with world.store.transaction(actor=acting(ada)):
                pass


async def test_one_busy_operator_keeps_no_other_from_being_removed(world: World) -> None:
    nora, ada = [await somebody(world, None, Role.OPERATOR) for _ in range(2)]
    async with busy(world, acting(nora)), asyncio.timeout(SOON):
        await remove(world, ada)


@pytest.mark.parametrize("whose", ["a person's", "an account's"])
async def test_a_busy_token_is_revoked_soon_and_told_of_as_soon(world: World, whose: str) -> None:
    account_id = await world.new_account()
    ada = await somebody(world, account_id)
    token = (await a_token(world, ada)).credential
    by = Actor("credential:x", "test", LetIn.by_token(token, token.scopes))
    async with busy(world, by), asyncio.timeout(SOON):
        async with world.store.transaction(actor=CLI) as tx:
            await tell_of_end(tx, account_id, token.id)
        async with world.store.transaction(actor=CLI) as tx:
            if whose == "a person's":
                await own_tokens.revoke(tx, ada, token.id, reason=WHY)
            else:
                await people.end_credential(tx, token.id, reason=WHY)
