"""Has a gobgpd send routes to some neighbours with GRACEFUL_SHUTDOWN, and remember notes.

A set of neighbours cannot be changed on GoBGP 3.10 [tried]: one that has lost its last member
matches every neighbour, and what is added to it then is not there. So each neighbour has a set and
a policy of its own, which stay as they are; only whether the policy is assigned changes.
"""

from collections.abc import Collection, Sequence
from ipaddress import ip_address
from typing import Final

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.calls import GobgpCalls
from byoip.adapters.gobgp.faults import CallRefused
from byoip.adapters.gobgp.policies import GlobalPolicies
from byoip.domain.routes.route import GRACEFUL_SHUTDOWN
from byoip.ports.speakers.speaker import NotDrained

DRAIN: Final = "byoip-drain-"  # begins the name of a neighbour's policy, its statement and its set
_NOTE: Final = "byoip-note-"  # the same of a set that is used nowhere: its name is what lasts
_NOWHERE: Final = "192.0.2.0"  # for documentation (RFC 5737): it needs an address


class DrainPolicies:
    """The export policies of one gobgpd; it forgets them, and all sets, with each start."""

    def __init__(self, calls: GobgpCalls) -> None:
        self._calls = calls
        self._policies = GlobalPolicies(calls, pb.EXPORT)

    async def notes(self) -> Collection[str]:
        """What was given to `note` since it started."""
        sets = await self._policies.sets()
        return {one.removeprefix(_NOTE) for one in sets if one.startswith(_NOTE)}

    async def note(self, text: str, until: float) -> None:
        """Remember it until it ends."""
        await self._policies.add_set(f"{_NOTE}{text}", _alone(_NOWHERE), until)

    async def drain(
        self, addresses: Collection[str], resend: Collection[str], until: float
    ) -> None:
        """Have exactly these neighbours get routes with GRACEFUL_SHUTDOWN; tell those of `resend`.

        Raises:
            NotDrained: it refuses the policy.
            SpeakerUnanswered: it could not be asked.
        """
        wanted = {f"{DRAIN}{one}": one for one in addresses}
        try:
            found = {one.name for one in await self._policies.assigned()}
            assigned = {one for one in found if one.startswith(DRAIN)}
            for name in wanted.keys() - assigned:
                await self._policies.assign(_policy(name), _alone(wanted[name]), until)
            for name in assigned - wanted.keys():
                await self._policies.take_away(name, until)
            for address in resend:
                await self._calls.resend(address, until)
        except CallRefused as fault:
            raise NotDrained(str(fault)) from fault


def _alone(address: str) -> Sequence[str]:
    whole = ip_address(address.partition("%")[0])
    return [f"{whole}/{whole.max_prefixlen}"]


def _policy(name: str) -> pb.Policy:
    """Adds the community, and leaves all else to the policies that follow."""
    added = pb.CommunityAction(communities=[str(GRACEFUL_SHUTDOWN)])
    return pb.Policy(
        name=name,
        statements=[
            pb.Statement(
                name=name,
                conditions=pb.Conditions(neighbor_set=pb.MatchSet(type=pb.MatchSet.ANY, name=name)),
                actions=pb.Actions(community=added),
            )
        ],
    )
