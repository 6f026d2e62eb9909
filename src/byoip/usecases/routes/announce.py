"""The only way to announce a route: it is proven, served, and valid at that very moment."""

from dataclasses import replace

from byoip.domain.checks.evidence import Outcome, Passed, Unanswered
from byoip.domain.checks.origin_validation import judge_roas
from byoip.domain.claims.check_waiver import Waivable, excused
from byoip.domain.claims.claim import Claim
from byoip.domain.routes.announceable import Announceable
from byoip.domain.routes.bgp_prefix import BgpPrefix, IncompleteBgpDeployment
from byoip.ports.checks.rpki import NoVrps, VrpAnswer
from byoip.store.transaction import Transaction


async def announce(
    tx: Transaction, claim: Claim, bgp_prefix: BgpPrefix, *, prepend: int
) -> BgpPrefix:
    """Mark a withdrawn route for announcement. The caller must hold the claim's lock.

    Raises:
        Refusal: the first obstacle of `Announceable.require`; nothing was changed.
    """
    await tx.edges.together()  # no edge comes back into service until this is committed
    bindings, lacking, vrps, waivers, still_served, flaps = await tx.session.look(
        tx.bindings.asking(claim.id),
        tx.edges.lacking(claim.id),
        tx.roas.asking(bgp_prefix.cidr),
        tx.waivers.asking(claim.id, tx.now),
        tx.bgp_prefixes.out_elsewhere(bgp_prefix),
        tx.breaker.flaps(bgp_prefix),
    )
    default = next((one for one in bindings if one.is_default), None)
    judged = _origin_validation(tx, bgp_prefix, vrps)
    outcome = excused(judged, waivers.get(Waivable.RPKI))
    asked = Announceable(
        claim,
        bgp_prefix.cidr,
        None if default is None else default.state,
        outcome,
        last_valid_at=bgp_prefix.last_valid_at,
        locked=bgp_prefix.locked,
        still_served=still_served,
        lacking=() if default is None else lacking,
        flaps=flaps,
        asn=bgp_prefix.asn,
        offered=tx.rules.origins,
        last_up=bgp_prefix.desired.at,
        prepend_lost=prepend > 0 and await tx.bgp_prefixes.prepends_are_lost(bgp_prefix.asn),
    )
    asked.require(tx.now)
    if default is None:
        raise IncompleteBgpDeployment  # `require` has said so; for the type checker
    wanted = bgp_prefix.announced(
        default, prepend=prepend, request_id=tx.actor.request_id, now=tx.now
    )
    if isinstance(judged, Passed):  # a waiver is no word of a ROA that counts for days
        wanted = replace(wanted, last_valid_at=tx.now)
    await tx.bgp_prefixes.save(wanted)
    await tx.session.flush()  # now it is known whether another claim was faster
    _record(tx, wanted, outcome)
    return wanted


def _origin_validation(tx: Transaction, bgp_prefix: BgpPrefix, answer: VrpAnswer) -> Outcome:
    """Validate exactly this route against the newest accepted snapshot."""
    if isinstance(answer, NoVrps):
        return Unanswered(answer.fault, f"{answer.detail}.")
    return judge_roas(bgp_prefix.cidr, bgp_prefix.asn, answer.covering, now=tx.now)


def _record(tx: Transaction, bgp_prefix: BgpPrefix, outcome: Outcome) -> None:
    shown = {"bgp_prefix_id": bgp_prefix.id.hex, "cidr": str(bgp_prefix.cidr)}
    before = {**shown, "advertised": False}
    after = {
        **shown,
        "advertised": True,
        "asn_prepend_count": bgp_prefix.desired.prepend,
        "origin_validation": outcome.seen,
    }
    tx.record(bgp_prefix.claim_id, "bgp_prefix.announced", before=before, after=after)
