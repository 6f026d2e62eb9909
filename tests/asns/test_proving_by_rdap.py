"""Time 4.1: a number is its prefix's registrant's by RDAP, asked of a real server on loopback."""

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import pytest

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.rdap.rdap_client import RdapClient
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.domain.asns.own_asn import OwnAsn, ProvenBy
from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.evidence import CheckState
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.remembered import Remembered
from byoip.sandbox.rdap_server import RdapFault, RdapServer
from byoip.sandbox.rdap_shapes import RdapRecord
from byoip.usecases.asns.prove_asn import ProveAsn
from byoip.usecases.checks.responsible import Registries
from byoip.usecases.claims import moves
from byoip.usecases.jobs.isolate_rows import IsolatedRows
from byoip.usecases.watch import lift
from byoip.usecases.watch.hear_statistics import HearStatistics
from tests.asns.numbers import CUSTOMER, Numbers
from tests.asns.test_proving import published
from tests.fakes.registry_budget import EnoughBudget
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, LABEL, WORKER

HANDLE, NAME = "ORG-EX1-RIPE", "Example B.V."
NO_WAIT = BackOff(timedelta(0), timedelta(0))


@dataclass
class Registered:
    """A prefix proven by its route object, a number that statistics give by another id, RDAP."""

    numbers: Numbers
    rdap: RdapServer

    async def file(self, cidr: str = CIDR, holder: str = "by-another-id", **more: str) -> None:
        await self.numbers.statistics(holders=[(cidr, holder)], **more)
        await self.numbers.hear()

    def space(self, cidr: str = CIDR, *, handle: str = HANDLE, kind: str = "") -> None:
        self.rdap.put("ripencc", RdapRecord(cidr, name=NAME, handle=handle, type=kind))

    def number(self, handle: str = HANDLE) -> None:
        self.rdap.put_number("ripencc", CUSTOMER.number, name=NAME, handle=handle)

    async def learnt(self, handle: str = HANDLE) -> None:
        """RDAP named this one for the prefix as it was watched first."""
        numbers = self.numbers
        [view] = await numbers.reader.claims(numbers.account_id, after=None, limit=2)
        async with numbers.store.transaction() as tx:
            watch = (await tx.watches.of(view.claim.id))[Signal.HOLDER]
            kept = replace(Remembered.read(watch.baseline), registrant=handle).kept()
            await tx.watches.put(view.claim.id, replace(watch, baseline=kept))

    @property
    def proving(self) -> ProveAsn:
        urls = self.rdap.urls
        here = {key: replace(one, rdap_url=urls[key]) for key, one in self.numbers.here.items()}
        servers, clock = RdapServers(here), self.numbers.clock
        client = RdapClient(clock, servers, EnoughBudget(), deadline=30, back_off=NO_WAIT)
        return replace(self.numbers.proving, registries=here, data=client)

    async def validate(self, own: OwnAsn) -> OwnAsn:
        return await self.numbers.record(await self.proving(own.account_id, own.id))


@pytest.fixture
async def registered(numbers: Numbers) -> AsyncIterator[Registered]:
    rdap = RdapServer()
    await rdap.start()
    made = Registered(numbers, rdap)
    await numbers.holds()
    await made.file()
    await made.learnt()
    made.space()
    made.number()
    async with numbers.registry_up():
        yield made
    await rdap.stop()


async def test_the_same_registrant_of_both_has_it(registered: Registered) -> None:
    said = await registered.validate(await registered.numbers.bring())
    assert (said.state, said.proven_by) == (CheckState.VALID, ProvenBy.HOLDER)
    assert said.holder == "h-3320", "statistics' id of the number is kept"
    assert f'to the same registrant, "{NAME}" ({HANDLE})' in said.evidence
    stranger = await registered.numbers.bring(account_id=await registered.numbers.new_account())
    assert (await registered.validate(stranger)).state is CheckState.MISSING


async def missing(registered: Registered) -> None:
    said = await registered.validate(await registered.numbers.bring())
    assert (said.state, said.proven_by) == (CheckState.MISSING, None), said.evidence


async def test_another_registrant_has_not(registered: Registered) -> None:
    registered.number("ORG-OTHER-RIPE")
    await missing(registered)


