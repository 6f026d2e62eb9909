"""What a gobgpd holds changes: was it told so by us?

Its stream of events [tried on 3.10] has each change of what it holds, ours among them, in their
order, soon after the call that made it. What we told it is remembered until then. Any other event
is a surprise; so is one of ours that comes too late, which costs no more than a look.
"""

from collections.abc import Iterable
from typing import Final

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.ports.steady_clock import boottime

_REMEMBERED_SECONDS: Final = 10.0
_MOST_TOLD: Final = 10_000  # paths of an event that are looked at, in some ten milliseconds
_MANY: Final = 10_000  # remembered, before those that are over are looked for

_BEST: Final = pb.WatchEventRequest.Table.Filter(type=pb.WatchEventRequest.Table.Filter.BEST)
# Of neighbours it tells at once how they are: then it watches.
REQUEST: Final = pb.WatchEventRequest(
    peer=pb.WatchEventRequest.Peer(), table=pb.WatchEventRequest.Table(filters=[_BEST])
)


class Told:
    """What one gobgpd was told, and has not said yet that it did.

    Attributes:
        watched: nothing is remembered while nothing is watched.
    """

    def __init__(self) -> None:
        self.watched = False
        self._told: dict[bytes, list[tuple[bool, float]]] = {}  # by NLRI: a withdrawal? until when?
        self._most = _MANY

    def note(self, paths: Iterable[pb.Path]) -> None:
        """Remember that it is told these; before it is told."""
        if not self.watched:
            return
        now = boottime()
        for one in paths:
            told = one.is_withdraw, now + _REMEMBERED_SECONDS
            self._told.setdefault(one.nlri.value, []).append(told)
        if len(self._told) > self._most:
            self._told = {key: told for key, told in self._told.items() if told[-1][1] > now}
            self._most = max(_MANY, 2 * len(self._told))

    def surprised_by(self, event: pb.WatchEventResponse) -> bool:
        """Whether it says of any path what we have not told of it."""
        if len(event.table.paths) > _MOST_TOLD:
            return True
        now = boottime()
        expected = [self._expected(one, now) for one in event.table.paths]
        return not all(expected)

    def _expected(self, path: pb.Path, now: float) -> bool:
        # Of what changed nothing there is no event: its time passes.
        told = [one for one in self._told.pop(path.nlri.value, ()) if one[1] > now]
        expected = bool(told) and told[0][0] is path.is_withdraw
        if expected and told[1:]:
            self._told[path.nlri.value] = told[1:]
        return expected
