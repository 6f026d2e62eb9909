"""Routes that need a person: to be released, in doubt, or held though no prefix wants them."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Final

from byoip.web.operator.need import Act, Need
from byoip.web.site import Site

_NAMED: Final = 10  # of many, in a sentence


async def to_be_released(site: Site, most: int) -> tuple[Sequence[Need], int]:
    """The first of those that wait since a restore or a promotion, and how many do in all."""
    async with site.border.store.transaction() as tx:
        found, many = await tx.unreleased.first(most), await tx.unreleased.count()
    needs = [
        Need(
            str(one.cidr),
            f"{'In doubt' if one.doubted else 'It waits since a restore'}: of {one.account}, "
            f"origin {one.asn}, not up everywhere.",
            one.since,
            f"/ui/noc/routes/waiting#route-{one.bgp_prefix_id.hex}",
        )
        for one in found
    ]
    return needs, many


async def held_by_nobody(site: Site) -> AsyncIterator[Need]:
    """Orphans that nobody has decided about, by speaker."""
    undecided = [one for one in await site.routes.orphans() if one.decided_by is None]
    for speaker, many in sorted(Counter(one.speaker for one in undecided).items()):
        of = [one for one in undecided if one.speaker == speaker]
        paths = f"{many} path{'' if many == 1 else 's'}"
        first = ", ".join(str(one.cidr) for one in of[:_NAMED])
        yield Need(
            speaker,
            f"It holds {paths} that no prefix wants: {first}{' ...' if many > _NAMED else ''}",
            min(one.found_at for one in of),
            "/ui/noc/routes/orphans",
            [
                Act(
                    "withdraw-orphans",
                    f"Withdraw all {many}",
                    f"{speaker} stops announcing {paths}, no faster than the breaker lets pass; "
                    "one that a customer wants by then stays. One at a time: on the page of "
                    "orphans.",
                    {"speaker": speaker, "count": str(many)},
                    down=True,
                    typed=speaker,
                )
            ],
        )
