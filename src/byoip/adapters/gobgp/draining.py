"""Has a gobgpd send routes to some neighbours with GRACEFUL_SHUTDOWN, and remember notes.

A set of neighbours cannot be changed on GoBGP 3.10 [tried]: one that has lost its last member
matches every neighbour, and what is added to it then is not there. So each neighbour has a set and
a policy of its own, which stay as they are; only whether the policy is assigned changes.
"""

from collections.abc import Collection
from ipaddress import ip_address
from typing import Final

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.calls import CallRefused, GobgpCalls
from byoip.domain.routes.route import GRACEFUL_SHUTDOWN
from byoip.ports.speakers.speaker import NotDrained

_GLOBAL: Final = "global"
DRAIN: Final = "byoip-drain-"  # begins the name of a neighbour's policy, its statement and its set
_NOTE: Final = "byoip-note-"  # the same of a set that is used nowhere: its name is what lasts
_NOWHERE: Final = "192.0.2.0"  # for documentation (RFC 5737): it needs an address


class DrainPolicies:
    """The export policies of one gobgpd; it forgets them, and all sets, with each start."""

    def __init__(self, calls: GobgpCalls) -> None:
        self._calls = calls

    async def notes(self) -> Collection[str]:
        """What was given to `note` since it started."""
        return {one.removeprefix(_NOTE) for one in await self._sets() if one.startswith(_NOTE)}

    async def note(self, text: str, until: float) -> None:
        """Remember it until it ends."""
        await self._add_set(f"{_NOTE}{text}", _NOWHERE, until)

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
            assigned = await self._assigned()
            for name in wanted.keys() - assigned:
                await self._assign(name, wanted[name], until)
            for name in assigned - wanted.keys():
                # By its name alone: without any it would be a request about nothing.
                gone = pb.DeletePolicyAssignmentRequest(
                    assignment=_assignment(pb.Policy(name=name))
                )
                await self._calls.change("DeletePolicyAssignment", gone, until)
            for address in resend:
                await self._calls.resend(address, until)
        except CallRefused as fault:
            raise NotDrained(str(fault)) from fault

    async def _assigned(self) -> Collection[str]:
        asked = pb.ListPolicyAssignmentRequest(name=_GLOBAL, direction=pb.EXPORT)
        found = await self._calls.many(
            "ListPolicyAssignment", asked, pb.ListPolicyAssignmentResponse
        )
        names = {one.name for answer in found for one in answer.assignment.policies}
        return {one for one in names if one.startswith(DRAIN)}

    async def _assign(self, name: str, address: str, until: float) -> None:
        if name not in await self._sets():
            await self._add_set(name, address, until)
        policy = _policy(name)
        asked = pb.ListPolicyRequest(name=name)
        found = await self._calls.many("ListPolicy", asked, pb.ListPolicyResponse)
        if all(one.policy.name != name for one in found):
            await self._calls.change("AddPolicy", pb.AddPolicyRequest(policy=policy), until)
        added = pb.AddPolicyAssignmentRequest(assignment=_assignment(policy))
        await self._calls.change("AddPolicyAssignment", added, until)

    async def _sets(self) -> Collection[str]:
        asked = pb.ListDefinedSetRequest(defined_type=pb.NEIGHBOR)
        found = await self._calls.many("ListDefinedSet", asked, pb.ListDefinedSetResponse)
        return {one.defined_set.name for one in found}

    async def _add_set(self, name: str, address: str, until: float) -> None:
        whole = ip_address(address.partition("%")[0])
        listed = [f"{whole}/{whole.max_prefixlen}"]
        made = pb.DefinedSet(defined_type=pb.NEIGHBOR, name=name, list=listed)
        await self._calls.change("AddDefinedSet", pb.AddDefinedSetRequest(defined_set=made), until)


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


def _assignment(policy: pb.Policy) -> pb.PolicyAssignment:
    return pb.PolicyAssignment(name=_GLOBAL, direction=pb.EXPORT, policies=[policy])
