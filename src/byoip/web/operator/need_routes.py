"""Routes that need a person: to be released, in doubt, or held though no prefix wants them."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

from byoip.web.operator.need import Act, Need
from byoip.web.site import Site

_NAMED: Final = 10  # of many, in a sentence


async def to_be_released(site: Site) -> AsyncIterator[Need]:
    """Those that wait since the database was restored or promoted."""
    async with site.border.store.transaction() as tx:
        found = await tx.unreleased.all()
    for one in found:
        yield Need(
            str(one.cidr),
            f"{'In doubt' if one.doubted else 'It waits since a restore'}: of {one.account}, "
            f"origin {one.asn}, not up everywhere.",
            one.since,
            f"/ui/noc/routes/waiting#route-{one.bgp_prefix_id.hex}",
        )


async def held_by_nobody(site: Site) -> AsyncIterator[Need]:
    """Orphans that nobody has decided about, by speaker."""
    undecided = [one for one in await site.routes.orphans() if one.decided_by is None]
    for speaker, many in sorted(Counter(one.speaker for one in undecided).items()):
        of = [one for one in undecided if one.speaker == speaker]
        first = ", ".join(str(one.cidr) for one in of[:_NAMED])
        yield Need(
            speaker,
            f"It holds {many} paths that no prefix wants: {first}{' ...' if many > _NAMED else ''}",
            min(one.found_at for one in of),
            "/ui/noc/routes/orphans",
            [
                Act(
                    "withdraw-orphans",
                    f"Withdraw all {many}",
                    f"{many} paths are withdrawn from {speaker}, no faster than the breaker lets "
                    "pass; one that a customer wants by then stays.",
                    {"speaker": speaker, "count": str(many)},
                    down=True,
                )
            ],
        )
