"""A write and the removal of whose it is, at once: one of both is first, and none deadlocks."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from byoip.domain.accounts.credential import NotAuthenticated
from byoip.domain.accounts.let_in import LetIn
from byoip.domain.accounts.people import Person, PersonNotFound, Role
from byoip.domain.history import Actor
from byoip.domain.operator_text import stated_reason
from byoip.store.accounts.credentials import CredentialReader
from byoip.usecases.accounts import own_tokens, people
from byoip.usecases.accounts.credentials import NewCredential
from byoip.usecases.accounts.people import NewLink
from byoip.usecases.bindings.converge import ConvergeBindings
from byoip.usecases.checks import snapshots
from tests.fakes.backend import RandomHex
from tests.usecases.world import World

CLI, WHY = Actor("cli", "test"), "a ticket"
A_WHILE = 0.5  # seconds, in which what does not wait is long done


async def somebody(world: World, account_id: UUID | None, role: Role = Role.ADMIN) -> Person:
    async with world.store.transaction(actor=CLI) as tx:
        one: dict[str, Any] = {"mint": RandomHex(), "name": "Ada", "role": role, "reason": WHY}
        return await people.add(tx, account_id, **one)


async def a_token(world: World, person: Person) -> NewCredential:
    async with world.store.transaction(actor=CLI) as tx:
        one: dict[str, Any] = {"mint": RandomHex(), "name": "ci", "reason": WHY}
        return await own_tokens.issue(tx, person, **one, scopes=frozenset(), expires_at=None)


def acting(person: Person) -> Actor:
    return Actor("credential:x", "test", LetIn.in_person(person))


def changing(person: Person) -> Actor:
    return acting(person).changing()


async def remove(world: World, whose: Person, by: Actor = CLI) -> None:
    async with world.store.transaction(actor=by) as tx:
        await people.remove(tx, whose.account_id, whose.id, reason=WHY)


@asynccontextmanager
async def writing(world: World, by: Actor) -> AsyncIterator[None]:
    """A transaction after its first statement."""
    async with world.store.transaction(actor=by) as tx:
        await tx.credentials.held(uuid4(), tx.now)
        yield


async def write(world: World, by: Actor) -> None:
    async with writing(world, by):
        pass


async def waiting(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """It, which waits for what is held where this is asked for."""
    task = asyncio.create_task(work)
    await asyncio.sleep(A_WHILE)
    assert not task.done()
    return task


@pytest.fixture
async def people_of(world: World) -> tuple[Person, Person]:
    account_id = await world.new_account()
    return await somebody(world, account_id), await somebody(world, account_id)


@pytest.fixture(params=["a person", "their token"])
async def actor(
    world: World, people_of: tuple[Person, Person], request: pytest.FixtureRequest
) -> Actor:
    if request.param == "a person":
        return acting(people_of[0])
    token = (await a_token(world, people_of[0])).credential
    return Actor("credential:x", "test", LetIn.by_token(token, token.scopes))


async def test_a_removal_that_is_first_has_the_write_refused(
    world: World, people_of: tuple[Person, Person], actor: Actor
) -> None:
    ada, _ = people_of
    async with world.store.transaction(actor=CLI) as tx:
        await people.remove(tx, ada.account_id, ada.id, reason=WHY)
        waits = await waiting(write(world, actor))
    with pytest.raises(NotAuthenticated):
        await waits


async def test_a_removal_that_is_later_waits_for_the_write(
    world: World, people_of: tuple[Person, Person], actor: Actor
) -> None:
    async with writing(world, actor):
        waits = await waiting(remove(world, people_of[0]))
    await waits
    with pytest.raises(NotAuthenticated):
        await write(world, actor)


async def test_a_tokens_write_that_waits_for_its_person_does_not_hold_the_token(
    world: World, people_of: tuple[Person, Person]
) -> None:
    ada, _ = people_of
    token = (await a_token(world, ada)).credential
    by = Actor("credential:x", "test", LetIn.by_token(token, token.scopes))
    async with world.store.transaction(actor=CLI) as tx:
        await tx.credentials.revoke(ada.id, tx.now)
        waits = await waiting(write(world, by))
        assert await tx.credentials.revoke_of(ada.id, tx.now)
    with pytest.raises(NotAuthenticated):
        await waits


async def test_writes_of_one_person_do_not_wait_for_each_other_nor_does_its_recognition(
    world: World, people_of: tuple[Person, Person]
) -> None:
    token = await a_token(world, people_of[0])
    by = Actor("credential:x", "test", LetIn.by_token(token.credential, token.credential.scopes))
    reader = CredentialReader(world.engine, world.clock)
    async with asyncio.timeout(5), writing(world, by):
        await write(world, by)
        known = await reader.recognise(token.token)  # and notes its use another time
    assert known is not None
    assert (await reader.recognise(token.token)).last_used_at is None  # type: ignore[union-attr]
    assert (await reader.recognise(token.token)).last_used_at is not None  # type: ignore[union-attr]


@pytest.mark.parametrize("side", ["an account", "the operator"])
async def test_of_two_who_remove_each_other_one_does(world: World, side: str) -> None:
    account_id = await world.new_account() if side == "an account" else None
    role = Role.ADMIN if account_id else Role.OPERATOR
    for _ in range(10):
        pair = [await somebody(world, account_id, role) for _ in range(2)]
        ended = await asyncio.gather(
            remove(world, pair[1], changing(pair[0])),
            remove(world, pair[0], changing(pair[1])),
            return_exceptions=True,
        )
        assert Counter(map(type, ended)) == {NotAuthenticated: 1, type(None): 1}


async def test_of_two_clicks_that_remove_oneself_one_does(
    world: World, people_of: tuple[Person, Person]
) -> None:
    by = changing(people_of[0])
    twice = (remove(world, people_of[0], by) for _ in range(2))
    ended = await asyncio.gather(*twice, return_exceptions=True)
    assert Counter(map(type, ended)) == {NotAuthenticated: 1, type(None): 1}


async def test_tokens_are_made_while_their_person_is_removed_and_none_is_left(
    world: World, people_of: tuple[Person, Person]
) -> None:
    ada, bob = people_of

    async def make() -> None:
        async with world.store.transaction(actor=changing(ada)) as tx:
            one: dict[str, Any] = {"mint": RandomHex(), "name": "ci", "reason": WHY}
            await own_tokens.issue(tx, ada, **one, scopes=frozenset(), expires_at=None)

    work = [make(), make(), remove(world, ada, changing(bob)), make(), remove(world, ada), make()]
    ended = await asyncio.gather(*work, return_exceptions=True)
    assert {type(one) for one in ended} <= {type(None), NotAuthenticated, PersonNotFound}
    async with world.store.transaction() as tx:
        assert await tx.credentials.held(ada.id, tx.now) == 0


async def test_a_new_link_and_a_sign_in_by_the_old_one_do_not_wait_for_each_other(
    world: World, people_of: tuple[Person, Person]
) -> None:
    ada, _ = people_of

    async def link() -> NewLink:
        async with world.store.transaction(actor=CLI) as tx:
            return await people.link(tx, ada.account_id, ada.id, mint=RandomHex(), reason=WHY)

    old = await link()
    async with world.store.transaction(actor=CLI) as tx:
        person = await tx.people.use_link(old.token, tx.now)
        waits = asyncio.create_task(link())
        await asyncio.sleep(A_WHILE)
        assert not waits.done()
        how = stated_reason("By a link.")
        await people.begin(tx, person, how, mint=RandomHex(), agent="", address="")
    await waits


@pytest.mark.parametrize("of", ["roas", "registrations"])
async def test_who_accepts_a_snapshot_holds_up_no_other_while_a_removal_holds_them_up(
    world: World, of: str
) -> None:
    """Whom a write is for comes before all that it locks: `byoip.store.transaction`."""
    ada, _ = [await somebody(world, None, Role.OPERATOR) for _ in range(2)]

    async def accept() -> None:
        async with world.store.transaction(actor=acting(ada)) as tx:
            if of == "roas":
                await snapshots.accept_roas(tx, 1, reason=WHY)
            else:
                await snapshots.accept_registrations(tx, "ripencc", reason=WHY)

    async with world.store.transaction(actor=CLI) as tx:
        await people.remove(tx, None, ada.id, reason=WHY)
        waits = await waiting(accept())
        async with asyncio.timeout(10), world.store.transaction() as other:
            await (other.roa_snapshots() if of == "roas" else other.registration_snapshots())
    with pytest.raises(NotAuthenticated):
        await waits


async def test_what_follows_from_a_write_is_done_whoever_is_out_by_then(
    world: World, people_of: tuple[Person, Person]
) -> None:
    await remove(world, people_of[0])
    await ConvergeBindings(world.store)(by=acting(people_of[0]))


async def test_who_changes_people_has_said_so(
    world: World, people_of: tuple[Person, Person]
) -> None:
    with pytest.raises(RuntimeError, match="has not said so"):
        await remove(world, people_of[1], acting(people_of[0]))
