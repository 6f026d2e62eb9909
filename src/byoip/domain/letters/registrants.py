"""What a letter says of registration data: the registry's own words, quoted, and whose they are.

They are those that were kept as the prefix was approved. A letter asks no party anew, and one that
follows takes no other holder's name: space that was sold since is proven anew, or has no letter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.letters.witnesses import Witnesses
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.network import SpaceKind, quoted
from byoip.domain.rdap.said import NOTHING_ASKED, RdapEnd, asked_for, read_said

# What a party did that gave no answer: it may well have said something.
_INSTEAD: Final[Mapping[Fault, str]] = MappingProxyType(
    {
        Fault.TIMEOUT: "gave no whole answer in time",
        Fault.UNREACHABLE: "could not be reached",
        Fault.TRUNCATED: "broke off its answer",
        Fault.TOO_LARGE: "gave an answer too large to be read",
        Fault.GARBAGE: "gave an answer that could not be read",
        Fault.REFUSED: "refused to answer",
        Fault.SERVER_FAILURE: "answered that it had failed",
        Fault.NO_DATA: "answered that it does not have the space itself",
        Fault.OUT_OF_BUDGET: "led to another server, which was not asked",
    }
)
# Of these the details are ours to tell: a status, the name of a placeholder.
_IN_DETAIL: Final = frozenset({Fault.REFUSED, Fault.SERVER_FAILURE, Fault.NO_DATA})


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
        about: the space that was asked for: the prefix, or the holder's around it. This and what
            follows is empty in letters of older versions.
        fault: why there is no answer; `detail` says it in words.
    """

    end: RdapEnd
    of: str
    at: datetime
    block: str = ""
    name: str = ""
    kind: str = ""
    type: str = ""
    space: SpaceKind | None = None
    about: str = ""
    fault: Fault | None = None
    detail: str = ""

    def __str__(self) -> str:
        asked = f"{self.of}, asked by RDAP at {self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        if self.end is RdapEnd.ABSENT:
            return f"{asked}, has no network around {self.about or 'the prefix'}"
        if self.end is RdapEnd.UNANSWERED:
            return f"{asked}{f' for {self.about}' if self.about else ''}, {self._instead()}"
        kind = f" ({quoted(self.kind)})" if self.kind else ""
        named = f"names {quoted(self.name)}{kind}" if self.name else "names no one registrant"
        kinds = [quoted(self.type)] if self.type else []
        kinds += [f"which is {self.space.value} space"] if self.space else []
        return f"{asked}, {named} for {', '.join([self.block, *kinds])}"

    def _instead(self) -> str:
        if self.fault is None:
            return "gave no answer"
        why = f" ({quoted(self.detail)})" if self.detail and self.fault in _IN_DETAIL else ""
        return f"{_INSTEAD.get(self.fault, 'gave no answer')}{why}"


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
    network, about = said.network, asked_for(exhibit) or str(prefix)
    if network is None:
        return RegistrantWords(
            said.end, of, exhibit.at, about=about, fault=said.fault, detail=said.detail
        )
    if not network.contains(prefix):
        return None
    name, kind = "", ""
    if network.registrant:
        name, kind = network.registrant.name, network.registrant.kind
    words = network.block, name, kind, network.type, network.space
    return RegistrantWords(said.end, of, exhibit.at, *words, about=about)