@pytest.mark.parametrize("before", ["ORG-SELLER-RIPE", ""])
async def test_nor_who_has_sold_the_prefix_a_moment_ago(
    registered: Registered, before: str
) -> None:
    """RDAP names the buyer for both, and no file does yet."""
    await registered.learnt(before)
    await missing(registered)


async def test_nor_who_leases_back_what_it_sold(registered: Registered) -> None:
    """Once its freeze was lifted, whom RDAP names then is learnt: the buyer, as for its number."""
    numbers = registered.numbers
    [view] = await numbers.reader.claims(numbers.account_id, after=None, limit=2)
    for _ in range(2):
        numbers.clock.advance(timedelta(days=1))
        await registered.file(holder="buyer")
    await Verb(numbers.store, lift.lift_freeze)(view.claim.id, reason="Leased back.", by=WORKER)
    await registered.file(holder="buyer")
    await registered.learnt()
    await missing(registered)


async def test_nor_by_an_id_that_is_new_while_rdap_names_the_seller_still(
    registered: Registered,
) -> None:
    numbers = registered.numbers
    registered.number("ORG-BUYER-RIPE")
    known = Registries(registered.proving.registries, numbers.overrides)
    hearing = HearStatistics(numbers.store, known, registered.proving.data)
    for _ in range(3):
        numbers.clock.advance(timedelta(days=1))
        await numbers.statistics(holders=[(CIDR, "h-3320")])
        await hearing(IsolatedRows("watch_prefixes"), math.inf, by=WORKER)
    [view] = await numbers.reader.claims(numbers.account_id, after=None, limit=2)
    assert not view.claim.frozen_for
    await missing(registered)


@pytest.mark.parametrize("kind", ["ASSIGNED PA", "REASSIGNMENT", "LEGACY"])
async def test_nor_who_may_have_been_named_by_a_holder_above(
    registered: Registered, kind: str
) -> None:
    registered.space(kind=kind)
    await missing(registered)


async def test_nor_who_has_proven_a_part_of_the_network(registered: Registered) -> None:
    registered.rdap.delete("ripencc", CIDR)
    registered.space("31.0.0.0/22")
    await missing(registered)


async def test_nor_who_has_proven_a_part_of_the_row(registered: Registered) -> None:
    """The registrant of that part is whom the holder of the row has written there."""
    await registered.file("31.0.0.0/22")
    await missing(registered)


@pytest.mark.parametrize("fault", [RdapFault.GARBAGE, RdapFault.REFUSED, RdapFault.TRUNCATED])
async def test_silence_proves_nothing_and_the_token_still_does(
    registered: Registered, fault: RdapFault
) -> None:
    registered.rdap.fault = fault
    own = await registered.numbers.bring()
    assert (await registered.validate(own)).state is CheckState.MISSING
    registered.numbers.aut_num(published(own))
    assert (await registered.validate(own)).proven_by is ProvenBy.TOKEN


async def test_another_registrys_server_says_nothing_of_it(registered: Registered) -> None:
    moved = RdapRecord(CIDR, moved_to="arin")
    registered.rdap.put("ripencc", moved)
    registered.rdap.put("arin", RdapRecord(CIDR, name=NAME, handle=HANDLE))
    await missing(registered)


async def test_nor_an_id_that_is_a_national_registrys(registered: Registered) -> None:
    many = AsnRange(3300, 3420, "ripencc", "allocated", "h-3320")
    await registered.numbers.statistics(many, holders=[(CIDR, "by-another-id")])
    await registered.numbers.hear()
    await missing(registered)


@pytest.mark.parametrize("since", ["moved", "sold"])
async def test_what_it_rests_on_must_be_so_as_it_is_recorded(
    registered: Registered, since: str
) -> None:
    numbers = registered.numbers
    own = await numbers.bring()
    record = await registered.proving(own.account_id, own.id)
    if since == "moved":
        [view] = await numbers.reader.claims(numbers.account_id, after=None, limit=2)
        moving = Verb(numbers.store, partial(moves.move_on_word, terms=numbers.terms))
        to = await numbers.new_account()
        await moving(view.claim.id, to_account_id=to, reason="Contract 4711.", by=WORKER)
    else:
        await numbers.statistics(holders=[(CIDR, "another")])
    late = await numbers.record(record)
    assert (late.state, late.proven_by) == (CheckState.PENDING, None)
    assert LABEL not in late.doubt
    assert "has changed" in late.doubt
