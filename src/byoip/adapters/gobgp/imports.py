"""Keeps neighbours' routes out of a gobgpd, by a global import policy that rejects by neighbour.

On GoBGP 3.10 nothing else does [tried]: a neighbour's `default-import-policy` is ignored without a
word, and a global default rejects our own paths as well, again without a word. A path of our own
has no neighbour, so the set below, although it spans every address, does not match it.
"""

from typing import Final

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.calls import CallRefused, GobgpCalls
from byoip.ports.speakers.speaker import ImportsOpen

_GLOBAL: Final = "global"
NAME: Final = "byoip-no-imports"  # of the policy, its statement and its set
_EVERYONE: Final = frozenset({"0.0.0.0/0", "::/0"})

_SET: Final = pb.DefinedSet(defined_type=pb.NEIGHBOR, name=NAME, list=sorted(_EVERYONE))
_POLICY: Final = pb.Policy(
    name=NAME,
    statements=[
        pb.Statement(
            name=NAME,
            conditions=pb.Conditions(neighbor_set=pb.MatchSet(type=pb.MatchSet.ANY, name=NAME)),
            actions=pb.Actions(route_action=pb.REJECT),
        )
    ],
)
_IMPORTS: Final = pb.PolicyAssignment(name=_GLOBAL, direction=pb.IMPORT, policies=[_POLICY])


class ImportPolicy:
    """The policy of one gobgpd; it forgets it with each start, and when its file is read again.

    Attributes:
        learnt: how many routes of neighbours it was last seen to have accepted.
    """

    def __init__(self, calls: GobgpCalls) -> None:
        self.learnt = 0
        self._calls = calls
        self._resets = 0  # since it was last put there

    async def close(self, until: float) -> None:
        """Have no neighbour's route accepted; what was accepted before is dropped.

        What an operator configured stays, and comes before ours.

        Raises:
            ImportsOpen: it refuses the policy, has another one by its name, or goes on to accept.
            SpeakerUnanswered: it could not be asked.
        """
        try:
            added = not await self._assigned()
            if added:
                await self._add(until)
                self._resets = 0
            # A process before us may have died before it had it applied.
            if added or (self.learnt and not self._resets):
                await self._apply(until)
            elif self.learnt:
                raise ImportsOpen(f"it has accepted {self.learnt} routes of neighbours")
        except CallRefused as fault:
            raise ImportsOpen(str(fault)) from fault

    async def _assigned(self) -> bool:
        asked = pb.ListPolicyAssignmentRequest(name=_GLOBAL, direction=pb.IMPORT)
        found = await self._calls.many(
            "ListPolicyAssignment", asked, pb.ListPolicyAssignmentResponse
        )
        policies = [one for answer in found for one in answer.assignment.policies]
        ours = [one for one in policies if one.name == NAME]
        for one in ours:
            one.DiscardUnknownFields()  # of what we do not use it lists the defaults
        if ours and not (ours == [_POLICY] and await self._set_is_there()):
            raise ImportsOpen(f"its policy {NAME} is not ours")
        return bool(ours)

    async def _set_is_there(self) -> bool:
        asked = pb.ListDefinedSetRequest(defined_type=pb.NEIGHBOR, name=NAME)
        found = await self._calls.many("ListDefinedSet", asked, pb.ListDefinedSetResponse)
        named = [one.defined_set for one in found if one.defined_set.name == NAME]
        return any(set(one.list) >= _EVERYONE for one in named)

    async def _policy_is_there(self) -> bool:
        asked = pb.ListPolicyRequest(name=NAME)
        found = await self._calls.many("ListPolicy", asked, pb.ListPolicyResponse)
        return any(one.policy.name == NAME for one in found)

    async def _add(self, until: float) -> None:
        if not await self._set_is_there():
            asked = pb.AddDefinedSetRequest(defined_set=_SET)
            await self._calls.change("AddDefinedSet", asked, until)
        if not await self._policy_is_there():
            await self._calls.change("AddPolicy", pb.AddPolicyRequest(policy=_POLICY), until)
        assignment = pb.AddPolicyAssignmentRequest(assignment=_IMPORTS)
        await self._calls.change("AddPolicyAssignment", assignment, until)

    async def _apply(self, until: float) -> None:
        # GoBGP works on it to the end, however long we wait: 210,000 routes take it seconds.
        self._resets += 1
        self.learnt = 0
        again = pb.ResetPeerRequest(soft=True, direction=pb.ResetPeerRequest.IN)
        await self._calls.change("ResetPeer", again, until)
