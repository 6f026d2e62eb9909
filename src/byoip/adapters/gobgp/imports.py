"""Keeps neighbours' routes out of a gobgpd, by a global import policy that rejects by neighbour.

On GoBGP 3.10 nothing else does [tried]: a neighbour's `default-import-policy` is ignored without a
word, and a global default rejects our own paths as well, again without a word. A path of our own
has no neighbour, so the set below, although it spans every address, does not match it.
"""

from typing import Final

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.calls import GobgpCalls
from byoip.adapters.gobgp.faults import CallRefused
from byoip.adapters.gobgp.policies import GlobalPolicies
from byoip.ports.speakers.speaker import ImportsOpen

NAME: Final = "byoip-no-imports"  # of the policy, its statement and its set
_EVERYONE: Final = frozenset({"0.0.0.0/0", "::/0"})

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


class ImportPolicy:
    """The policy of one gobgpd; it forgets it with each start, and when its file is read again.

    Attributes:
        learnt: how many routes of neighbours it was last seen to have accepted.
    """

    def __init__(self, calls: GobgpCalls) -> None:
        self.learnt = 0
        self._calls = calls
        self._policies = GlobalPolicies(calls, pb.IMPORT)
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

    async def complaint(self) -> str | None:
        """Whether the policy is not in effect as it must be; changes nothing.

        Raises:
            SpeakerUnanswered: it could not be asked.
        """
        try:
            there = await self._assigned()
        except (CallRefused, ImportsOpen) as fault:
            return str(fault)
        return None if there else f"it has no import policy {NAME}"

    async def _assigned(self) -> bool:
        ours = [one for one in await self._policies.assigned() if one.name == NAME]
        for one in ours:
            one.DiscardUnknownFields()  # of what we do not use it lists the defaults
        if ours and not (ours == [_POLICY] and await self._set_is_ours()):
            raise ImportsOpen(f"its policy {NAME} is not ours")
        return bool(ours)

    async def _set_is_ours(self) -> bool:
        return (await self._policies.sets()).get(NAME, frozenset()) >= _EVERYONE

    async def _add(self, until: float) -> None:
        await self._policies.assign(_POLICY, sorted(_EVERYONE), until)

    async def _apply(self, until: float) -> None:
        # GoBGP works on it to the end, however long we wait: 210,000 routes take it seconds.
        self._resets += 1
        self.learnt = 0
        again = pb.ResetPeerRequest(soft=True, direction=pb.ResetPeerRequest.IN)
        await self._calls.change("ResetPeer", again, until)
