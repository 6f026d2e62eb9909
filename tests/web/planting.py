"""What needs a person, planted, and what workers make of it later."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.accounts.credential import Scope
from byoip.domain.checks.registry import Allocation
from byoip.domain.jobs.job_history import JobKind
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registrations import StatisticsFile
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Alarm, Routes
from tests.announcing import path
from tests.api.edges import Edge, register
from tests.api.operators import WHY
from tests.api.test_filters import contested
from tests.api.test_operator_speaker_settings import CHANGED, WANTED, proposed
from tests.routes.test_3_3_over_http import two_speakers
from tests.web.held_back import tripped
from tests.web.places import CONTRADICTS, saw
from tests.web.test_3_12_disputes import disputed
from tests.web.test_4_1_asn_disputes import asn_disputed
from tests.web.test_4_1_old_pages import held, refused
from tests.web.test_4_a_page_for_each import Plot
from tests.web.test_4_data import taken
from tests.web.test_4_decided_routes import DOUBT, restored
from tests.web.test_4_noc import raised
from tests.web.test_4_speakers import gone

Plant: TypeAlias = Callable[[Plot], Awaitable[str]]
Machinery: TypeAlias = Callable[[Plot], Awaitable[None]]


async def contest(plot: Plot) -> str:
    made = await plot.world.prefix("31.8.0.0/23")
    await contested(plot.world, made["id"])
    return "31.8.0.0/23"


async def suspension(plot: Plot) -> str:
    made = await plot.world.prefix("31.8.0.0/23")
    await plot.operator.act(f"/prefixes/{made['id']}/suspend")
    return "31.8.0.0/23"


async def dispute(plot: Plot) -> str:
    prefix_id, _, _ = await disputed(plot.world)
    return str((await plot.world.result("GET", f"/prefixes/{prefix_id}"))["cidr"])


async def dispute_of_a_number(plot: Plot) -> str:
    await asn_disputed(plot.world)
    return "AS3356"


async def refused_roas(plot: Plot) -> str:
    await taken(plot.world, plot.engine, plot.directory, (10, 10), (12, 2))
    [newest, *_] = await plot.operator.result("GET", "/roa_snapshots")
    return f"Number {newest['number']}"


async def statistics(plot: Plot) -> None:
    """A registry's file is accepted."""
    ranges = [Allocation(Prefix.parse("47.1.0.0/16"), "ripencc", "allocated", "a")]
    file = StatisticsFile("ripencc", "1", "0" * 64, plot.world.clock.now(), ranges)
    async with RegistrationSnapshots(plot.engine).exclusive() as tx:
        await tx.replace(file)


async def refused_statistics(plot: Plot) -> str:
    await statistics(plot)
    async with RegistrationSnapshots(plot.engine).exclusive() as tx:
        await tx.record_failure("ripencc", "too few", at=plot.world.clock.now(), refused=1)
    return "ripencc"


async def old_statistics(plot: Plot) -> str:
    await statistics(plot)
    plot.world.clock.advance(timedelta(days=4))
    return "ripencc"


async def trip(plot: Plot) -> str:
    await tripped(plot.world, plot.engine)
    return "global"


async def held_levels(plot: Plot) -> str:
    await held(plot.world, plot.engine, "31.0.0.0/23")
    return "holder, ripencc"


async def unreleased(plot: Plot) -> str:
    [cidr] = await restored(plot.world, plot.engine, plot.directory, 1)
    return cidr


async def in_doubt(plot: Plot) -> str:
    cidr = await unreleased(plot)
    async with plot.engine.begin() as connection:
        await connection.execute(sa.text(DOUBT), {"cidr": cidr})
    return cidr


async def orphan(plot: Plot) -> str:
    one = Prefix.parse("31.0.0.0/24")
    routes, now = Routes(plot.engine), plot.world.clock.now()
    await routes.note_orphans("ams1", {one: path(one, prepend=1)}, now)
    return "ams1"


async def shut(plot: Plot) -> str:
    now = plot.world.clock.now()
    await Routes(plot.engine).note_speaker(SpeakerState("ams1", 1, "", 0, now, loaded=True))
    await raised(plot.world, plot.engine, Alarm("sessions_shut", "ams1", "It lacks 3 routes."))
    return "sessions shut: ams1"


def alarms_end(kind: str) -> Machinery:
    async def end(plot: Plot) -> None:
        await Routes(plot.engine).replace_alarms(kind, [], plot.world.clock.now())

    return end


