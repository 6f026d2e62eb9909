"""The only way to announce a route: it is proven, served, and valid at that very moment."""

from dataclasses import replace

from byoip.domain.checks.evidence import Outcome, Unanswered
from byoip.domain.checks.origin_validation import judge_roas
from byoip.domain.claims.check_waiver import Waivable, excused
from byoip.domain.claims.claim import Claim
from byoip.domain.routes.bgp_prefix import BgpPrefix, Contested, may_announce
from byoip.domain.routes.route_validity import require_valid
from byoip.ports.checks.rpki import NoVrps
from byoip.store.transaction import Transaction


async def announce(
    tx: Transaction, claim: Claim, bgp_prefix: BgpPrefix, *, prepend: int
) -> BgpPrefix:
    """Mark a withdrawn route for announcement. The caller must hold the claim's lock.

    Raises:
        PrefixNotApproved, PrefixSuspended, IllegalTransition: of the prefix; nothing was changed.
        Contested: another claim has proven the space, or its route is still out.
        IncompleteBgpDeployment: the default binding is missing, or not active at every edge.
        OriginNotValid: networks that validate origins would drop it.
        OriginUnanswered: its validity is not known, nor was it valid within seven days.
    """
    await tx.edges.together()  # no edge comes back into service until this is committed
    bindings = await tx.bindings.of(claim.id)
    default = next((one for one in bindings if one.is_default), None)
    lacking = () if default is None else await tx.edges.lacking(default.id)
    binding = may_announce(claim, bindings, lacking=lacking)
    if await tx.bgp_prefixes.out_elsewhere(bgp_prefix):
        raise Contested
    judged = await _origin_validation(tx, bgp_prefix)
    outcome = excused(judged, (await tx.waivers.of(claim.id, tx.now)).get(Waivable.RPKI))
    answered = require_valid(outcome, bgp_prefix.last_valid_at, tx.now)
    wanted = bgp_prefix.announced(
        binding, prepend=prepend, request_id=tx.actor.request_id, now=tx.now
    )
    if answered and outcome is judged:  # a waiver is no word of a ROA that counts for days
        wanted = replace(wanted, last_valid_at=tx.now)
    await tx.bgp_prefixes.save(wanted)
    _record(tx, wanted, outcome)
    return wanted


async def _origin_validation(tx: Transaction, bgp_prefix: BgpPrefix) -> Outcome:
    """Validate exactly this route against the newest accepted snapshot."""
    answer = await tx.roas.about(bgp_prefix.cidr)
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
