"""Hold the holders of watched prefixes against each accepted file of the registries' statistics."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Responsible
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.said import RdapEnd, Said
from byoip.domain.watch.holding import Holding, holding_of, in_words
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.remembered import Remembered
from byoip.domain.watch.watch import Watch
from byoip.ports.checks.rdap import HolderQuestion, RegistrationData
from byoip.store.checks.registration_snapshots import Registered
from byoip.store.transaction import Store, Transaction
from byoip.store.watch.files_in_use import files_in_use, numbers_in_use
from byoip.store.watch.views import StatisticsInUse, Unheard
from byoip.usecases.checks.ask_holder import allocation_around
from byoip.usecases.checks.responsible import Registries
from byoip.usecases.jobs.isolate_rows import IsolatedRows
from byoip.usecases.watch.levels import note
from byoip.usecases.watch.watcher import WATCHER

_AT_ONCE = 200
# A server that has said nothing so often in a row is not waited for again in this run. Else the
# changes of one account would take hours, five seconds each, and those of others come behind them.
_SILENT = 3

Files: TypeAlias = Mapping[str, StatisticsInUse]


@dataclass(frozen=True, slots=True)
class HearStatistics:
    """Compare who holds each approved prefix with what it was when it was watched first.

    Two accepted files at least a day apart have to name the same other holder. Then the registry's
    RDAP server is asked, if there is one: where it still names the registrant of before, the id is
    new and the holder is not: nothing is frozen, and the new id counts from then on.

    Attributes:
        registries: for whom is asked.
        data: None: no registration data is asked for.
    """

    store: Store
    registries: Registries
    data: RegistrationData | None = None

    async def __call__(self, rows: IsolatedRows, until: float, *, by: Actor) -> None:
        """Until all have been heard; a file that comes meanwhile is for the next run.

        Args:
            rows: of the run.
            until: by the event loop's clock; what is left after it is for the next run.
            by: who hears.
        """
        last, more, told = (0, UUID(int=0)), True, None
        silent = Counter[str]()
        while more:
            async with self.store.transaction() as tx:
                page, loud, told = await self._page(tx, rows, last, told)
            for one in loud:
                with rows.row(one.claim_id):
                    await self._hear(one, told, silent, by)
                if asyncio.get_running_loop().time() >= until:
                    return
            more = len(page) == _AT_ONCE and asyncio.get_running_loop().time() < until
            last = page[-1].place if page else last

    async def _page(
        self, tx: Transaction, rows: IsolatedRows, last: tuple[int, UUID], known: "_Told | None"
    ) -> tuple[Sequence[Unheard], Sequence[Unheard], "_Told"]:
        """The next prefixes, those of them that are not recorded yet (quiet ones are), and by what.

        Args:
            tx: in which they are read.
            rows: of the run.
            last: the place of the last one before.
            known: what the page before was compared by.
        """
        files = await files_in_use(tx.session)
        if not files:
            return (), (), _NOTHING
        page = await tx.watches.unheard(_newest(files), last, _AT_ONCE)
        told = await _told(tx, files, known, [one.watch for one in page])
        loud = []
        for one in sorted(page, key=lambda one: one.claim_id):  # as every worker locks them
            with rows.row(one.claim_id, (LookupError, ValueError)):  # what cannot be read
                after = await _heard(tx, one.prefix, one.watch, told)
                if after is None:
                    return (), (), told  # a new file came just now
                if one.watch.failing or after.failing:
                    loud.append(one)
                else:
                    await tx.watches.put_quietly(one.claim_id, one.watch, after)
        return page, loud, told

    async def _hear(self, one: Unheard, told: "_Told", silent: Counter[str], by: Actor) -> None:
        async with self.store.transaction() as tx:
            expected = await _heard(tx, one.prefix, one.watch, told)
        rises = expected is not None and expected.level is Level.FREEZE is not one.watch.level
        said = await self._asked(one.prefix, silent) if rises else None  # no transaction is open
        async with self.store.transaction(actor=by) as tx:
            try:
                claim = await tx.claims.lock(one.claim_id)
            except ClaimNotFound:
                return
            before = (await tx.watches.of(claim.id)).get(Signal.HOLDER, Watch(Signal.HOLDER))
            if not claim.approved or before != one.watch:
                return  # another worker was here
            after = await _heard(tx, claim.prefix, before, told)
            if after is None:
                return  # there is a newer file, for the next run
            if after.level is Level.FREEZE is not before.level and _same(before, said):
                after = _by_a_new_id(after)
            elif after.failing and said is not None:
                after = _named(after, said)
            await note(tx, claim, before, after)

    async def _asked(self, prefix: Prefix, silent: Counter[str]) -> Said | None:
        """What RDAP says of the holder's block; None: nobody was asked, or it names a part.

        Of a part in it, of any status, the holder of before may have written whose it is.
        """
        async with self.store.transaction() as tx:
            of = await tx.session.look(*self.registries.about(tx, prefix))
        found = self.registries.judge(prefix, *of).registry
        if self.data is None or not isinstance(found, Responsible):
            return None
        key = found.registry.key
        if found.registry.rdap_url is None or silent[key] >= _SILENT:
            return None
        asked = HolderQuestion(found.registry, prefix, WATCHER, all_here=found.national is None)
        said = (await self.data.look_up(asked)).said
        silent[key] = silent[key] + 1 if said.fault is Fault.TIMEOUT else 0
        return None if allocation_around(said, prefix, of[0]) else said


@dataclass(frozen=True, slots=True)
class _Told:
    """The files in use, and which ids are new with those after `since`, in order."""

    files: Files
    since: int
    rekeys: Sequence[tuple[int, str, Mapping[str, str]]]


_NOTHING = _Told({}, 0, ())


async def _told(
    tx: Transaction, files: Files, known: _Told | None, watches: Sequence[Watch]
) -> _Told:
    """Read once for all: a registry may number a hundred thousand holders anew."""
    newest = _newest(files)
    since = min((one.heard or newest for one in watches), default=newest)
    if known is not None and known.files == files and known.since <= since:
        return known
    return _Told(files, since, await tx.watches.rekeys(since))


async def _heard(tx: Transaction, prefix: Prefix, watch: Watch, told: _Told) -> Watch | None:
    """What the files in use say of it; None: a file came since `told` was read."""
    registered = await tx.registrations.overlapping(prefix)
    if await numbers_in_use(tx.session) != {one.number for one in told.files.values()}:
        return None
    known = registered.allocations if registered.snapshot is not None else None
    return _compared(prefix, watch, told, holding_of(prefix, known), tx.now)


async def as_approved(tx: Transaction, claim: Claim, registered: Registered) -> Watch | None:
    """Its holder as it is approved; what a file says later is held against that. None: not known.

    Not as the next run of a job finds it: whoever leaves, or sells, before that leaves no trace.
    Where files do not say it now, it is the one of before, which saving the approval forgets.
    """
    known = registered.allocations if registered.snapshot is not None else None
    holding = holding_of(claim.prefix, known)
    if isinstance(holding, str):
        if claim.revoked_at is None and claim.reopened_at is None:
            return None  # it was never approved
        before = (await tx.watches.of(claim.id)).get(Signal.HOLDER)
        return None if before is None else replace(before.again(), heard=0)
    watch = Watch(Signal.HOLDER, heard=registered.snapshot, baseline=Remembered(holding).kept())
    return watch.good(tx.now, in_words(holding))


def _compared(prefix: Prefix, watch: Watch, told: _Told, now: Holding | str, at: datetime) -> Watch:
    files, newest = told.files, _newest(told.files)
    was = Remembered.read(watch.baseline)
    found = Remembered.read(watch.found)
    for number, registry, ids in told.rekeys:
        if number > (watch.heard or newest):
            was, found = was.rekeyed(registry, ids), found.rekeyed(registry, ids)
    watch = replace(watch, heard=newest, baseline=was.kept(), found=found.kept())
    if isinstance(now, str):
        return watch.silent(at, f"Statistics do not say who holds {prefix}: {now}.")
    if not was.holding:
        first = replace(was, holding=now)
        return replace(watch, baseline=first.kept()).good(at, in_words(now))
    if now == was.holding:
        return watch.good(at, str(was))
    # Since the later, and until the earlier of the files that tell of it.
    fetched = [files[one].fetched_at for one in {part[0] for part in now} if one in files]
    was = was.borne_out(max(fetched))
    watch = replace(watch, baseline=was.kept())
    then = found if found.holding == now else Remembered(now)
    seen = f"It was {was}, and is {then}."
    said = watch.bad(min(fetched), seen, since=max(fetched), found=then.kept())
    return replace(said, looked_at=at)


def _newest(files: Files) -> int:
    return max(one.number for one in files.values())


def _by_a_new_id(watch: Watch) -> Watch:
    """The holder of before, as the registry names it now."""
    was, found = Remembered.read(watch.baseline), Remembered.read(watch.found)
    kept = replace(was, holding=found.holding).kept()
    seen = f"{watch.seen} RDAP names the same registrant as before."
    looked_at = watch.looked_at
    return watch if looked_at is None else replace(watch, baseline=kept).good(looked_at, seen)


def _named(watch: Watch, said: Said) -> Watch:
    """With the name that RDAP gives the holder of now."""
    was, found = Remembered.read(watch.baseline), Remembered.read(watch.found)
    found = found.named(said.network)
    return replace(watch, found=found.kept(), seen=f"It was {was}, and is {found}.")


def _same(before: Watch, said: Said | None) -> bool:
    """Whether RDAP answers, and names the registrant that it named before.

    Of a block that a holder gave on it names the user, whoever holds the space around it.
    """
    known = Remembered.read(before.baseline).registrant
    if not known or said is None or said.end is not RdapEnd.ANSWERED or said.network is None:
        return False
    registrant, given_on = said.network.registrant, said.network.given_on
    return registrant is not None and registrant.handle == known and not given_on
