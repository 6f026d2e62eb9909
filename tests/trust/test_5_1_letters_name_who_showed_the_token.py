"""Trust, 5.1: of reverse DNS a letter names who showed the token, not who was asked first.

In a zone without DNSSEC the resolver proves nothing: the name servers do, to which the zone above
delegates. In a signed zone it is the validating resolver.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import dns.flags
import dns.message
import dns.name
import dns.rrset
import pytest
from sqlalchemy import text

from byoip.domain.checks.evidence import Check, Passed, RawAnswer
from byoip.domain.claims.claim import Claim
from byoip.domain.letters.letter import Letter, LetterStatus
from byoip.domain.prefix import Prefix
from byoip.usecases.checks.run_validation import RunValidation
from byoip.usecases.letters.generate_letter import GenerateLetter
from byoip.usecases.letters.renew_letters import RenewLetters
from tests.adapters.dns_script import (
    NS1,
    NS2,
    REGISTRY,
    RESOLVERS,
    TOP,
    Resolve,
    Script,
    Serve,
    answer,
    playing,
    referring,
    serving,
    vouching,
)
from tests.fakes.letters import FakePress, FakeSigner
from tests.fakes.tokens import RandomHex
from tests.trust.dns_tree import EVIL1, HOSTS
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import HOUR, claimed, read, status
from tests.usecases.world import CIDR, LABEL, WORKER, World, roa

__all__ = ["world", "world_engine"]  # fixtures

RESOLVER = "the operator's validating resolver"
SIGNED, UNSIGNED = "0.0.31.in-addr.arpa", "1.0.31.in-addr.arpa"  # the two of CIDR
SOA = "ns1.example. host.example. 1 60 60 60 0"
# The zone itself names one more, who shows the token as well; a third one is silent.
DELEGATED = ("ns1.example.", "ns2.example.", "ns3.example.")
OWN = ("ns1.example.", "ns2.example.", "evil1.example.")
WITNESSES = "ns1.example, ns2.example"
OLD = f"{RESOLVER}, 9.0.2.1:53 and 2 more"


def said(question: dns.message.Message, token: str, flags: int = 0) -> dns.message.Message:
    """What is true of both zones and of the hosts, by whoever says it."""
    records = {
        (TOP, "NS"): ["ns.registry.example."],
        ("ns.registry.example.", "A"): [REGISTRY],
        (f"{UNSIGNED}.", "NS"): OWN,
        (f"{UNSIGNED}.", "SOA"): [SOA],
        **{(f"{LABEL}.{zone}.", "TXT"): [f'"{token}"'] for zone in (SIGNED, UNSIGNED)},
        **{(host, "A"): addresses for host, addresses in HOSTS.items()},
    }
    response = answer(question, records, flags=flags)
    name = question.question[0].name
    for zone in (SIGNED, UNSIGNED):
        if not response.answer and name.is_subdomain(dns.name.from_text(zone)):
            response.authority.append(dns.rrset.from_text(f"{zone}.", 60, "IN", "SOA", SOA))
    return response


def resolver(token: str, *signed: str) -> Resolve:
    """It validates: the registry's zone, names of hosts, and these zones are signed."""

    def resolve(question: dns.message.Message) -> list[bytes]:
        response = vouching(question, said(question, token))
        name = question.question[0].name
        if any(name.is_subdomain(dns.name.from_text(zone)) for zone in signed):
            response.flags |= dns.flags.AD
        return [response.to_wire()]

    return resolve


def shows(token: str) -> Serve:
    """A name server of the unsigned zone."""
    return serving(lambda question: said(question, token, dns.flags.AA).to_wire())


class Office:
    """Proves a claim among these servers, and writes its letters."""

    def __init__(self, world: World, script: Script) -> None:
        self.world, self.script = world, script

    async def written(self, claim: Claim) -> Letter:
        world = self.world
        writing = GenerateLetter(
            *(world.store, world.clock, RandomHex(), FakePress(), FakeSigner(), "Example", ""),
            resolvers=frozenset({f"{RESOLVERS[0]}:{self.script.port}"}),
            registries=world.registries,
            overrides=world.overrides,
        )
        letter = await writing(claim.id, by=WORKER)
        assert letter is not None
        return letter


@asynccontextmanager
async def proven(world: World, *signed: str) -> AsyncIterator[tuple[Office, Claim]]:
    claim = await claimed(world)
    token = (await world.issue(claim)).token.value
    world.route(claim.prefix)
    await world.roas(roa(claim.prefix))
    script = Script(
        resolve={RESOLVERS[0]: resolver(token, *signed)},
        serve={
            REGISTRY: referring(*DELEGATED, zone=f"{UNSIGNED}."),
            **dict.fromkeys((NS1, NS2, EVIL1), shows(token)),
        },
    )
    async with playing(script) as adapter:
        run_id = await world.request(claim)
        ask = replace(world.ask, dns=adapter, deadline=30.0)
        await RunValidation(world.store, ask)(run_id, by=WORKER)
    views = await world.runs(claim)
    assert (await world.now(claim)).approved, views[0].findings
    yield Office(world, script), claim


