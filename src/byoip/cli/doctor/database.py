"""The doctor's look at the database, and at what processes have put there."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from byoip.cli.doctor.finding import Finding, State, fault, fine, note
from byoip.cli.opening import opened
from byoip.composition.capabilities import capabilities_of
from byoip.composition.connections import connection_notes
from byoip.composition.process import Composition
from byoip.ports.clock import Clock
from byoip.settings.model import Settings
from byoip.store.migrating import CannotMigrate, check_revision, stamped_mode
from byoip.store.poolers import UnfitPooler, refuse_unfit_pooler
from byoip.store.server_settings import (
    NoRoom,
    UnfitServer,
    clock_ahead,
    look_at_role,
    look_at_server,
    require_commits,
    require_room,
)
from byoip.store.unavailable import StoreUnavailable

# Leases and tokens follow the database's clock, all else that of the process.
CLOCKS_APART: Final = timedelta(seconds=5)
_WITHIN: Final = ("role", "stamp", "migrations", "clock")
_LOADED: Final = ("statistics", "roa_data", "trust_anchors")


async def look_at_database(settings: Settings, clock: Clock) -> Sequence[Finding]:
    """Server, role, stamp, migrations, clock; then what is loaded."""
    if settings.database_url is None:
        none = "no DATABASE_URL: only `byoip up` works, on a Postgres of its own"
        return [note("database", none), *_unknown((*_WITHIN, *_LOADED), "no database")]
    composition = opened(settings)
    composition.clock = clock
    try:
        server = await _server(composition)
        if any(one.state is State.FAULT for one in server):
            return [*server, *_unknown((*_WITHIN, *_LOADED), "see database")]
        migrations = await _migrations(composition)
        current = migrations.state is State.OK
        return [
            *server,
            await _role(composition),
            await _stamp(composition),
            migrations,
            await _clock(composition),
            *(await _loaded(composition) if current else _unknown(_LOADED, "see migrations")),
        ]
    except StoreUnavailable as away:
        return [_away(away)]
    finally:
        await composition.close()


def _unknown(checks: Sequence[str], said: str) -> list[Finding]:
    return [Finding(check, State.UNKNOWN, said) for check in checks]


def _away(away: StoreUnavailable) -> Finding:
    fix = "See DATABASE_URL, whether Postgres runs, and whether it lets us in (pg_hba.conf)."
    return fault("database", f"cannot be reached: {away.why}", fix)


async def _server(composition: Composition) -> Sequence[Finding]:
    """Whether it may be used at all, as each process asks when it starts, and `/readyz`."""
    engine = composition.engine
    try:
        await refuse_unfit_pooler(composition.database_url)
        server = await look_at_server(engine)
        await check_revision(engine)  # refuses a server that is too old
        await require_commits(engine)
        await require_room(engine)
    except NoRoom:
        return [fault("database", "no room on its disk", "Make room: it goes on by itself.")]
    except StoreUnavailable as away:
        return [_away(away)]
    except UnfitPooler as unfit:
        return [fault("database", str(unfit), "See High availability, Poolers.")]
    except UnfitServer as unfit:
        return [fault("database", str(unfit), "Change its settings, then restart Postgres.")]
    except CannotMigrate as old:
        return [fault("database", str(old), "Upgrade Postgres.")]
    told = (*server.notes, *connection_notes(composition.settings, server))
    return [fine("database", "answers, and commits"), *(note("database", one) for one in told)]


async def _role(composition: Composition) -> Finding:
    role = await look_at_role(composition.engine)
    if not role.owns:
        return fault(
            "role",
            f"the database {role.database} belongs to {role.owner}, not to our role {role.name}",
            f'As an administrator: ALTER DATABASE "{role.database}" OWNER TO "{role.name}".',
        )
    if role.others:
        return fault(
            "role",
            f"tables belong to {role.others}, not to our role {role.name}",
            f'As an administrator, in that database: REASSIGN OWNED BY "{role.others}" '
            f'TO "{role.name}", or use that role in DATABASE_URL.',
        )
    return fine("role", f"{role.name} owns the database")


async def _stamp(composition: Composition) -> Finding:
    stamped = await stamped_mode(composition.engine)
    if stamped is None:
        return Finding("stamp", State.UNKNOWN, "the first migration stamps it")
    if stamped != composition.mode:
        fix = "Give each mode a database of its own: the stamp cannot be changed."
        return fault("stamp", f"the database is stamped {stamped}", fix)
    return fine("stamp", stamped)


async def _migrations(composition: Composition) -> Finding:
    state = await check_revision(composition.engine)
    if state.current:
        return fine("migrations", f"revision {state.found}")
    said = f"revision {state.found}, and this version needs {state.expected}"
    if state.from_elsewhere:
        fix = "A newer byoip was at work: replace this version with that one."
    else:
        fix = "Run `byoip migrate` of this version."
    return fault("migrations", said, fix)


async def _clock(composition: Composition) -> Finding:
    ahead = await clock_ahead(composition.engine, composition.clock)
    if abs(ahead) <= CLOCKS_APART:
        return fine("clock", "agrees with the database's")
    seconds = f"{abs(ahead).total_seconds():.0f} s"
    said = f"{seconds} {'ahead of' if ahead > timedelta(0) else 'behind'} the database's"
    return fault("clock", said, "Have NTP set the clocks of this machine and of the database's.")


async def _loaded(composition: Composition) -> Sequence[Finding]:
    """As `/readyz?verbose` shows them."""
    shown = {one.name: one.found for one in await capabilities_of(composition).now()}
    return [
        fault(name, shown[name].lacking, shown[name].remedy)
        if shown[name].lacking
        else fine(name, "as it should be")
        for name in _LOADED
    ]
