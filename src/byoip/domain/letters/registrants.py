"""What a letter says of registration data: the registry's own words, quoted, and whose they are.

They are those that were kept as the prefix was approved. A letter asks no party anew, and one that
follows takes no other holder's name: space that was sold since is proven anew, or has no letter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from byoip.domain.checks.evidence import RawAnswer
from byoip.domain.letters.witnesses import Witnesses
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.network import SpaceKind, quoted
from byoip.domain.rdap.said import NOTHING_ASKED, RdapEnd, read_said


@dataclass(frozen=True, slots=True)
class RegistrantWords:
    """How one question for registration data ended.

    Attributes:
        of: the party asked, as `Witnesses` names it.
        at: when.
        block: the network it is about; this and what follows is empty where there is no answer.
        name: of the registrant; empty where the registry names no one party.
        kind: of the registrant: org or individual, as the registry says.
        type: of the network, as the registry says.
        space: PA or PI, as the type says it.
    """

    end: RdapEnd
    of: str
    at: datetime
    block: str = ""
    name: str = ""
    kind: str = ""
    type: str = ""
    space: SpaceKind | None = None

    def __str__(self) -> str:
        asked = f"{self.of}, asked by RDAP at {self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        if self.end is RdapEnd.ABSENT:
            return f"{asked}, has no network around the prefix"
        if self.end is RdapEnd.UNANSWERED:
            return f"{asked}, gave no answer"
        kind = f" ({quoted(self.kind)})" if self.kind else ""
        named = f"names {quoted(self.name)}{kind}" if self.name else "names no one registrant"
        kinds = [quoted(self.type)] if self.type else []
        kinds += [f"which is {self.space.value} space"] if self.space else []
        return f"{asked}, {named} for {', '.join([self.block, *kinds])}"


def registrants_of(
    exhibits: Iterable[RawAnswer], prefix: Prefix, witnesses: Witnesses
) -> tuple[RegistrantWords, ...]:
    """What a letter for the prefix says, from the evidence of its approval.

    Left out: what was not asked or not kept, what a party said that cannot be named, and of a
    network that does not contain the prefix.
    """
    kept = (one for one in exhibits if one.answer and not one.asked.startswith(NOTHING_ASKED))
    found = (_words(one, prefix, witnesses) for one in kept)
    return tuple(one for one in found if one is not None)


def _words(exhibit: RawAnswer, prefix: Prefix, witnesses: Witnesses) -> RegistrantWords | None:
    said = read_said(exhibit.answer)
    of = witnesses.registration_data(said.registry, exhibit.of)
    if of is None:
        return None
    network = said.network
    if network is None:
        return RegistrantWords(said.end, of, exhibit.at)
    if not network.contains(prefix):
        return None
    name, kind = "", ""
    if network.registrant:
        name, kind = network.registrant.name, network.registrant.kind
    words = network.block, name, kind, network.type, network.space
    return RegistrantWords(said.end, of, exhibit.at, *words)
