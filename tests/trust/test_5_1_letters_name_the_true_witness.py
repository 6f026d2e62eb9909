"""Trust, 5.1: each row of a letter names the party that was asked, or there is no letter."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import text

from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.domain.checks.delegated_statistics import REGISTRIES
from byoip.domain.checks.evidence import Check
from byoip.domain.checks.registry import Allocation, Dialect, Registry
from byoip.domain.checks.reverse_dns.observation import ZoneSecurity
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.letters.letter import Letter, LetterStatus
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registrations import StatisticsFile
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.usecases.checks.run_validation import RunValidation
from byoip.usecases.letters.generate_letter import GenerateLetter
from byoip.usecases.letters.renew_letters import RenewLetters
from tests.fakes.letters import FakePress, FakeSigner
from tests.fakes.tokens import RandomHex
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import HOUR, claimed, read, status
from tests.usecases.world import CIDR, LABEL, WORKER, World, roa

__all__ = ["world", "world_engine"]  # fixtures

RESOLVER = "the operator's validating resolver"
TWIN = "127.0.0.1:53"  # where the twin of reverse DNS says that it is


@dataclass
class Office:
    """Asks a real whois server on loopback, and writes letters."""

    world: World
    whois: WhoisServer
    registry: Registry

    async def prove(
        self, claim: Claim, method: TokenMethod, overrides: Sequence[tuple[Prefix, str]] = ()
    ) -> None:
        world, prefix = self.world, claim.prefix
        token = (await world.issue(claim, method)).token
        lines = [f"route: {prefix}", "origin: AS64500", f"remarks: {LABEL}: {token.value}"]
        self.whois.put("RIPE", "\n".join([*lines, "mnt-by: A-MNT", "source: RIPE"]).encode())
        world.txt(prefix, token.value)
        await world.roas(roa(prefix))
        ask = replace(
            world.ask,
            registry=WhoisRegistry(world.clock, deadline=30),
            registries={"ripencc": self.registry},
            overrides=overrides,
        )
        run_id = await world.request(claim)
        await RunValidation(world.store, ask)(run_id, by=WORKER)
        assert (await world.now(claim)).approved

    async def write(self, claim: Claim, **registries: Registry) -> Letter | None:
        world = self.world
        writing = GenerateLetter(
            *(world.store, world.clock, RandomHex(), FakePress(), FakeSigner(), "Example", ""),
            resolvers=frozenset({TWIN}),
            registries=registries,
        )
        return await writing(claim.id, by=WORKER)

    async def written(self, claim: Claim) -> Letter:
        letter = await self.write(claim, ripencc=self.registry)
        assert letter is not None
        return letter


def parties(letter: Letter) -> dict[Check, str]:
    return {one.check: one.of for one in letter.facts.checks}


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    server = WhoisServer()
    port = await server.start()
    registry = Registry("ripencc", "RIPE", "127.0.0.1", Dialect.RIPE, port=port)
    yield Office(world, server, registry)
    await server.stop()


async def statistics(world: World) -> None:
    """All registries' files are loaded; of ours the space is RIPE's."""
    snapshots = RegistrationSnapshots(world.engine)
    held = [Allocation(Prefix.parse(CIDR), "ripencc", "allocated", "h-1", "NL")]
    async with snapshots.exclusive() as tx:
        for key in sorted(REGISTRIES):
            rows = held if key == "ripencc" else []
            await tx.replace(StatisticsFile(key, "1", "0" * 64, world.clock.now(), rows))


async def test_each_row_names_whom_it_was_asked_of(office: Office) -> None:
    world = office.world
    await statistics(world)
    claim = await claimed(world)
    await office.prove(claim, TokenMethod.IRR)
    whois = f"RIPE NCC, 127.0.0.1:{office.registry.port}"
    now = world.clock.now()
    assert parties(await office.written(claim)) == {
        Check.REGISTRATION: (
            f"the registries' delegated statistics, fetched {now:%Y-%m-%dT%H:%M:%SZ}"
        ),
        Check.IRR: whois,
        Check.RPKI: f"a twin, built {now:%Y-%m-%dT%H:%M:%S}+00:00",
        Check.OWNERSHIP_IRR: whois,
    }


async def test_a_resolver_is_named_for_names_alone(office: Office) -> None:
    await statistics(office.world)
    claim = await claimed(office.world)
    for zone in reverse_zones(claim.prefix):
        office.world.dns.secure(zone.owner(LABEL), ZoneSecurity.SECURE)
    await office.prove(claim, TokenMethod.RDNS)
    named = parties(await office.written(claim))
    assert named[Check.OWNERSHIP_RDNS] == RESOLVER
    assert [check for check, of in named.items() if RESOLVER in of] == [Check.OWNERSHIP_RDNS]


@pytest.mark.parametrize("loaded", [True, False])
async def test_where_the_operator_names_the_registry_no_statistics_said_so(
    office: Office, *, loaded: bool
) -> None:
    if loaded:
        await statistics(office.world)
    claim = await claimed(office.world)
    await office.prove(claim, TokenMethod.RDNS, [(claim.prefix, "ripencc")])
    (stated, *_) = (await office.written(claim)).facts.checks
    assert (stated.check, stated.of) == (
        Check.REGISTRATION,
        "the operator, by its own decision",
    )
    assert "statistics" not in stated.how


async def test_what_cannot_be_named_is_not_issued(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    await statistics(office.world)
    claim = await claimed(office.world)
    await office.prove(claim, TokenMethod.RDNS)
    elsewhere = replace(office.registry, host="whois.example.net")
    assert await office.write(claim, ripencc=elsewhere) is None
    assert "the party asked for irr cannot be named" in caplog.text
    assert "letter.issued" not in await office.world.kinds(claim)
    # Two registries at one host: which of them answered is not known, unless one is responsible.
    others = {key: replace(office.registry, key=key) for key in ("apnic", "arin")}
    assert await office.write(claim, **others) is None
    assert await office.write(claim, ripencc=office.registry, **others) is not None


UNNAMED = [
    pytest.param(
        "UPDATE exhibits AS one SET whom = 'snapshot 999' FROM findings AS found"
        " WHERE check_name = 'registration' AND one.run_id = found.run_id"
        " AND finding = found.position",
        Check.REGISTRATION,
        id="statistics that are not known",
    ),
    pytest.param(
        "UPDATE exhibits AS one SET whom = '10.1.2.3:43' FROM findings AS found"
        " WHERE check_name = 'irr' AND one.run_id = found.run_id AND finding = found.position"
        " AND one.position > 0",
        Check.IRR,
        id="one of two parties",
    ),
]


@pytest.mark.parametrize(("change", "check"), UNNAMED)
async def test_nor_is_what_names_unknown_statistics_or_only_some_of_its_parties(
    office: Office, caplog: pytest.LogCaptureFixture, change: str, check: Check
) -> None:
    await statistics(office.world)
    claim = await claimed(office.world)
    await office.prove(claim, TokenMethod.RDNS)
    async with office.world.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        assert (await connection.execute(text(change))).rowcount
    assert await office.write(claim, ripencc=office.registry) is None
    assert f"the party asked for {check.value} cannot be named" in caplog.text


WRONG = [
    pytest.param(Check.IRR, RESOLVER, id="a resolver for what whois answered"),
    pytest.param(Check.IRR, f"{RESOLVER} and 1 more", id="and more"),
    pytest.param(Check.RPKI, "snapshot 10", id="a number"),
    pytest.param(Check.RPKI, "snapshot 10 (rpki-client 9.7, built 2026)", id="a number and more"),
    pytest.param(Check.REGISTRATION, "snapshot 3", id="a number of statistics"),
    pytest.param(Check.IRR, "", id="nothing"),
]


@pytest.mark.parametrize(("check", "of"), WRONG)
async def test_letters_that_said_it_are_superseded(office: Office, check: Check, of: str) -> None:
    world = office.world
    await statistics(world)
    claim = await claimed(world)
    await office.prove(claim, TokenMethod.RDNS)
    letter = await office.written(claim)
    renewing = RenewLetters(world.store, world.clock)
    assert await renewing() == 0, "its rows are true"
    old = await misnamed(world, letter, check, of)
    assert old.misnames
    assert await status(world, old) is LetterStatus.VALID, "a network polls it"
    assert await renewing() == 1
    world.clock.advance(HOUR)
    new = await office.written(claim)
    assert await status(world, old) is LetterStatus.SUPERSEDED
    assert (await read(world, old)).superseded_by == new.reference
    assert parties(new)[check] == parties(letter)[check]
    assert await renewing() == 0


async def misnamed(world: World, letter: Letter, check: Check, of: str) -> Letter:
    """As an older version has written it."""
    wrong = text(
        "UPDATE letters SET facts = jsonb_set(facts, '{checks}', (SELECT jsonb_agg(CASE "
        "WHEN one->>'check' = :check THEN one || jsonb_build_object('of', CAST(:of AS text)) "
        "ELSE one END) FROM jsonb_array_elements(facts->'checks') AS one)) WHERE reference = :id"
    )
    async with world.engine.begin() as connection:
        # A trigger keeps what a letter states; the older version wrote it so.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        asked = {"check": check.value, "of": of, "id": letter.reference.value}
        await connection.execute(wrong, asked)
    return await read(world, letter)
