"""Disputes that wait for a person: those about space first, then those about AS numbers."""

from collections.abc import Sequence
from datetime import datetime

from byoip.domain.watch.dispute import left_to_answer
from byoip.web.operator.need import Need
from byoip.web.site import Site


async def disputed(site: Site, now: datetime, first: int, most: int) -> tuple[Sequence[Need], int]:
    """Some of both, behind as many, and how many there are."""
    of_space, of_numbers = site.reader.disputes, site.own_asns.disputes
    many, numbers = await of_space.count(), await of_numbers.count()
    found = []
    if first < many:
        for one in await of_space.listed(first=first, limit=most):
            holder, claimant = one.holder, one.claimant
            said = (
                f"{holder.account_name} has it, and {claimant.account_name} has proven "
                f"{claimant.claim.prefix} since its holder changed. "
                f"{left_to_answer(one.dispute.decide_from, now)}"
            )
            page = f"/ui/noc/disputes/{one.dispute.id.hex}"
            found.append(Need(str(holder.claim.prefix), said, one.dispute.opened_at, page))
    if numbers and len(found) < most:
        behind = max(0, first - many)
        for of in await of_numbers.listed(first=behind, limit=most - len(found)):
            said = (
                f"{of.holder.account_name} has proven it, and {of.claimant.account_name} has "
                f"since. {left_to_answer(of.dispute.decide_from, now)}"
            )
            page = f"/ui/noc/asn-disputes/{of.dispute.id.hex}"
            found.append(Need(str(of.dispute.asn), said, of.dispute.opened_at, page))
    return found, many + numbers
