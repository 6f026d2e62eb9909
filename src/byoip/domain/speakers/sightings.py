"""What listeners and speakers say of a route, put together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.reconciliation import DesiredRoute
from byoip.domain.speakers.staging import StagedSpeaker, Visibility


@dataclass(frozen=True, slots=True)
class Sightings:
    """What they answered. Those that could not be asked are left out.

    Attributes:
        heard: by listener: the origins under which it sees each route.
        sent: by speaker and established session: the routes that it sends there.
        silent: by speaker: its sessions that are not established.
    """

    heard: Mapping[str, Mapping[Prefix, Collection[Asn]]] = field(default_factory=dict)
    sent: Mapping[str, Mapping[str, Collection[Prefix]]] = field(default_factory=dict)
    silent: Mapping[str, Collection[str]] = field(default_factory=dict)

    def by_listeners(self, desired: DesiredRoute) -> Visibility:
        """What listeners say: all but our own speakers."""
        if not self.heard:
            return Visibility.UNANSWERED
        return _answer(desired, seen=any(self.hears(one, desired) for one in self.heard))

    def hears(self, listener: str, desired: DesiredRoute) -> bool:
        """Whether a listener that answered sees the route under our origin."""
        return desired.route.origin in self.heard[listener].get(desired.prefix, ())

    def by_speakers(self, desired: DesiredRoute, speakers: Collection[StagedSpeaker]) -> Visibility:
        """What the speakers of a stage say they send."""
        answered = [self.sent[one.name] for one in speakers if one.name in self.sent]
        if any(desired.prefix in sent for sessions in answered for sent in sessions.values()):
            return _answer(desired, seen=True)
        if len(answered) < len(speakers):
            return Visibility.UNANSWERED
        # An announcement that goes to no session cannot be heard; a withdrawal needs no session.
        if desired.advertised and not any(answered):
            return Visibility.UNANSWERED
        return _answer(desired, seen=False)


def _answer(desired: DesiredRoute, *, seen: bool) -> Visibility:
    return Visibility.SEEN if seen == desired.advertised else Visibility.ABSENT
