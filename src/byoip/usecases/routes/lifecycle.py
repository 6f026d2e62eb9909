"""How BGP prefixes begin and end with their prefix and its default binding, under its lock."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from byoip.domain.claims.claim import Claim, WithdrawFirst
from byoip.domain.prefix import Prefix
from byoip.domain.routes.bgp_prefix import BgpPrefix, withheld
from byoip.store.transaction import Transaction

_LINGERS = "a route is withdrawn, but routers may still announce it: wait until they have confirmed"


async def begin_route(tx: Transaction, claim: Claim, cidr: Prefix) -> BgpPrefix:
    """Add a new route, withdrawn."""
    made = withheld(claim, cidr, uuid4(), request_id=tx.actor.request_id, now=tx.now)
    await tx.bgp_prefixes.add(made)
    after = {**_shown(made), "advertised": False}
    tx.record(claim.id, "bgp_prefix.created", after=after)
    return made


async def end_routes(tx: Transaction, bgp_prefixes: Sequence[BgpPrefix]) -> None:
    """End routes that the Internet no longer knows (`still_out`); their rows stay.

    Raises:
        LockedByOperator: the operator has locked one; its successor would not be locked.
    """
    for one in bgp_prefixes:
        one.require_unlocked()
        await tx.bgp_prefixes.remove(one.id, tx.now)
        tx.record(one.claim_id, "bgp_prefix.removed", before=_shown(one))


async def still_out(tx: Transaction, claim_id: UUID) -> dict[UUID, str]:
    """The routes of a claim that the Internet may still know, by id, each with the reason."""
    live = await tx.bgp_prefixes.of(claim_id)
    wanted = {
        one.id: f"{one.cidr} is advertised: withdraw it" for one in live if one.desired.advertised
    }
    lingering = await tx.bgp_prefixes.lingering(claim_id)
    return wanted | dict.fromkeys(lingering, _LINGERS)


async def require_withdrawn(tx: Transaction, claim_id: UUID) -> None:
    """Refuse to end what a route depends on.

    Raises:
        WithdrawFirst: the Internet may still know one of the claim's routes.
    """
    for why in (await still_out(tx, claim_id)).values():
        raise WithdrawFirst(why)


def _shown(bgp_prefix: BgpPrefix) -> dict[str, str]:
    return {"bgp_prefix_id": bgp_prefix.id.hex, "cidr": str(bgp_prefix.cidr)}
