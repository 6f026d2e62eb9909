"""What listeners and our own speakers say of a route, put into an answer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.reconciliation import DesiredRoute
from byoip.domain.speakers.staging import StagedSpeaker, Visibility


@dataclass(frozen=True, slots=True)
class Sightings:
    """What came back. Who could not be asked is not in it.

    Attributes:
        heard: by listener: the origins of what it sees.
        sent: by speaker and established session: what it sends there.
        silent: by speaker: its sessions that are not established.
    """

    heard: Mapping[str, Mapping[Prefix, Collection[Asn]]] = field(default_factory=dict)
    sent: Mapping[str, Mapping[str, Collection[Prefix]]] = field(default_factory=dict)
    silent: Mapping[str, Collection[str]] = field(default_factory=dict)

    def by_listeners(self, desired: DesiredRoute) -> Visibility:
        """What those say who are not ourselves."""
        if not self.heard:
            return Visibility.UNANSWERED
        return _answer(desired, seen=any(self.hears(one, desired) for one in self.heard))

    def hears(self, listener: str, desired: DesiredRoute) -> bool:
        """Whether a listener that answered sees the route under our origin."""
        return desired.route.origin in self.heard[listener].get(desired.prefix, ())

    def by_ourselves(self, desired: DesiredRoute, posts: Collection[StagedSpeaker]) -> Visibility:
        """What a stage's speakers say of themselves."""
        answered = [self.sent[one.name] for one in posts if one.name in self.sent]
        if any(desired.prefix in sent for sessions in answered for sent in sessions.values()):
            return _answer(desired, seen=True)
        if len(answered) < len(posts):
            return Visibility.UNANSWERED
        # Without any session nobody could hear an announcement; a withdrawal needs none.
        if desired.advertised and not any(answered):
            return Visibility.UNANSWERED
        return _answer(desired, seen=False)


def _answer(desired: DesiredRoute, *, seen: bool) -> Visibility:
    return Visibility.SEEN if seen == desired.advertised else Visibility.ABSENT
