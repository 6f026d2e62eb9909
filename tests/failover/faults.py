"""What happens to the database in `test_4_matrix.py`: each fault, and what is made ready for it."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psycopg

from tests.failover.estate import NAME, Estate
from tests.failover.pair import Server
from tests.failover.removing import LEFT, remove_a_speaker, roll_back_to_before_it, stop_it
from tests.failover.wishes import now

_PROMOTED_AFTER = 3.0
_FAILED_OVER, _DOUBTED, _DISOWNED = "database.failed_over", "routes.doubted", "routes.disowned"
NEED_PEOPLE = {_DOUBTED, _DISOWNED}  # to speak

Act = Callable[[Estate], Awaitable[None]]


async def _nothing(_: Estate) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the table.

    Attributes:
        happen: what happens, to its end.
        before: while no owner writes.
        prepare: before it; owners go on meanwhile.
        afterwards: before the judgement.
        in_the_end: after it.
        verdicts: what operators may read in their history, one of these; none: nothing.
        alarms: what may still be wrong in the end.
        witnesses: whether processes run on, and so name what is lost; else all since the dump is.
        may_lose: whether acknowledged writes may be lost.
        must_lose: whether some are, on purpose.
        cut: whether it needs networks of our own.
    """

    name: str
    happen: Act
    prepare: Act = _nothing
    before: Act = _nothing
    afterwards: Act = _nothing
    in_the_end: Act = _nothing
    verdicts: frozenset[str] = frozenset({_FAILED_OVER})
    alarms: frozenset[str] = frozenset({"restored", "in_doubt"})
    witnesses: bool = True
    may_lose: bool = False
    must_lose: bool = False
    cut: bool = False


async def synchronous(estate: Estate) -> None:
    """The primary waits for its standby; a server that is promoted from it waits for none."""
    primary = estate.pair.primary
    _do(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")


async def killed(estate: Estate) -> None:
    await asyncio.to_thread(estate.pair.primary.kill)
    await _promoted(estate)


async def frozen(estate: Estate) -> None:
    estate.pair.primary.freeze()
    await _promoted(estate)


async def silent(estate: Estate) -> None:
    estate.pair.primary.plug.pull()
    await _promoted(estate)


async def switched_over(estate: Estate) -> None:
    await asyncio.to_thread(estate.pair.primary.stop)
    await asyncio.to_thread(estate.pair.standby.promote)


async def restarted_in_place(estate: Estate) -> None:
    await asyncio.to_thread(estate.pair.primary.kill)
    await asyncio.to_thread(estate.pair.primary.start)


async def standby_lost(estate: Estate) -> None:
    """Writes wait for it; then it is back."""
    await asyncio.to_thread(estate.pair.standby.kill)
    await asyncio.sleep(2 * _PROMOTED_AFTER)
    await asyncio.to_thread(estate.pair.standby.start)


async def cut_off(estate: Estate) -> None:
    await asyncio.to_thread(estate.pair.caught_up)
    await asyncio.to_thread(estate.pair.cut_standby_off)


async def dump(estate: Estate) -> None:
    file = str(estate.pair.primary.data.with_suffix(".dump"))
    primary = estate.pair.primary
    estate.saved_at = now()
    await asyncio.to_thread(primary.run, "pg_dump", "-Fc", "-f", file, primary.url(NAME))


async def dump_restored(estate: Estate) -> None:
    """Beside it, while the service runs; then it takes the other one's name."""
    primary = estate.pair.primary
    file = str(primary.data.with_suffix(".dump"))
    _do(primary, "CREATE DATABASE older")
    await asyncio.to_thread(primary.run, "pg_restore", "-d", primary.url("older"), file)
    estate.fault_at = now()
    _do(primary, f"ALTER DATABASE {NAME} ALLOW_CONNECTIONS false", _END)
    _do(primary, f"ALTER DATABASE {NAME} RENAME TO newer", f"ALTER DATABASE older RENAME TO {NAME}")


async def dump_restored_while_stopped(estate: Estate) -> None:
    """As the runbook has it, but for the operator's word: a worker finds out by itself."""
    await estate.service.stop()
    await dump_restored(estate)
    await estate.service.start()


async def snapshot(estate: Estate) -> None:
    """Of the volume: what is on disk at one moment."""
    primary = estate.pair.primary
    primary.freeze()
    try:
        await asyncio.to_thread(_copy, primary, ".snapshot")
    finally:
        primary.thaw()


async def snapshot_put_back(estate: Estate) -> None:
    primary = estate.pair.primary
    await asyncio.to_thread(primary.kill)
    await asyncio.to_thread(shutil.rmtree, primary.data)
    primary.data.with_suffix(".snapshot").rename(primary.data)
    await asyncio.to_thread(primary.start)


FAULTS = (
    Fault("killed", killed, verdicts=frozenset({_FAILED_OVER, _DOUBTED}), may_lose=True),
    Fault("killed, synchronous", killed, before=synchronous),
    Fault(
        "killed, with a loss on purpose",
        killed,
        cut_off,
        verdicts=frozenset({_DOUBTED}),
        may_lose=True,
        must_lose=True,
    ),
    Fault("frozen", frozen, verdicts=frozenset({_FAILED_OVER, _DOUBTED}), may_lose=True),
    Fault("silent", silent, verdicts=frozenset({_FAILED_OVER, _DOUBTED}), may_lose=True, cut=True),
    Fault("switched over", switched_over),
    Fault(
        "switched over, a speaker removed",
        switched_over,
        before=remove_a_speaker,
        afterwards=stop_it,
        in_the_end=roll_back_to_before_it,
        alarms=LEFT,
    ),
    Fault("restarted in place", restarted_in_place, verdicts=frozenset()),
    Fault("standby lost", standby_lost, verdicts=frozenset(), before=synchronous),
    Fault(
        "restored from an older dump",
        dump_restored,
        dump,
        verdicts=frozenset({_DISOWNED}),
        may_lose=True,
        must_lose=True,
    ),
    Fault(
        "restored from an older dump, all stopped",
        dump_restored_while_stopped,
        dump,
        verdicts=frozenset({_DISOWNED}),
        witnesses=False,
        may_lose=True,
        must_lose=True,
    ),
    Fault(
        "volume snapshot put back",
        snapshot_put_back,
        snapshot,
        verdicts=frozenset({_DISOWNED}),
        may_lose=True,
        must_lose=True,
    ),
)


_END = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{NAME}'"  # noqa: S608


async def _promoted(estate: Estate) -> None:
    await asyncio.sleep(_PROMOTED_AFTER)
    await asyncio.to_thread(estate.pair.standby.promote)


def _do(server: Server, *statements: str) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _copy(server: Server, suffix: str) -> None:
    shutil.copytree(server.data, server.data.with_suffix(suffix), symlinks=True)
    if who := server.data.owner():
        for path in [server.data.with_suffix(suffix), *server.data.with_suffix(suffix).rglob("*")]:
            shutil.chown(path, who, server.data.group())
