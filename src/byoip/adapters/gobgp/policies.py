"""The policies of one gobgpd that are assigned for all its neighbours; forgotten with each start.

What an operator configured stays: policies are added after it, and taken away by their names.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.calls import GobgpCalls

_GLOBAL: Final = "global"


class GlobalPolicies:
    """Those of one direction, and the sets of neighbours that they name.

    Each method raises SpeakerUnanswered if gobgpd could not be asked, CallRefused if it refuses.
    """

    def __init__(self, calls: GobgpCalls, direction: pb.PolicyDirection) -> None:
        """Take import or export."""
        self._calls = calls
        self._direction = direction

    async def assigned(self) -> Sequence[pb.Policy]:
        """Those that are in effect, an operator's among them."""
        asked = pb.ListPolicyAssignmentRequest(name=_GLOBAL, direction=self._direction)
        found = await self._calls.many(
            "ListPolicyAssignment", asked, pb.ListPolicyAssignmentResponse
        )
        return [one for answer in found for one in answer.assignment.policies]

    async def sets(self) -> Mapping[str, frozenset[str]]:
        """All sets of neighbours, by name."""
        asked = pb.ListDefinedSetRequest(defined_type=pb.NEIGHBOR)
        found = await self._calls.many("ListDefinedSet", asked, pb.ListDefinedSetResponse)
        return {one.defined_set.name: frozenset(one.defined_set.list) for one in found}

    async def add_set(self, name: str, members: Sequence[str], until: float) -> None:
        """Add a set of neighbours, in CIDR notation."""
        made = pb.DefinedSet(defined_type=pb.NEIGHBOR, name=name, list=members)
        await self._calls.change("AddDefinedSet", pb.AddDefinedSetRequest(defined_set=made), until)

    async def assign(self, policy: pb.Policy, members: Sequence[str], until: float) -> None:
        """Put a policy in effect, with the set of its name; what is there already is left."""
        if not frozenset(members) <= (await self.sets()).get(policy.name, frozenset()):
            await self.add_set(policy.name, members, until)
        asked = pb.ListPolicyRequest(name=policy.name)
        found = await self._calls.many("ListPolicy", asked, pb.ListPolicyResponse)
        if all(one.policy.name != policy.name for one in found):
            await self._calls.change("AddPolicy", pb.AddPolicyRequest(policy=policy), until)
        added = pb.AddPolicyAssignmentRequest(assignment=self._assignment(policy))
        await self._calls.change("AddPolicyAssignment", added, until)

    async def take_away(self, name: str, until: float) -> None:
        """End the effect of the policy of this name, and of no other."""
        asked = pb.DeletePolicyAssignmentRequest(assignment=self._assignment(pb.Policy(name=name)))
        await self._calls.change("DeletePolicyAssignment", asked, until)

    def _assignment(self, policy: pb.Policy) -> pb.PolicyAssignment:
        return pb.PolicyAssignment(name=_GLOBAL, direction=self._direction, policies=[policy])
