"""The one way a route comes: proven, served, and valid at that very moment."""

from dataclasses import replace
from datetime import datetime

from byoip.domain.bgp_prefix import BgpPrefix, demand_valid, may_announce
from byoip.domain.claim import Claim
from byoip.domain.evidence import Outcome, Unanswered
from byoip.domain.roa_authorisation import judge_roas
from byoip.ports.rpki import NoVrps
from byoip.ports.store import By, Event, Shelf


async def announce(
    shelf: Shelf, claim: Claim, bgp_prefix: BgpPrefix, *, prepend: int, by: By, now: datetime
) -> BgpPrefix:
    """Want it on the Internet. The caller holds the claim's lock, and saw that it is withdrawn."""
    binding = may_announce(claim, await shelf.bindings.of(claim.id), lacking=())
    valid = demand_valid(await _asked(shelf, bgp_prefix, now), bgp_prefix.last_valid_at, now)
    wanted = bgp_prefix.announced(binding, prepend=prepend, request_id=by.request_id, now=now)
    if valid:
        wanted = replace(wanted, last_valid_at=now)
    await shelf.bgp_prefixes.save(wanted)
    shown = {"bgp_prefix_id": wanted.id.hex, "cidr": str(wanted.cidr)}
    before, after = {**shown, "advertised": False}, {**shown, "advertised": True}
    await shelf.events.add(Event(claim.id, "bgp_prefix.announced", by, now, before, after))
    return wanted


async def _asked(shelf: Shelf, bgp_prefix: BgpPrefix, now: datetime) -> Outcome:
    answer = await shelf.roas.about(bgp_prefix.cidr)
    if isinstance(answer, NoVrps):
        return Unanswered(answer.fault, f"{answer.detail}.")
    return judge_roas(bgp_prefix.cidr, bgp_prefix.asn, answer.covering, now=now)
