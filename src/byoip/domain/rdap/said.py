"""How one question to an RDAP server ended, and how that is kept as evidence."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.rdap.network import Network, NumberRange, Registrant

# What the question of an exhibit begins with: beside those of registration.
ASKED: Final = "RDAP "
NOTHING_ASKED: Final = f"{ASKED}nothing was asked"  # the budget did not allow it


class RdapEnd(StrEnum):
    """Three ends, of which only the first says anything of the space."""

    ANSWERED = "answered"
    ABSENT = "absent"  # the server responsible has no network around it
    UNANSWERED = "unanswered"  # we could not ask, or another than the one responsible spoke


@dataclass(frozen=True, slots=True)
class Said:
    """The answer.

    Attributes:
        registry: key of the registry whose server spoke last, or was to.
        network: the smallest one around the prefix, where it was answered.
        numbers: likewise, where the question was about an AS number.
        fault: why it is unanswered; `detail` says it in words.
    """

    end: RdapEnd
    registry: str
    network: Network | None = None
    fault: Fault | None = None
    detail: str = ""
    numbers: NumberRange | None = None

    def kept(self) -> bytes:
        """As evidence, in JSON: only what is read of an answer; it holds persons' addresses too."""
        said: dict[str, Any] = {"end": self.end.value, "registry": self.registry}
        if self.network:
            space = self.network.space
            said["network"] = asdict(self.network) | {"space": space.value if space else None}
        if self.numbers:
            said["numbers"] = asdict(self.numbers)
        if self.fault:
            said |= {"fault": self.fault.value, "detail": self.detail}
        return json.dumps(said, ensure_ascii=False).encode()


def is_rdap(exhibit: RawAnswer) -> bool:
    """Whether it is what an RDAP server said."""
    return exhibit.asked.startswith(ASKED)


def asked_for(exhibit: RawAnswer) -> str:
    """The prefix that such a question was about; empty where it does not say that."""
    first, *_ = exhibit.asked.split(" -> ")
    _, found, prefix = first.rpartition("/ip/")
    return prefix if found else ""


def read_said(kept: bytes) -> Said:
    """What `Said.kept` gave."""
    said = json.loads(kept)
    described = said.get("network")
    network = None
    if described:
        given = {name: value for name, value in described.items() if name != "space"}
        registrant = given["registrant"] and Registrant(**given["registrant"])
        network = Network(**{**given, "registrant": registrant})
    fault = Fault(said["fault"]) if "fault" in said else None
    detail = said.get("detail", "")
    return Said(RdapEnd(said["end"]), said["registry"], network, fault, detail)


def lessee_hints(words: Sequence[Said]) -> tuple[str, ...]:
    """What speaks for the claimant being a customer of the holder: shown, and refuses nothing.

    `words` are those of the smallest block, and of the holder's around it where it was asked for.
    """
    networks = [one.network for one in words if one.network is not None]
    if not networks:
        return ()
    least, *wider = networks
    if wider and least.registrant and wider[0].registrant:
        if least.registrant.handle == wider[0].registrant.handle:
            return ()
        other = f"another registrant than {wider[0].block} around it"
    elif least.given_on:
        other = "a customer of the holder of the space around it"
    else:
        return ()
    told = f"By RDAP {least.block} is given to {other}: who brings it may be a lessee."
    return (f"{told} That refuses nothing.",)
