"""Routes that need a person: to be released, in doubt, or held though no prefix wants them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from byoip.web.forms import seen_of
from byoip.web.operator.drawn import of_orphans
from byoip.web.operator.need import Act, Need
from byoip.web.site import Site


async def to_be_released(
    site: Site, _: datetime, first: int, most: int
) -> tuple[Sequence[Need], int]:
    """Some of those that wait since a restore or a promotion, and how many do in all."""
    async with site.border.store.transaction() as tx:
        found, many = await tx.unreleased.first(first + most), await tx.unreleased.count()
    needs = [
        Need(
            str(one.cidr),
            f"{'In doubt' if one.doubted else 'It waits since a restore'}: of {one.account}, "
            f"origin {one.asn}, not up everywhere.",
            one.since,
            f"/ui/noc/routes/waiting#route-{one.bgp_prefix_id.hex}",
        )
        for one in found[first:]
    ]
    return needs, many


async def held_by_nobody(site: Site, _: datetime) -> AsyncIterator[Need]:
    """Orphans that nobody has decided about, by speaker."""
    for one in await site.routes.held_by_nobody.undecided():
        paths = f"{one.many} path{'' if one.many == 1 else 's'}"
        rest = one.many - len(one.named)
        yield Need(
            one.speaker,
            f"It holds {paths} that no prefix wants: {', '.join(one.named)}"
            f"{f', and {rest} more' if rest else ''}.",
            one.since,
            "/ui/noc/routes/orphans",
            [
                Act(
                    "withdraw-orphans",
                    f"Withdraw all {one.many}",
                    f"{one.speaker} stops announcing {paths}, no faster than the breaker lets "
                    "pass; one that a customer wants by then stays. One at a time: on the page of "
                    "orphans.",
                    {"speaker": one.speaker, "count": str(one.many)},
                    seen_of(*of_orphans(one.speaker, one.many, one.digest)),
                    down=True,
                    typed=one.speaker,
                )
            ],
        )
