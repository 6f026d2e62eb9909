"""The only way to announce a route: it is proven, served, and valid at that very moment."""

from dataclasses import replace

from byoip.domain.asn import Asn
from byoip.domain.asns.aspa import OriginStanding, judge_pair
from byoip.domain.checks.evidence import Failed, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.origin_validation import judge_roas
from byoip.domain.claims.check_waiver import Waivable, excused
from byoip.domain.claims.claim import Claim
from byoip.domain.customer_text import CustomerText
from byoip.domain.routes.announceable import Announceable
from byoip.domain.routes.bgp_prefix import BgpPrefix, IncompleteBgpDeployment
from byoip.ports.checks.rpki import NoVrps, VrpAnswer
from byoip.store.transaction import Transaction


async def announce(
    tx: Transaction,
    claim: Claim,
    bgp_prefix: BgpPrefix,
    *,
    prepend: int,
    on_word: CustomerText | None = None,
) -> BgpPrefix:
    """Mark a withdrawn route for announcement. The caller must hold the claim's lock.

    Args:
        tx: the transaction.
        claim: of the route.
        bgp_prefix: the route.
        prepend: how often the origin is repeated.
        on_word: why an operator has it announced under a freeze; None: its owner asks.

    Raises:
        Refusal: the first obstacle of `Announceable.require`; nothing was changed.
    """
    await tx.edges.together()  # no edge comes back into service until this is committed
    bindings, lacking, vrps, waivers, still_served, flaps, own = await tx.session.look(
        tx.bindings.asking(claim.id),
        tx.edges.lacking(claim.id),
        tx.roas.asking(bgp_prefix.cidr),
        tx.waivers.asking(claim.id, tx.now),
        tx.bgp_prefixes.out_elsewhere(bgp_prefix),
        tx.breaker.flaps(bgp_prefix),
        tx.own_asns.standing(claim.account_id, bgp_prefix.asn),
    )
    behind = _behind(tx, bgp_prefix)
    default = next((one for one in bindings if one.is_default), None)
    judged = _origin_validation(tx, bgp_prefix, vrps)
    outcome = excused(judged, waivers.get(Waivable.RPKI))
    pair = _pair(tx, bgp_prefix, behind, own)
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
        own_asn=own.proven,
        disputed=behind is not None and own.disputed,
        pair=pair,
        on_word=on_word is not None,
        # It is wanted still where it waits for its release: a restored database knows an old `at`.
        last_up=tx.now if bgp_prefix.desired.advertised else bgp_prefix.desired.at,
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
    wanted = replace(wanted, behind=behind)
    await tx.bgp_prefixes.save(wanted)
    await tx.session.flush()  # now it is known whether another claim was faster
    _record(tx, wanted, outcome, pair, on_word)
    return wanted


def _origin_validation(tx: Transaction, bgp_prefix: BgpPrefix, answer: VrpAnswer) -> Outcome:
    """Validate exactly this route against the newest accepted snapshot."""
    if isinstance(answer, NoVrps):
        return Unanswered(answer.fault, f"{answer.detail}.")
    return judge_roas(bgp_prefix.cidr, bgp_prefix.asn, answer.covering, now=tx.now)


def _behind(tx: Transaction, bgp_prefix: BgpPrefix) -> Asn | None:
    """The operator's AS that stands before the origin, where that is the customer's own.

    A command that knows no settings goes by what the row says.
    """
    return bgp_prefix.behind if tx.rules.origins is None else tx.rules.behind(bgp_prefix.asn)


def _pair(
    tx: Transaction, bgp_prefix: BgpPrefix, behind: Asn | None, own: OriginStanding
) -> Outcome | None:
    """Whether ASPAs let the two stand in a path; None: the origin is the operator's.

    A proof that was taken back is refused, too, where no settings say whose the origin is; and so
    is a customer's number of which they do not say what stands before it.
    """
    if behind is None:
        if tx.rules.origins is None and own.state is not None:
            seen = f"{bgp_prefix.asn} is the customer's own, and no settings say what stands before"
            return Failed(Reason.ASPA_MISSING, f"{seen} it.", "Announce it by the API.")
        return None
    if not own.proven:
        seen = f"This account has not proven {bgp_prefix.asn}, or not any more."
        return Failed(Reason.ASN_NOT_ASSIGNED, seen, "Prove it: POST .../asns.")
    of = bgp_prefix.asn, behind, own.aspa, tx.now
    return judge_pair(*of, without=tx.rules.without_aspa)


def _record(
    tx: Transaction,
    bgp_prefix: BgpPrefix,
    outcome: Outcome,
    pair: Outcome | None,
    why: CustomerText | None,
) -> None:
    shown = {"bgp_prefix_id": bgp_prefix.id.hex, "cidr": str(bgp_prefix.cidr)}
    before = {**shown, "advertised": False}
    after = {
        **shown,
        "advertised": True,
        "asn_prepend_count": bgp_prefix.desired.prepend,
        "origin_validation": outcome.seen,
    }
    if why is not None:
        after["reason"] = why.value
    if bgp_prefix.behind is not None:
        after["behind"] = bgp_prefix.behind.number
    if pair is not None:
        after["aspa"] = pair.seen
    tx.record(bgp_prefix.claim_id, "bgp_prefix.announced", before=before, after=after)
