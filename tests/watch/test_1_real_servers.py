"""What a look finds, asked of real servers: whois, name servers, and files of statistics."""

import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.domain.checks.evidence import Check
from byoip.domain.checks.rirs import RIRS
from byoip.domain.claims.claim import Claim
from byoip.domain.history import Actor
from byoip.domain.watch.after_a_sale import stood, vouched_anew
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import hear_zones
from byoip.sandbox.whois_server import WhoisServer
from byoip.usecases.checks.responsible import Registries
from byoip.usecases.jobs.isolate_rows import IsolatedRows
from byoip.usecases.watch.hear_statistics import HearStatistics
from byoip.usecases.watch.look import Look
from tests.adapters.dns_script import (
    NS1,
    NS2,
    OWNER,
    REGISTRY,
    TOP,
    ZONE,
    Script,
    Serve,
    referring,
    serving,
)
from tests.trust.dns_tree import BOTH, EVIL1, NS3, WIDE, delegated, holds, resolver
from tests.trust.parties import Parties, whois_at
from tests.trust.test_1_1_addresses_from_the_parent import delegating
from tests.usecases.world import LABEL

BY = Actor("worker", "job-1")
AT = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CIDR = "31.0.0.0/24"
ROW = "ripencc|NL|ipv4|31.0.0.0|256|20110101|allocated|{}"


@pytest.fixture
async def parties(
    engine: AsyncEngine, tmp_path: Path
) -> AsyncIterator[tuple[Parties, WhoisServer]]:
    """The five registries on one whois server, and an account with an approved prefix."""
    async with whois_at(*RIRS) as (server, registries):
        world = Parties(engine, tmp_path, known=registries)
        world.account_id = await world.new_account()
        yield world, server


async def watched(world: Parties, claim: Claim) -> dict[Signal, Watch]:
    """One look and one pass over statistics, as the job does them."""
    known = Registries(world.registries)
    await HearStatistics(world.store, known)(IsolatedRows("watch"), math.inf, by=BY)
    whois = WhoisRegistry(world.clock, deadline=30)
    await Look(world.store, whois, world.dns, LABEL, world.registries)(claim.id, by=BY)
    async with world.store.transaction() as tx:
        return dict(await tx.watches.of(claim.id))


def route(maintainer: str) -> bytes:
    return f"route: {CIDR}\norigin: AS64500\nmnt-by: {maintainer}\nsource: RIPE\n".encode()


async def test_whois_and_files_of_statistics(parties: tuple[Parties, WhoisServer]) -> None:
    world, server = parties
    await world.statistics(ROW.format("seller"))
    server.put("RIPE", route("A-MNT"))
    server.put("RIPE", b"inetnum: 31.0.0.0 - 31.0.0.255\nmnt-by: A-MNT\nsource: RIPE\n")
    claim = await world.claim(CIDR)
    await world.prove(claim)
    await world.validate(claim)
    assert (await world.now(claim)).approved
    first = await watched(world, claim)
    assert first[Signal.ROUTE_OBJECT].baseline == "A-MNT"
    assert first[Signal.HOLDER].seen == "seller at ripencc"

    server.put("RIPE", route("B-MNT"))
    for other in ("31.0.1.0", "31.0.2.0"):  # two files that differ
        world.clock.advance(DAY)
        beside = ROW.format("another").replace("31.0.0.0", other)
        await world.statistics(ROW.format("buyer"), beside)
        then = await watched(world, claim)
    assert then[Signal.ROUTE_OBJECT].level is Level.NOTICE
    assert then[Signal.ROUTE_OBJECT].seen == "Maintained by B-MNT; it was A-MNT."
    assert (await world.now(claim)).frozen_for == {Signal.HOLDER}

    await server.stop()  # nobody answers: nothing moves
    world.clock.advance(DAY)
    silent = (await watched(world, claim))[Signal.ROUTE_OBJECT]
    assert (silent.level, silent.doubt != "") == (Level.NOTICE, True)


NEW = Watch(Signal.REVERSE_ZONE), Watch(Signal.ZONE_SERVERS)
NOBODY = "127.0.0.99"
GLUE = {"ns1.example.": NS1, "ns2.example.": NS2}


