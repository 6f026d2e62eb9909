"""Trust, 5.1: a letter quotes whom a registry named as the prefix was approved, and no other."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.rdap.rdap_client import RdapClient
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.domain.checks.evidence import Check, Finding, Passed
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.rdap.said import RdapEnd, is_rdap, read_said
from byoip.sandbox.rdap_server import RdapFault, RdapServer
from byoip.sandbox.rdap_shapes import RdapRecord
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from byoip.usecases.checks.ask_holder import AskHolder
from byoip.usecases.checks.collect_evidence import CollectEvidence
from tests.trust.contests import revoke
from tests.trust.parties import Parties
from tests.usecases.letters import claimed, read, write, written
from tests.usecases.world import roa

CIDR = "31.1.0.0/20"
PART = "31.1.4.0/24"
YEAR = timedelta(days=340)
ROW = "ripencc|NL|ipv4|31.1.0.0|4096|20261101|allocated|holder"


@dataclass
class Office(Parties):
    """Parties that have RDAP servers as well."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rdap = RdapServer()
        self.whois = WhoisServer()
        self.budget = PostgresRegistryBudget(self.engine, remember=timedelta(0))

    @property
    def ask(self) -> CollectEvidence:
        back_off = BackOff(timedelta(hours=1), timedelta(minutes=10))
        servers = RdapServers(self.known)
        # One that is silent answers nothing else meanwhile.
        deadline = 1 if self.rdap.fault is RdapFault.TIMEOUT else 30
        client = RdapClient(self.clock, servers, self.budget, deadline=deadline, back_off=back_off)
        return replace(super().ask, holder=AskHolder(client))

    async def approve(self, claim: Claim) -> Finding:
        """Have it approved; what was found of its registration."""
        await self.roas(roa(claim.prefix))
        text = f"route: {claim.prefix}\norigin: AS64500\nsource: RIPE"
        self.whois.put("RIPE", text.encode())
        self.txt(claim.prefix, (await self.token(claim)).value)
        return await self.look(claim)

    async def look(self, claim: Claim) -> Finding:
        run = await self.validate(claim)
        assert (await self.now(claim)).approved
        return next(one for one in run.findings if one.check is Check.REGISTRATION)


@pytest.fixture
async def office(registry_world: tuple[Parties, WhoisServer]) -> AsyncIterator[Office]:
    world, whois = registry_world
    made = Office(world.engine, world.directory, account_id=world.account_id)
    made.whois = whois
    await made.rdap.start()
    made.known = {
        key: replace(one, rdap_url=made.rdap.urls[key]) for key, one in world.known.items()
    }
    await made.statistics(ROW)
    yield made
    await made.rdap.stop()


def put(office: Office, name: str, cidr: str = CIDR, **words: str) -> None:
    office.rdap.put("ripencc", RdapRecord(cidr, name=name, **words))


def names(finding: Finding) -> list[str]:
    said = [read_said(one.answer) for one in finding.exhibits if is_rdap(one)]
    return [one.network.registrant.name for one in said if one.network and one.network.registrant]


async def test_the_holder_is_named_in_evidence_and_letter_with_who_said_so(office: Office) -> None:
    put(office, "Example B.V.")
    claim = await claimed(office, CIDR)
    finding = await office.approve(claim)
    assert names(finding) == ["Example B.V."]
    letter = await written(office, claim)
    (words,) = letter.facts.registrants
    server = office.rdap.urls["ripencc"].removeprefix("http://").strip("/")
    assert (words.name, words.kind, words.of) == ("Example B.V.", "org", f"RIPE NCC, {server}")
    assert words.at == finding.exhibits[1].at
    assert words.block == "31.1.0.0 - 31.1.15.255"
    assert str(letter.facts.holder) == "RIPE NCC holder holder (allocated)", "beside it, as it was"
    registration = next(one for one in letter.facts.checks if one.check is Check.REGISTRATION)
    assert "delegated statistics" in registration.of
    assert server not in registration.of
    assert (await read(office, letter)).facts == letter.facts


async def test_a_part_is_named_with_the_holder_around_it(office: Office) -> None:
    put(office, "Example LIR", handle="ORG-LIR-RIPE", type="ALLOCATED PA")
    put(office, "Example B.V.", PART, handle="ORG-EX-RIPE", type="ASSIGNED PA")
    claim = await claimed(office, PART)
    finding = await office.approve(claim)
    assert names(finding) == ["Example B.V.", "Example LIR"]
    (hint,) = finding.outcome.warnings  # type: ignore[union-attr] # it passed
    assert "may be a lessee" in hint
    letter = await written(office, claim)
    assert [(one.name, one.block) for one in letter.facts.registrants] == [
        ("Example B.V.", "31.1.4.0 - 31.1.4.255"),
        ("Example LIR", "31.1.0.0 - 31.1.15.255"),
    ]


SAYS = {
    RdapFault.TIMEOUT: "gave no whole answer in time",
    RdapFault.RESET: "could not be reached",
    RdapFault.GARBAGE: "gave an answer that could not be read",
    RdapFault.TRUNCATED: "broke off its answer",
    RdapFault.REFUSED: 'refused to answer ("the server answered 429")',
    RdapFault.SERVER_FAILURE: 'answered that it had failed ("the server answered 500")',
    RdapFault.REDIRECTS: "gave an answer that could not be read",
}


