"""Claims with letters, as use cases write and read them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from byoip.domain.claims.claim import Claim
from byoip.domain.letters import letter as letters
from byoip.ports.jobs import GENERATE_LETTER
from byoip.store.letters.letter_reader import LetterReader
from byoip.usecases.claims import prefixes
from byoip.usecases.letters.generate_letter import GenerateLetter
from tests.fakes.letters import FakePress, FakeSigner
from tests.fakes.tokens import RandomHex
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, ORIGIN, WORKER, World

HOUR = timedelta(hours=1)
REASON = "the customer left"


@dataclass
class PolitePress:
    """Wants no transaction open; `meanwhile` happens while it sets the page."""

    world: World
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def press(self, facts: letters.LetterFacts) -> bytes:
        assert self.world.store.polite, "a transaction is open while a page is set"
        if self.meanwhile is not None:
            await self.meanwhile()
        return await FakePress().press(facts)


async def claimed(world: World, cidr: str = CIDR, *, delegated: bool = True) -> Claim:
    view = await world.submit_prefix(
        world.account_id,
        cidr=cidr,
        asn=ORIGIN.number,
        description="",
        delegate_loa_creation=delegated,
        by=BY,
    )
    return view.claim


async def approved(world: World, cidr: str = CIDR, *, delegated: bool = True) -> Claim:
    claim = await claimed(world, cidr, delegated=delegated)
    await world.prove(claim)
    await world.validate(claim)
    return await world.now(claim)


async def write(
    world: World, claim: Claim, *, meanwhile: Callable[[], Awaitable[object]] | None = None
) -> letters.Letter | None:
    press, mint = PolitePress(world, meanwhile), RandomHex()
    resolvers = frozenset({"127.0.0.1:53"})  # where the twin of reverse DNS says that it is
    writing = GenerateLetter(
        *(world.store, world.clock, mint, press, FakeSigner(), "Example", ""),
        resolvers,
        world.registries,
        world.overrides,
    )
    return await writing(claim.id, by=WORKER)


async def written(world: World, claim: Claim) -> letters.Letter:
    letter = await write(world, claim)
    assert letter is not None
    return letter


async def read(world: World, letter: letters.Letter) -> letters.Letter:
    return await LetterReader(world.engine).letter(letter.reference)


async def status(world: World, letter: letters.Letter) -> letters.LetterStatus:
    return (await read(world, letter)).status(world.clock.now())


async def asked_for(world: World) -> list[UUID]:
    """Claims for which a letter is in the queue."""
    query = text(
        "SELECT args->>'claim_id' FROM procrastinate.procrastinate_jobs "
        "WHERE task_name = 'generate_letter' ORDER BY id"
    )
    async with world.engine.connect() as connection:
        return [UUID(claim_id) for claim_id in await connection.scalars(query)]


async def save(world: World, claim: Claim, **changes: object) -> None:
    async with world.store.transaction() as tx:
        locked = await tx.claims.lock(claim.id)
        await tx.claims.save(replace(locked, **changes))  # type: ignore[arg-type] # by name


async def remove(world: World, claim: Claim) -> None:
    await Verb(world.store, prefixes.remove)(claim.account_id, claim.id, by=BY)


async def queued(world: World) -> int:
    """How many letters workers have been told to write."""
    query = "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE task_name = :task"
    async with world.engine.connect() as connection:
        return int(await connection.scalar(text(query), {"task": GENERATE_LETTER}) or 0)
