"""Letters are watched: each finding is recorded once, and revokes what it must."""

from datetime import timedelta

from sqlalchemy import text

from byoip.domain.letters.letter import LetterStatus, RevokedBecause
from byoip.usecases.letters.renew_letters import RenewLetters
from byoip.usecases.letters.watch_letters import WatchLetters
from tests.usecases.letters import HOUR, approved, read, status, write, written
from tests.usecases.world import WORKER, World, roa


class TestWatching:
    """Every accepted snapshot of 24 hours must say no."""

    async def snapshot(self, world: World, *roas: dict[str, object], later: timedelta) -> int:
        world.clock.advance(later)
        await world.roas(*roas)
        return await WatchLetters(world.store, world.clock)(by=WORKER)

    async def test_a_day_of_denials_revokes_and_a_newer_pass_brings_the_next(
        self, world: World
    ) -> None:
        claim = await approved(world)
        letter = await written(world, claim)
        for _ in range(24):
            assert await self.snapshot(world, later=HOUR) == 0
        assert await status(world, letter) is LetterStatus.VALID
        assert await self.snapshot(world, later=HOUR) == 1
        revoked = await read(world, letter)
        assert revoked.revoked_because is RevokedBecause.RPKI
        assert "letter.revoked" in await world.kinds(claim)
        await self.snapshot(world, roa(claim.prefix), later=HOUR)
        assert await write(world, claim) is None  # the check has not passed again
        await world.validate(claim)
        assert await RenewLetters(world.store, world.clock)() == 1
        again = await written(world, claim)
        assert await status(world, again) is LetterStatus.VALID
        assert await status(world, letter) is LetterStatus.REVOKED

    async def test_one_yes_in_between_starts_the_day_anew(self, world: World) -> None:
        claim = await approved(world)
        letter = await written(world, claim)
        for _ in range(20):
            await self.snapshot(world, later=HOUR)
        await self.snapshot(world, roa(claim.prefix), later=HOUR)
        assert (await read(world, letter)).rpki.failing_since is None
        for _ in range(24):
            assert await self.snapshot(world, later=HOUR) == 0
        assert await self.snapshot(world, later=HOUR) == 1

    async def test_a_snapshot_that_was_missed_starts_it_anew(self, world: World) -> None:
        claim = await approved(world)
        letter = await written(world, claim)
        await self.snapshot(world, later=HOUR)
        world.clock.advance(timedelta(hours=12))
        await world.roas()  # while no worker lives
        assert await self.snapshot(world, later=timedelta(hours=12)) == 0
        watch = (await read(world, letter)).rpki
        assert watch.failing_since == watch.failing_until is not None

    async def test_silence_never_revokes(self, world: World) -> None:
        claim = await approved(world)
        letter = await written(world, claim)
        await self.snapshot(world, later=HOUR)
        for _ in range(60):  # days without a new snapshot
            world.clock.advance(HOUR)
            assert await WatchLetters(world.store, world.clock)(by=WORKER) == 0
        assert await status(world, letter) is LetterStatus.VALID
        await self.snapshot(world, roa(claim.prefix), later=HOUR)
        assert (await read(world, letter)).rpki.failing_since is None

    async def test_each_snapshot_is_heard_once(self, world: World) -> None:
        claim = await approved(world)
        await written(world, claim)
        watching = WatchLetters(world.store, world.clock)
        await watching(by=WORKER)
        async with world.store.transaction() as tx:
            assert await tx.letters.news() is None
        await world.roas(roa(claim.prefix))
        async with world.store.transaction() as tx:
            news = await tx.letters.news()
        assert news is not None
        assert news.after == news.number - 1

    async def test_the_worker_after_a_dead_one_hears_nothing_twice(self, world: World) -> None:
        claim = await approved(world)
        letter = await written(world, claim)
        await self.snapshot(world, later=HOUR)
        heard = await read(world, letter)
        async with world.engine.begin() as connection:
            await connection.execute(text("DELETE FROM letter_watch"))
        await WatchLetters(world.store, world.clock)(by=WORKER)
        assert await read(world, letter) == heard

    async def test_letters_that_are_fine_are_not_written_to(self, world: World) -> None:
        claim = await approved(world)
        letter = await written(world, claim)
        await self.snapshot(world, roa(claim.prefix), later=HOUR)
        assert await read(world, letter) == letter