def zones(registry: Serve) -> Script:
    return Script(resolve=resolver(), serve={REGISTRY: registry, NS1: holds(), NS2: holds()})


async def test_a_zone_that_a_real_registry_delegates_no_more() -> None:
    first = await delegated(zones(delegating(GLUE)))
    zone, servers = hear_zones(*NEW, [first], AT)
    assert zone.seen == f"delegated: {ZONE.name}"
    assert "ns1.example." in zone.baseline

    elsewhere = dict(zip(("evil1.example.", "evil2.example."), (NS1, NS2), strict=True))
    moved = await delegated(zones(delegating(elsewhere)))
    _, away = hear_zones(zone, servers, [moved], AT + DAY)
    assert away.failing
    assert "evil1.example." in away.seen

    denied = await delegated(zones(holds(TOP, says=None)))
    lost, unknown = hear_zones(zone, servers, [denied], AT + DAY)
    assert lost.seen == f"Delegated no more: {ZONE.name}"
    assert (unknown.failing, unknown.doubt) == (False, lost.seen)

    closed = await delegated(Script(resolve=resolver(registry=(NOBODY,)), serve={}))
    fails = await delegated(zones(serving(servfail)))
    for unanswered in (closed, fails):
        nobody, _ = hear_zones(zone, servers, [unanswered], AT + DAY)
        assert (nobody.failing, nobody.doubt != "") == (False, True)
        first_time, _ = hear_zones(*NEW, [unanswered], AT)
        assert first_time.baseline == ""


def servfail(question: dns.message.Message) -> bytes:
    response = dns.message.make_response(question)
    response.set_rcode(dns.rcode.SERVFAIL)
    return response.to_wire()


def aliased(question: dns.message.Message) -> bytes:
    response = dns.message.make_response(question)
    response.flags |= dns.flags.AA
    name = question.question[0].name
    response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", "elsewhere.example."))
    return response.to_wire()


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param({}, id="silent"),
        pytest.param({NS3: serving(servfail), EVIL1: serving(servfail)}, id="fail"),
        pytest.param({NS3: holds(WIDE, says=None)}, id="one of two"),
        pytest.param({NS3: holds(), EVIL1: holds()}, id="a tenant's zone"),
        pytest.param({NS3: holds(says=None), EVIL1: holds(says=None)}, id="without the text"),
        pytest.param({NS3: holds(OWNER), EVIL1: holds(OWNER)}, id="a tenant's zone of the label"),
        pytest.param({NS3: serving(aliased), EVIL1: serving(aliased)}, id="an alias"),
    ],
)
async def test_what_is_not_said_by_the_zone_above_tells_of_no_other_delegation(
    instead: dict[str, Serve],
) -> None:
    """Else it moves a level, and vouches for who has the zone still, after a sale."""
    above = referring("ns3.example.", "evil1.example.", zone=WIDE)
    to_it = {NS3: referring(*BOTH), EVIL1: referring(*BOTH)}
    served = {REGISTRY: above, NS1: holds(), NS2: holds()}
    first = await delegated(Script(resolve=resolver(), serve={**served, **to_it}))
    zone, servers = hear_zones(*NEW, [first], AT)
    assert "ns1.example." in servers.baseline

    seen = await delegated(Script(resolve=resolver(), serve={**served, **instead}))
    found = hear_zones(zone, servers, [seen], AT + DAY)
    assert [(one.failing, one.doubt != "") for one in found] == [(False, True)] * 2
    before = stood({one.signal: one for one in (zone, servers)}, [first.zone], AT)
    assert {*before[Signal.ZONE_SERVERS]} == {"ns1.example.", "ns2.example."}
    known = {one.signal: one for one in found}
    passed = {Check.OWNERSHIP_RDNS: frozenset({"ns1.elsewhere.example."})}
    assert not vouched_anew(known, before, passed, AT + DAY)
    first_time, _ = hear_zones(*NEW, [seen], AT)
    assert first_time.baseline == ""

    denies = holds(WIDE, says=None)
    both = await delegated(Script(resolve=resolver(), serve={**served, NS3: denies, EVIL1: denies}))
    _, away = hear_zones(zone, servers, [both], AT + DAY)
    assert away.failing
