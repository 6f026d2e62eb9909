"""What is on record of a speaker that answers: its sessions, and how many routes it holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from byoip.domain.routes.prepending import internal_as, prepends_lost_as
from byoip.domain.routes.route import PathAttributes
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import Neighbour
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Routes


@dataclass(slots=True)
class SpeakerNotes:
    """Of one speaker, for operators and for what customers may ask of it."""

    name: str
    stage: int
    routes: Routes
    clock: Clock
    _last: SpeakerState | None = field(default=None, init=False)

    async def note(
        self,
        held: int,
        neighbours: Sequence[Neighbour],
        attributes: PathAttributes,
        *,
        loaded: bool,
        drained: bool,
    ) -> None:
        """Note how a full sync found it."""
        ases = [one.asn for one in neighbours]
        lost_as = prepends_lost_as(attributes, ases)
        internal = internal_as(attributes.local_as, ases)
        self._last = SpeakerState(
            self.name,
            self.stage,
            "",
            held,
            self.clock.now(),
            loaded=loaded,
            prepends_lost_as=lost_as.number if lost_as else None,
            internal_as=internal.number if internal else None,
            local_as=attributes.local_as.number,
            neighbour_ases=sorted({one.asn.number for one in neighbours}),
            sessions={one.address: one.established for one in neighbours},
            drained=drained,
        )
        await self.routes.note_speaker(self._last)

    async def again(self, held: int) -> None:
        """Note that it answers still, between full syncs, and how many routes it holds now."""
        if self._last:
            self._last = replace(self._last, held=held, at=self.clock.now())
            await self.routes.note_speaker(self._last)