def alarm(kind: str, subject: str) -> Plant:
    async def plant(plot: Plot) -> str:
        await raised(plot.world, plot.engine, Alarm(kind, subject, "As it was seen."))
        return f"{kind.replace('_', ' ')}: {subject}"

    return plant


async def drain(plot: Plot) -> str:
    await two_speakers(plot.operator, plot.engine)
    until = (plot.world.clock.now() + timedelta(days=1)).isoformat()
    await plot.operator.act("/routes/speakers/ams1/drain", until=until)
    [one] = await Routes(plot.engine).drains.standing()
    return str(one.target)


async def drains_are_over(plot: Plot) -> None:
    drains = Routes(plot.engine).drains
    for one in await drains.standing():
        await drains.undone(one, plot.world.clock.now())


async def settings(plot: Plot) -> str:
    await proposed(plot.engine, (CHANGED,))
    return WANTED


async def silent_edge(plot: Plot) -> str:
    await register(plot.operator, "fra1")
    return "edge fra1"


async def the_edge_acknowledges(plot: Plot) -> None:
    token = await plot.world.credential(None, [Scope.EDGE_READ, Scope.EDGE_ACK])
    await Edge(plot.world, token).acknowledge("fra1", 0)


async def gone_speaker(plot: Plot) -> str:
    await gone(plot.world, plot.engine)
    return "speaker old1"


async def silent_speaker(plot: Plot) -> str:
    now = plot.world.clock.now()
    state = SpeakerState("ams1", 1, "connection refused", 0, now, loaded=False)
    await Routes(plot.engine).note_speaker(state)
    return "speaker ams1"


async def the_speaker_answers(plot: Plot) -> None:
    now = plot.world.clock.now()
    await Routes(plot.engine).note_speaker(SpeakerState("ams1", 1, "", 0, now, loaded=True))


async def silent_listener(plot: Plot) -> str:
    before = plot.world.clock.now() - timedelta(minutes=6)
    await Routes(plot.engine).note_listeners({"rr1": True}, before)
    return "listener rr1"


async def the_listener_answers(plot: Plot) -> None:
    await Routes(plot.engine).note_listeners({"rr1": True}, plot.world.clock.now())


async def seen_otherwise(plot: Plot) -> str:
    made = await plot.world.prefix("31.4.0.0/23")
    await saw(plot.world, plot.engine, made["id"], tyo=CONTRADICTS)
    return "31.4.0.0/23"


async def all_agree(plot: Plot) -> None:
    [made] = await plot.world.result("GET", "/prefixes")
    await saw(plot.world, plot.engine, made["id"])


async def stopped_job(plot: Plot) -> str:
    await plot.operator.act("/jobs/close_unproven/stop")
    return "close unproven"


async def refused_set(plot: Plot) -> str:
    await refused(plot.world, 3)
    return "close unproven"


async def the_job_runs(plot: Plot) -> None:
    """With the permission that an operator gave."""
    async with plot.world.store.transaction() as tx:
        waiting = await tx.guards.waiting(JobKind.CLOSE_UNPROVEN)
        assert waiting is not None
        assert waiting.allowed_at is not None
        await tx.guards.used(waiting.id, tx.now)


async def quota(plot: Plot) -> str:
    of = f"/accounts/{plot.world.account_id.hex}"
    made = await plot.operator.result("PATCH", of, json={"prefix_quota": 0, "reason": WHY})
    return str(made["name"])


async def word_of_a_year_ago(plot: Plot) -> str:
    made = await plot.world.prefix("31.8.0.0/23")
    await plot.operator.act(f"/prefixes/{made['id']}/approve")
    plot.world.clock.advance(timedelta(days=366))
    return "31.8.0.0/23"


async def ending_proof(plot: Plot) -> str:
    """By checks: its owner proves it anew."""
    prefix_id, cidr = await plot.world.approved()
    await until(plot, prefix_id, timedelta(days=30))
    return cidr


async def until(plot: Plot, prefix_id: str, left: timedelta) -> None:
    async with plot.world.store.transaction() as tx:
        claim = await tx.claims.lock(UUID(prefix_id))
        proof = replace(claim.proof, proven_at=tx.now, ends_at=tx.now + left)
        await tx.claims.save(replace(claim, proof=proof))


async def its_owner_proves_it(plot: Plot) -> None:
    [made] = await plot.world.result("GET", "/prefixes")
    await until(plot, made["id"], timedelta(days=398))