def row(letter: Letter) -> str:
    [of] = [one.of for one in letter.facts.checks if one.check is Check.OWNERSHIP_RDNS]
    return of


async def test_servers_are_named_for_a_zone_without_dnssec_and_the_resolver_for_a_signed_one(
    world: World,
) -> None:
    assert Prefix.parse(CIDR).length == 23
    async with proven(world, SIGNED) as (office, claim):
        letter = await office.written(claim)
    assert row(letter) == f"{RESOLVER} for {SIGNED}; {WITNESSES} for {UNSIGNED}"
    assert await RenewLetters(world.store, world.clock)() == 0, "its rows are true"


async def test_the_resolver_alone_is_named_where_all_zones_are_signed(world: World) -> None:
    async with proven(world, SIGNED, UNSIGNED) as (office, claim):
        assert row(await office.written(claim)) == RESOLVER


OLDER = [
    pytest.param(OLD, id="the resolver, a server and more"),
    pytest.param(f"{RESOLVER}, 9.0.2.1:53", id="the resolver and one server"),
    pytest.param(
        "a name server that only the operator's network reaches, 9.0.2.1:53",
        id="a resolver of former settings",
    ),
    pytest.param("[2001:db8::53]:53, 9.0.2.1:53", id="a resolver of former settings, by address"),
]


@pytest.mark.parametrize("of", OLDER)
async def test_letters_that_named_the_resolver_for_it_are_superseded(world: World, of: str) -> None:
    async with proven(world, SIGNED) as (office, claim):
        old = await office.written(claim)
        renewing = RenewLetters(world.store, world.clock)
        await as_older(world, old, of)
        assert (await read(world, old)).misnames
        assert await status(world, old) is LetterStatus.VALID, "a network polls it"
        assert await renewing() == 1
        world.clock.advance(HOUR)
        new = await office.written(claim)
        assert await status(world, old) is LetterStatus.SUPERSEDED
        assert row(new) == f"{RESOLVER} for {SIGNED}; {WITNESSES} for {UNSIGNED}"
        assert await renewing() == 0


async def test_what_an_older_version_kept_names_servers_by_what_they_answered(
    world: World,
) -> None:
    async with proven(world, SIGNED) as (office, claim):
        old = await office.written(claim)
        await as_older(world, old, OLD, kept=True)
        world.clock.advance(HOUR)
        inside = "a name server that only the operator's network reaches"  # we are on loopback
        new = await office.written(claim)
        assert row(new) == f"{RESOLVER} for {SIGNED}; {inside} for {UNSIGNED}"
        assert await RenewLetters(world.store, world.clock)() == 0


@pytest.mark.parametrize("of", [RESOLVER, "9.9.9.9:53"])
async def test_letters_for_signed_zones_alone_stand(world: World, of: str) -> None:
    async with proven(world, SIGNED, UNSIGNED) as (office, claim):
        letter = await office.written(claim)
        await as_older(world, letter, of)
        assert not (await read(world, letter)).misnames
        assert await RenewLetters(world.store, world.clock)() == 0


async def test_of_hundreds_of_exhibits_a_letter_reads_one_or_what_it_needs(world: World) -> None:
    async with proven(world, SIGNED) as (office, claim):
        (run,) = await world.runs(claim)
        whole = await world.reader.run(claim.account_id, claim.id, run.run.id)
        [look] = [one for one in whole.findings if one.check is Check.OWNERSHIP_RDNS]
        texts = [one for one in look.exhibits if " TXT @" in one.asked]
        assert len(look.exhibits) > len(texts) > 1
        assert isinstance(look.outcome, Passed)
        assert look.outcome.shown_by == (), "a view of the run repeats it for no exhibit"
        assert [one.asked for one in await read_for_a_letter(world, claim)] == [
            look.exhibits[0].asked
        ]
        await as_older(world, await office.written(claim), OLD, kept=True)
        read = await read_for_a_letter(world, claim)
    assert [one.asked for one in read if one.answer] == [one.asked for one in texts if one.answer]


async def read_for_a_letter(world: World, claim: Claim) -> tuple[RawAnswer, ...]:
    """The exhibits of reverse DNS."""
    async with world.store.transaction() as tx:
        grounds = await tx.letters.grounds(claim.id)
    assert grounds is not None
    [exhibits] = [one.exhibits for one in grounds.findings if one.check is Check.OWNERSHIP_RDNS]
    return exhibits


async def as_older(world: World, letter: Letter, of: str, *, kept: bool = False) -> None:
    """As an older version has written the letter, and with `kept` the findings as well."""
    wrong = text(
        "UPDATE letters SET facts = jsonb_set(facts, '{checks}', (SELECT jsonb_agg(CASE "
        "WHEN one->>'check' = 'ownership_rdns' "
        "THEN one || jsonb_build_object('of', CAST(:of AS text)) "
        "ELSE one END) FROM jsonb_array_elements(facts->'checks') AS one)) WHERE reference = :id"
    )
    async with world.engine.begin() as connection:
        # Triggers keep what a letter states, and what was found; the older version wrote it so.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(wrong, {"of": of, "id": letter.reference.value})
        if kept:
            await connection.execute(text("UPDATE findings SET shown_by = NULL"))
