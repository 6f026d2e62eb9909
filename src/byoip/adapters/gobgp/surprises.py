"""What a gobgpd holds changes: was it told so by us?

Its stream of events [tried on 3.10] has each change of what it holds, ours among them, soon after
the call that made it has been answered. What we told it of a prefix is remembered for that long; an
event that says the opposite, or is about another prefix, is a surprise.
"""

from collections.abc import Iterable
from typing import Final

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.ports.steady_clock import boottime

_REMEMBERED_SECONDS: Final = 10.0
_MANY: Final = 10_000  # remembered, before those that are over are looked for

_BEST: Final = pb.WatchEventRequest.Table.Filter(type=pb.WatchEventRequest.Table.Filter.BEST)
# Of neighbours it tells at once how they are: then it watches.
REQUEST: Final = pb.WatchEventRequest(
    peer=pb.WatchEventRequest.Peer(), table=pb.WatchEventRequest.Table(filters=[_BEST])
)


class Told:
    """What one gobgpd was told lately.

    Attributes:
        watched: nothing is remembered while nothing is watched.
    """

    def __init__(self) -> None:
        self.watched = False
        self._told: dict[bytes, tuple[bool, float]] = {}  # by NLRI: a withdrawal? until when?
        self._most = _MANY

    def note(self, paths: Iterable[pb.Path]) -> None:
        """Remember that it is told these; before it is told."""
        if not self.watched:
            return
        until = boottime() + _REMEMBERED_SECONDS
        self._told.update((one.nlri.value, (one.is_withdraw, until)) for one in paths)
        if len(self._told) > self._most:
            now = boottime()
            self._told = {key: told for key, told in self._told.items() if told[1] > now}
            self._most = max(_MANY, 2 * len(self._told))

    def surprised_by(self, event: pb.WatchEventResponse) -> bool:
        """Whether it says of any path what we have not told of it."""
        now = boottime()
        return any(not self._expected(one, now) for one in event.table.paths)

    def _expected(self, path: pb.Path, now: float) -> bool:
        withdraw, until = self._told.get(path.nlri.value, (None, now))
        return withdraw is path.is_withdraw and now < until
