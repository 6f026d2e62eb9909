"""Mail 7: who may lose a claim or a token by waiting hears of it a week and a day before."""

from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.mail.topics import TOLD
from byoip.usecases.claims import tokens
from byoip.usecases.claims.close_unproven import CloseUnproven
from tests.mail.mailed import LATER, Mailed
from tests.mail.servers import MailServer
from tests.store.samples import BY, passed
from tests.usecases.verbs import Verb
from tests.usecases.world import WORKER

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


async def heard(mailed: Mailed, server: MailServer) -> list[str]:
    """Subjects of what is told after the job has run, twice."""
    for _ in range(2):
        await CloseUnproven(mailed.store, mailed.clock)(by=WORKER)
    mailed.clock.advance(LATER)
    await mailed.send()
    told = [got.message["Subject"] for got in server.got]
    server.got.clear()
    return told


async def until(mailed: Mailed, moment: timedelta, claim: Claim) -> None:
    mailed.clock.advance(claim.created_at + moment - mailed.clock.now())


async def issue(mailed: Mailed, claim: Claim, days: float) -> None:
    """Another token, which holds so long."""
    terms = replace(mailed.terms, token_lifetime=days * DAY)
    verb = Verb(mailed.store, tokens.issue)
    await verb(claim.account_id, claim.id, terms=terms, method=TokenMethod.IRR, by=BY)


async def test_7_a_token_that_holds_for_a_week_is_told_of_once_a_day_before_it_ends(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await mailed.verified(server)
    assert await heard(mailed, server) == []
    await until(mailed, 6 * DAY - SECOND, claim)
    assert await heard(mailed, server) == []
    await until(mailed, 6 * DAY + LATER, claim)
    await CloseUnproven(mailed.store, mailed.clock)(by=WORKER)
    mailed.clock.advance(LATER)
    await mailed.send()
    [got] = server.got
    assert got.message["Subject"] == f"{claim.prefix}: token.expiring"
    ends = (claim.created_at + 7 * DAY).isoformat()
    assert f"expires_at {ends}" in got.text
    server.got.clear()
    assert await heard(mailed, server) == []
    mailed.clock.advance(2 * DAY)
    assert await heard(mailed, server) == []


async def test_7_a_token_that_holds_longer_is_told_of_a_week_before_as_well(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await issue(mailed, claim, 20)
    await mailed.verified(server)
    told = []
    for moment in (12 * DAY, 13 * DAY + SECOND, 15 * DAY, 19 * DAY + SECOND, 20 * DAY):
        await until(mailed, moment, claim)
        told.append(await heard(mailed, server))
    once = [f"{claim.prefix}: token.expiring"]
    assert told == [[], once, [], once, []]


async def test_7_of_a_token_that_nobody_needs_nothing_is_told(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await mailed.verified(server)
    async with mailed.store.transaction(actor=BY) as tx:
        yes = passed(mailed.clock.now())
        proven = replace(await tx.claims.lock(claim.id), irr=yes, rpki=yes, ownership=yes)
        await tx.claims.save(proven.approve(mailed.clock.now()))
    await until(mailed, 6 * DAY + 2 * LATER, claim)
    assert await heard(mailed, server) == []


async def test_7_a_claim_is_told_of_a_week_and_a_day_before_it_closes_and_as_it_does(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await mailed.verified(server)
    told = []
    for moment in (22 * DAY, 23 * DAY + SECOND, 28 * DAY, 29 * DAY + SECOND, 30.1 * DAY):
        await until(mailed, moment, claim)
        told.append(await heard(mailed, server))
    closing = [f"{claim.prefix}: prefix.closing"]
    assert told == [[], closing, [], closing, [f"{claim.prefix}: prefix.closed"]]


@pytest.mark.parametrize("kind", sorted(TOLD))
async def test_7_each_kind_that_concerns_people_is_a_mail(
    mailed: Mailed, claim: Claim, server: MailServer, kind: str
) -> None:
    await mailed.verified(server)
    await mailed.happen(claim, kind, signal="roa", cidr=str(claim.prefix))
    await mailed.told()
    assert [got.message["Subject"] for got in server.got] == [f"{claim.prefix}: {kind}"]
    assert f"  {kind}\n    " in server.got[0].text  # and what it means


def test_7_all_that_was_promised_is_told() -> None:
    """Drift, visibility, contests and disputes, ends, levels, offboarding."""
    promised = {
        *("rpki.drifted", "rpki.recovered", "bgp_prefix.lost", "bgp_prefix.seen_again"),
        *("aspa.excludes_operator", "aspa.recovered"),
        *("prefix.contested", "dispute.opened", "dispute.ended", "prefix.ok", "prefix.moved"),
        *("token.expiring", "prefix.closing", "prefix.closed", "proof.expiring"),
        *("watch.raised", "watch.recovered", "prefix.frozen", "prefix.unfrozen"),
        *("prefix.offboarding", "offboarding.finished"),
    }
    assert promised <= set(TOLD)
