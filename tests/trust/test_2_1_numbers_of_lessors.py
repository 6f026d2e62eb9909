"""Trust, 2.1: who has proven a prefix in reverse DNS has not the AS numbers of its holder.

A lessee of a whole allocation, whoever runs its zone, and a former holder whose zone was left to it
prove the prefix there. With the holder's number they would need no ROA and no route object of their
own for further space of the holder's: those that there are name that number.

Nor has a buyer those of the seller, whom files name a day longer than the registry's objects do.
"""

import math
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest

from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.domain.asn import Asn
from byoip.domain.asns.own_asn import OwnAsn, OwnAsnRules, ProvenBy
from byoip.domain.checks.evidence import CheckState
from byoip.domain.checks.rirs import RIRS
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.usecases.asns import own_asns
from byoip.usecases.asns.own_asns import AsnTerms
from byoip.usecases.asns.prove_asn import ProveAsn
from byoip.usecases.checks.responsible import Registries
from byoip.usecases.jobs.isolate_rows import IsolatedRows
from byoip.usecases.watch.hear_statistics import HearStatistics
from tests.fakes.tokens import RandomHex
from tests.store.samples import BY
from tests.trust.leaving import CIDR, World, carrying, put
from tests.trust.parties import Parties
from tests.usecases.verbs import Verb
from tests.usecases.world import LABEL, ORIGIN, WEEK, WORKER, roa

LESSORS = Asn(3320)
ALLOCATION = "inetnum: 31.0.1.0 - 31.0.1.255\nstatus: ALLOCATED PA\nmnt-by: {}\nsource: RIPE\n"
TWO_DAYS = timedelta(days=2)
ROUTE = f"route: {CIDR}\norigin: {ORIGIN}\nmnt-by: LESSOR-MNT\nsource: RIPE\n"
ROWS = (
    "ripencc|DE|ipv4|31.0.1.0|256|20260101|allocated|lessor",
    "ripencc|DE|asn|3320|1|20260101|allocated|lessor",
    *(f"{one.key}||asn|{100_000 + at}|1|20260101|available|" for at, one in enumerate(RIRS)),
)
LATER = "ripencc|DE|ipv4|45.0.0.0|256|20260103|allocated|others"


async def heard(parties: Parties, *rows: str) -> None:
    """These files are in use, and watches have heard them."""
    await parties.statistics(*rows)
    hearing = HearStatistics(parties.store, Registries(parties.known))
    await hearing(IsolatedRows("watch_prefixes"), math.inf, by=WORKER)


async def approved(world: World, method: TokenMethod, rows: Sequence[str] = ROWS) -> None:
    """Approved, and watched by the files of that moment."""
    parties, server = world
    await parties.statistics(*rows)
    put(server, ALLOCATION.format("LESSOR-MNT"))
    claim = await parties.claim(CIDR)
    token: OwnershipToken = (await parties.issue(claim, method)).token
    await parties.roas(roa(claim.prefix))
    if method is TokenMethod.IRR:
        put(server, carrying(token, "LESSOR-MNT"))
        server.put("ARIN", carrying(token, "LESSEE-MNT").replace("RIPE", "ARIN").encode())
    else:
        put(server, ROUTE)
        parties.txt(claim.prefix, token.value)
    await parties.validate(claim)
    assert (await parties.now(claim)).approved
    await heard(parties, *rows)


async def asked(parties: Parties) -> OwnAsn:
    """The account brings the number, without a token in its object, and has it looked for."""
    terms = AsnTerms(OwnAsnRules({ORIGIN}, ORIGIN), RandomHex(), WEEK, LABEL)
    adding = Verb(parties.store, partial(own_asns.add, terms=terms))
    return await asked_again(parties, await adding(parties.account_id, asn=LESSORS.number, by=BY))


async def asked_again(parties: Parties, own: OwnAsn) -> OwnAsn:
    registry = WhoisRegistry(parties.clock, deadline=30)
    proving = ProveAsn(parties.store, registry, parties.known, LABEL, 5.0)
    record = await proving(parties.account_id, own.id)
    said: OwnAsn = await Verb(parties.store, record)(by=BY)
    return said


async def test_2_1_a_lessee_has_not_the_number_of_its_lessor(registry_world: World) -> None:
    parties, server = registry_world
    await approved(registry_world, TokenMethod.RDNS)
    parties.clock.advance(TWO_DAYS)
    await heard(parties, *ROWS, LATER)
    put(server, f"aut-num: {LESSORS}\nas-name: LESSOR\nmnt-by: LESSOR-MNT\nsource: RIPE\n")
    said = await asked(parties)
    assert (said.state, said.proven_by) == (CheckState.MISSING, None), said.evidence


async def test_2_1_who_maintains_the_allocation_has_it(registry_world: World) -> None:
    parties, _ = registry_world
    await approved(registry_world, TokenMethod.IRR)
    parties.clock.advance(TWO_DAYS)
    await heard(parties, *ROWS, LATER)
    assert (await asked(parties)).proven_by is ProvenBy.HOLDER


async def test_2_1_nor_has_who_writes_its_route_object_where_no_holder_rule_is(
    registry_world: World,
) -> None:
    """A customer to whom the block was reassigned, at ARIN."""
    parties, server = registry_world
    rows = [one.replace("ripencc|DE", "arin|US") for one in (*ROWS, LATER)]
    await approved(registry_world, TokenMethod.IRR, rows[:-1])
    parties.clock.advance(TWO_DAYS)
    await heard(parties, *rows)
    said = await asked(parties)
    assert (said.state, said.proven_by) == (CheckState.MISSING, None), said.evidence
    aut_num = f"aut-num: {LESSORS}\nas-name: X\nremarks: {LABEL}: {said.token}\nsource: ARIN\n"
    server.put("ARIN", aut_num.encode())
    assert (await asked_again(parties, said)).proven_by is ProvenBy.TOKEN


@pytest.mark.parametrize("told", ["not yet", "a folder is read again", "too early", "the buyer"])
async def test_2_1_a_buyer_has_not_the_number_of_its_seller(
    registry_world: World, told: str
) -> None:
    """The registry's objects name the buyer since it was sold, and its files the seller."""
    parties, server = registry_world
    await approved(registry_world, TokenMethod.IRR)
    put(server, f"aut-num: {LESSORS}\nas-name: SELLER\nmnt-by: SELLER-MNT\nsource: RIPE\n")
    match told:
        case "a folder is read again":
            parties.clock.advance(2 * TWO_DAYS)
            await heard(parties, *ROWS)
        case "too early":
            parties.clock.advance(TWO_DAYS / 2)
            await heard(parties, *ROWS, LATER)
        case "the buyer":
            parties.clock.advance(TWO_DAYS)
            await heard(parties, ROWS[0].replace("lessor", "buyer"), *ROWS[1:], LATER)
    said = await asked(parties)
    assert (said.state, said.proven_by) == (CheckState.MISSING, None), said.evidence