@pytest.mark.parametrize("fault", list(RdapFault))
async def test_unanswered_changes_nothing_and_is_said(office: Office, fault: RdapFault) -> None:
    office.rdap.fault = fault
    claim = await claimed(office, CIDR)
    finding = await office.approve(claim)
    assert finding.outcome == Passed("ripencc (delegated-extended statistics)")
    (exhibit,) = [one for one in finding.exhibits if is_rdap(one)]
    assert read_said(exhibit.answer).end is RdapEnd.UNANSWERED
    letter = await written(office, claim)
    (words,) = letter.facts.registrants
    assert (words.end, words.name) == (RdapEnd.UNANSWERED, "")
    assert str(words).endswith(f" UTC for {CIDR}, {SAYS[fault]}")
    assert (await read(office, letter)).facts == letter.facts


@pytest.mark.parametrize("moved", [True, False])
async def test_what_a_server_said_that_has_it_not_itself_is_no_silence(
    office: Office, *, moved: bool
) -> None:
    if moved:  # to a registry that has none of it, and is not the one responsible
        put(office, "", moved_to="arin")
    else:
        put(office, "Example", netname="NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK")
    claim = await claimed(office, CIDR)
    await office.approve(claim)
    (words,) = (await written(office, claim)).facts.registrants
    assert words.end is RdapEnd.UNANSWERED
    why = (
        "404: not found; another registry may have it"
        if moved
        else "a placeholder stands there: NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK"
    )
    told = f'for {CIDR}, answered that it does not have the space itself ("{why}")'
    assert str(words).endswith(told)


async def test_of_the_space_around_it_is_said_that_it_was_asked_for(office: Office) -> None:
    """Of a part the registry has a network, and of the holder's around it none."""
    put(office, "Example B.V.", PART, handle="ORG-EX-RIPE", type="ASSIGNED PA")
    claim = await claimed(office, PART)
    await office.approve(claim)
    _, around = (await written(office, claim)).facts.registrants
    assert around.end is RdapEnd.ABSENT
    assert str(around).endswith(f"has no network around {CIDR}")


async def test_an_absence_changes_nothing_either(office: Office) -> None:
    claim = await claimed(office, CIDR)
    await office.approve(claim)
    (words,) = (await written(office, claim)).facts.registrants
    assert words.end is RdapEnd.ABSENT


async def test_where_no_url_is_configured_nobody_is_asked(office: Office) -> None:
    office.known = {key: replace(one, rdap_url=None) for key, one in office.known.items()}
    claim = await claimed(office, CIDR)
    finding = await office.approve(claim)
    assert len(finding.exhibits) == 1
    assert (await written(office, claim)).facts.registrants == ()


async def test_a_letter_asks_nobody_and_takes_no_name_that_came_since(office: Office) -> None:
    put(office, "Seller B.V.")
    claim = await claimed(office, CIDR)
    await office.approve(claim)
    put(office, "Buyer B.V.")
    assert names(await office.look(claim)) == ["Buyer B.V."], "evidence says what is said today"
    office.rdap.fault = RdapFault.GARBAGE
    first = await written(office, claim)
    assert [one.name for one in first.facts.registrants] == ["Seller B.V."]

    office.clock.advance(YEAR)
    office.rdap.fault = None
    await office.roas(roa(claim.prefix))
    await office.statistics(ROW)
    assert names(await office.look(claim)) == ["Buyer B.V."]
    second = await written(office, claim)
    assert second.reference != first.reference
    assert second.facts.registrants == first.facts.registrants
    assert "Buyer" not in str(second.facts)


async def test_a_name_of_the_run_before_the_approval_is_not_taken(office: Office) -> None:
    put(office, "Seller B.V.")
    claim = await claimed(office, CIDR)
    await office.validate(claim)
    assert not (await office.now(claim)).approved
    office.rdap.fault = RdapFault.SERVER_FAILURE
    office.clock.advance(timedelta(minutes=1))
    await office.approve(claim)
    (words,) = (await written(office, claim)).facts.registrants
    assert words.end is RdapEnd.UNANSWERED


async def test_an_approval_by_a_clock_that_was_ahead_lends_no_name(office: Office) -> None:
    put(office, "Seller B.V.")
    claim = await claimed(office, CIDR)
    office.clock.advance(timedelta(hours=1))
    await office.approve(claim)
    await revoke(office, claim)
    office.clock.advance(timedelta(minutes=-30))
    await office.issue(claim, TokenMethod.RDNS)
    office.rdap.fault = RdapFault.SERVER_FAILURE
    await office.approve(claim)
    (words,) = (await written(office, claim)).facts.registrants
    assert words.end is RdapEnd.UNANSWERED


async def test_a_party_that_cannot_be_named_is_not_quoted(office: Office) -> None:
    put(office, "Example B.V.")
    claim = await claimed(office, CIDR)
    await office.approve(claim)
    office.known = {
        key: replace(one, rdap_url="https://rdap.example/") for key, one in office.known.items()
    }
    letter = await write(office, claim)
    assert letter is not None
    assert letter.facts.registrants == ()


async def test_it_uses_up_nothing_of_what_whois_may_ask(office: Office) -> None:
    put(office, "Example B.V.")
    office.rdap.fault = RdapFault.REFUSED
    claim = await claimed(office, CIDR)
    await office.approve(claim)
    async with office.engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT registry, asked_in_day, paused_until > now() FROM registry_budgets"
        )
        assert [tuple(row) for row in rows] == [("ripencc/rdap", 1, True)]
        leases = await connection.exec_driver_sql("SELECT count(*) FROM registry_leases")
        assert leases.scalar_one() == 0
