"""What listeners and our own speakers say of a route, put into an answer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.reconciliation import Wish
from byoip.domain.speakers.staging import StagedSpeaker, Visibility


@dataclass(frozen=True, slots=True)
class Look:
    """What came back. Who could not be asked is not in it.

    Attributes:
        heard: by listener: the origins of what it sees.
        sent: by speaker and established session: what it sends there.
        silent: by speaker: its sessions that are not established.
    """

    heard: Mapping[str, Mapping[Prefix, Collection[Asn]]] = field(default_factory=dict)
    sent: Mapping[str, Mapping[str, Collection[Prefix]]] = field(default_factory=dict)
    silent: Mapping[str, Collection[str]] = field(default_factory=dict)

    def by_listeners(self, wish: Wish) -> Visibility:
        """What those say who are not ourselves."""
        if not self.heard:
            return Visibility.UNANSWERED
        return _answer(wish, seen=any(self.hears(one, wish) for one in self.heard))

    def hears(self, listener: str, wish: Wish) -> bool:
        """Whether a listener that answered sees the route under our origin."""
        return wish.route.origin in self.heard[listener].get(wish.prefix, ())

    def by_ourselves(self, wish: Wish, posts: Collection[StagedSpeaker]) -> Visibility:
        """What a stage's speakers say of themselves."""
        answered = [self.sent[one.name] for one in posts if one.name in self.sent]
        if any(wish.prefix in sent for sessions in answered for sent in sessions.values()):
            return _answer(wish, seen=True)
        if len(answered) < len(posts):
            return Visibility.UNANSWERED
        # Without any session nobody could hear an announcement; a withdrawal needs none.
        if wish.advertised and not any(answered):
            return Visibility.UNANSWERED
        return _answer(wish, seen=False)


def _answer(wish: Wish, *, seen: bool) -> Visibility:
    return Visibility.SEEN if seen == wish.advertised else Visibility.ABSENT
