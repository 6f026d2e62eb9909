"""Time 4.1: proven by another account already is a dispute. No route goes for it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from byoip.domain.asn import Asn
from byoip.domain.asns.disputed import AsnDisputed
from byoip.domain.asns.own_asn import ProvenBy
from byoip.domain.checks.evidence import CheckState
from byoip.domain.precondition import PreconditionFailed
from byoip.domain.watch.dispute import DisputeEnd, DisputeEnded, DisputeTooYoung, Side
from byoip.ports.checks.registry import RegistryAnswer, RegistryQuestion, RouteRegistry
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.usecases.routes.announce_on_word import announce_on_word
from tests.asns.disputes import (
    WHY,
    again,
    decide,
    first,
    open_ones,
    proves,
    published,
    rival,
    told,
)
from tests.asns.numbers import CUSTOMER, Numbers
from tests.asns.test_announcing import obstacles
from tests.store.samples import BY
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb

DAY = timedelta(days=1)
OTHER = "32.0.0.0/23"


async def is_refused(numbers: Numbers) -> str:
    """The route is not announced, its view says so, too."""
    assert await obstacles(numbers) == [AsnDisputed]
    [view] = await numbers.reader.claims(numbers.account_id, after=None, limit=2)
    with pytest.raises(AsnDisputed) as said:
        await numbers.want(view.claim)
    return str(said.value)


async def up(numbers: Numbers) -> bool:
    [view] = await numbers.reader.claims(numbers.account_id, after=None, limit=2)
    route = await numbers.reader.bgp_prefix(numbers.account_id, view.claim.id, None)
    return route.bgp_prefix.desired.advertised


async def operators_events(numbers: Numbers, kind: str) -> list[dict[str, object]]:
    found = await OperatorReader(numbers.engine).events(after=0, limit=100)
    return [dict(one.event.after) for one in found if one.event.kind == kind]


async def test_a_second_proof_opens_one_and_both_numbers_say_so(numbers: Numbers) -> None:
    claim = await numbers.served()
    await numbers.want(claim)
    other = await rival(numbers)
    (only,) = await open_ones(numbers)
    own = await first(numbers)
    assert (only.holder.own.id, only.claimant.own.id) == (own.id, other.id)
    until = only.dispute.opened_at + 14 * DAY
    for one, side in ((own, Side.HOLDER), (other, Side.CLAIMANT)):
        assert one.dispute is not None
        shown = one.dispute.side, one.dispute.state, one.dispute.decide_from
        assert shown == (side, "open", until)
        assert "operator" in one.dispute.means
    assert (own.proven, other.proven) == (True, False)
    after = {"dispute_id": only.dispute.id.hex, "asn": 3320, "side": "holder"}
    after["decide_after"] = until.isoformat()
    assert await told(numbers, claim, "asn_dispute.opened") == [after]
    assert await up(numbers)
    await proves(numbers, other)
    assert len(await open_ones(numbers)) == 1
    assert len(await operators_events(numbers, "own_asn.contested")) == 1
    assert len(await told(numbers, claim, "asn_dispute.opened")) == 1


async def test_while_it_is_open_the_first_account_begins_nothing_with_that_origin(
    numbers: Numbers,
) -> None:
    claim = await numbers.served()
    await rival(numbers)
    said = await is_refused(numbers)
    assert "Take another origin, or tell the operator whose the number is." in said
    with pytest.raises(AsnDisputed):
        await numbers.submit(cidr=OTHER)
    assert (await numbers.claim(OTHER)).asn != CUSTOMER, "another origin is not touched"
    await decide(numbers, Side.HOLDER)
    assert (await numbers.want(claim)).bgp_prefix.desired.advertised


async def test_what_was_up_within_30_days_may_come_back_and_an_operator_may_announce(
    numbers: Numbers,
) -> None:
    claim = await numbers.served()
    await numbers.want(claim)
    await rival(numbers)
    assert await obstacles(numbers) == []
    await numbers.want(claim, advertised=False)  # the owner may always withdraw
    numbers.clock.advance(29 * DAY)
    await numbers.snapshot()
    assert (await numbers.want(claim)).bgp_prefix.desired.advertised
    await numbers.want(claim, advertised=False)
    numbers.clock.advance(31 * DAY)
    await numbers.snapshot()
    await is_refused(numbers)
    on_word = Verb(numbers.rules, announce_on_word)
    route = await numbers.reader.bgp_prefix(claim.account_id, claim.id, None)
    await on_word(claim.id, route.bgp_prefix.id, reason=WHY, by=BY)
    assert await up(numbers)


async def test_of_a_third_account_operators_are_told_and_the_one_dispute_stays(
    numbers: Numbers,
) -> None:
    await numbers.served()
    other, third = await rival(numbers), await rival(numbers)
    (only,) = await open_ones(numbers)
    assert only.claimant.own.id == other.id
    assert third.dispute is None
    assert "Another account has proven AS3320" in third.seen
    assert len(await operators_events(numbers, "own_asn.contested")) == 2


async def test_a_proof_that_is_no_longer_so_opens_none(numbers: Numbers) -> None:
    """The process was stopped while the registry was asked, or the token was replaced."""
    await numbers.served()
    other = await numbers.bring(account_id=await numbers.new_account())

    @dataclass(frozen=True)
    class Slow:
        within: RouteRegistry
        token: bool

        async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
            answer = await self.within.look_up(question)
            if self.token:
                await numbers.reissue(other)
            else:
                numbers.clock.advance(DAY)
            return answer

    async with numbers.registry_up():
        numbers.aut_num(*published(other))
        for token in (False, True):
            asking = replace(numbers.proving, registry=Slow(numbers.proving.registry, token))
            late = await numbers.record(await asking(other.account_id, other.id))
            assert not late.proven
    assert await open_ones(numbers) == []


async def test_the_holder_has_14_days_and_then_the_number_is_the_claimants(
    numbers: Numbers,
) -> None:
    claim = await numbers.served()
    await numbers.want(claim)
    other, before = await rival(numbers), await first(numbers)
    with pytest.raises(DisputeTooYoung):
        await decide(numbers, Side.CLAIMANT, early=False)
    numbers.clock.advance(14 * DAY)
    decided = await decide(numbers, Side.CLAIMANT, early=False)
    assert decided.ended is DisputeEnd.CLAIMANT
    own, won = await first(numbers), await again(numbers, other)
    assert (won.state, won.proven_by, won.holder) == (CheckState.VALID, ProvenBy.TOKEN, "h-3320")
    assert "carries the token" in won.evidence
    assert (own.state, own.proven_by, own.evidence) == (CheckState.INVALID, None, "")
    assert own.token != before.token
    assert WHY in own.seen
    for one in (own, won):
        assert one.dispute is not None
        assert one.dispute.state == "claimant"
    (ended,) = await told(numbers, claim, "asn_dispute.ended")
    assert (ended["ended"], ended["reason"], ended["asn"]) == ("claimant", WHY, 3320)
    (told_operators,) = await operators_events(numbers, "asn_dispute.decided")
    assert (told_operators["for"], told_operators["claimant_id"]) == ("claimant", other.id.hex)
    assert await up(numbers), "no job withdraws it"
    assert (await numbers.now(claim)).approved
    with pytest.raises(DisputeEnded):
        await decide(numbers, Side.HOLDER, decided.id)


async def test_for_the_holder_the_proof_is_refused_and_not_looked_at_again_by_the_same_token(
    numbers: Numbers,
) -> None:
    await numbers.served()
    other = await rival(numbers)
    await decide(numbers, Side.HOLDER)
    lost = await again(numbers, other)
    assert (lost.state, lost.token == other.token) == (CheckState.INVALID, False)
    assert WHY in lost.seen
    assert "publish the new token" in lost.fix
    assert (await first(numbers)).proven
    async with numbers.registry_up():
        numbers.aut_num(*published(other))  # it stands there still
        assert (await numbers.validate_asn(other)).state is CheckState.INVALID
    assert await open_ones(numbers) == []
    await proves(numbers, lost)  # and so, for a season, is a new one: test_4_1_disputed_again
    assert await open_ones(numbers) == []


async def test_it_ends_as_a_party_gives_up_or_an_operator_takes_the_first_proof_back(
    numbers: Numbers,
) -> None:
    await numbers.approve(await numbers.bring())
    other = await rival(numbers)
    await numbers.remove_asn(other)
    own = await first(numbers)
    assert own.dispute is not None
    assert (own.proven, own.dispute.ended) == (True, DisputeEnd.GONE)
    other = await rival(numbers)
    revoked = await numbers.revoke(own)
    assert revoked.dispute is not None
    assert revoked.dispute.ended is DisputeEnd.GONE
    async with numbers.registry_up():
        assert (await numbers.validate_asn(await again(numbers, other))).proven
    await proves(numbers, revoked)  # for a season that opens none: test_4_1_disputed_again
    assert await open_ones(numbers) == []
    await rival(numbers)
    (only,) = await open_ones(numbers)
    assert only.holder.own.id == other.id
    await numbers.remove_asn(await again(numbers, other))
    assert await open_ones(numbers) == []
    async with numbers.registry_up():
        numbers.aut_num(*published(await first(numbers)))
        assert (await numbers.validate_asn(await first(numbers))).proven


async def test_that_a_proof_has_gone_is_told(numbers: Numbers) -> None:
    claim = await numbers.served()
    await numbers.remove_asn(await rival(numbers))
    assert [one["ended"] for one in await told(numbers, claim, "asn_dispute.ended")] == ["gone"]
    await rival(numbers)
    revoked = await numbers.revoke(await first(numbers))
    assert revoked.dispute is not None
    assert revoked.dispute.ended is DisputeEnd.GONE
    ends = await told(numbers, claim, "asn_dispute.ended")
    assert [one["ended"] for one in ends] == ["gone", "gone"]


async def test_both_parties_may_give_up_at_once_and_while_it_is_decided(numbers: Numbers) -> None:
    for _ in range(5):
        own = await numbers.approve(await numbers.bring())
        other = await rival(numbers)
        ends = await asyncio.gather(
            numbers.remove_asn(own),
            numbers.remove_asn(other),
            decide(numbers, Side.CLAIMANT),
            return_exceptions=True,
        )
        assert {type(one) for one in ends} <= {type(None), type(ends[2]), DisputeEnded}
        assert await open_ones(numbers) == []
        assert not any(isinstance(one, BaseException) for one in ends[:2]), ends


async def test_it_is_decided_by_what_was_seen(numbers: Numbers) -> None:
    await numbers.served()
    other, own = await rival(numbers), await first(numbers)
    told: list[tuple[object, ...]] = []

    def another(facts: tuple[object, ...]) -> None:
        told.append(facts)
        raise PreconditionFailed

    for since in (numbers.reissue(other), numbers.approve(own), None):
        with pytest.raises(PreconditionFailed):
            await decide(numbers, Side.HOLDER, judge=another)
        numbers.clock.advance(timedelta(minutes=1))
        if since:
            await since
    assert told[0] == told[1]  # a new token of the claimant decides nothing
    assert told[1] != told[2]
    await decide(numbers, Side.HOLDER)


async def test_the_as_set_keeps_a_number_of_the_loser_until_its_routes_are_gone(
    numbers: Numbers,
) -> None:
    claim = await numbers.served()
    await numbers.want(claim)
    await rival(numbers)
    await decide(numbers, Side.CLAIMANT)
    assert not (await first(numbers)).proven

    async def members() -> list[tuple[Asn, tuple[str, ...]]]:
        return [(one.asn, one.cidrs) for one in await numbers.reads.members()]

    assert await members() == [(CUSTOMER, (str(claim.prefix),))]
    await numbers.want(claim, advertised=False)
    route = await numbers.reader.bgp_prefix(claim.account_id, claim.id, None)
    held = Routes(numbers, claim, route.bgp_prefix.id)
    await held.apply(route.bgp_prefix.id, holds=True)
    assert await members() == [(CUSTOMER, (str(claim.prefix),))]  # a speaker has it still
    await held.apply(route.bgp_prefix.id, holds=False)
    assert await members() == []
