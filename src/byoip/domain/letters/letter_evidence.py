"""What a letter says of the evidence: short enough for a page, exact enough to ask again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Check, Finding, Passed
from byoip.domain.checks.origin_validation import Validity, Vrp, validate_origin
from byoip.domain.checks.registry import HELD, Allocation
from byoip.domain.foreign_text import shown
from byoip.domain.letters.witnesses import Witnesses, registry_name
from byoip.domain.prefix import Prefix

_LONGEST_SEEN = 240

_HOW = {
    Check.REGISTRATION: "The registry that is responsible for the space",
    Check.IRR: "A route object with this prefix and origin, in that registry's own database",
    Check.RPKI: "Origin validation (RFC 6811) against validated ROA payloads",
    Check.OWNERSHIP_IRR: "A single-use token, published in the route object",
    Check.OWNERSHIP_RDNS: "A single-use token, published in every reverse DNS zone of the prefix",
}


class UnnamedWitness(Exception):  # noqa: N818 - a state of affairs: no letter is written now
    """A party that gave evidence has no name that is true: what it said is not stated."""

    def __init__(self, check: Check) -> None:
        super().__init__(f"the party asked for {check.value} cannot be named")


@dataclass(frozen=True, slots=True)
class RegisteredHolder:
    """The holder of the space, as far as its registry publishes that.

    Attributes:
        registry: key of the registry responsible.
        holder: its opaque id of the holder; empty where no statistics name one.
        status: allocated or assigned; empty likewise.
    """

    registry: str
    holder: str = ""
    status: str = ""

    @classmethod
    def of(cls, registry: str, allocations: Sequence[Allocation]) -> "RegisteredHolder":
        """The one holder of the ranges that the registry lists for a prefix."""
        held = {
            (one.holder, one.status)
            for one in allocations
            if one.registry == registry and one.status in HELD
        }
        holder, status = min(held, default=("", ""))
        same = len({holder for holder, _ in held}) == 1
        return cls(registry, shown(holder), shown(status)) if same else cls(registry)

    def __str__(self) -> str:
        name = registry_name(self.registry)
        if not self.holder:
            return f"as registered at {name}"
        return f"{name} holder {self.holder} ({self.status})"


def registered_to(allocations: Iterable[Allocation]) -> frozenset[tuple[str, str]]:
    """Who holds ranges by statistics: the holder's id, and the registry that lists it."""
    return frozenset((one.holder, one.registry) for one in allocations if one.status in HELD)


@dataclass(frozen=True, slots=True)
class LetterCheck:
    """One check that passed.

    Attributes:
        seen: the answer, in our words.
        of: the party that we asked, as `Witnesses` names it.
        at: when we asked.
    """

    check: Check
    seen: str
    of: str
    at: datetime

    @property
    def how(self) -> str:
        """How it was checked."""
        return _HOW[self.check]


def passed_checks(findings: Iterable[Finding], witnesses: Witnesses) -> tuple[LetterCheck, ...]:
    """The newest pass of each check, in the order they are asked; nothing else is stated.

    Raises:
        UnnamedWitness: of one of them a party that was asked cannot be named.
    """
    newest: dict[Check, LetterCheck] = {}
    for finding in sorted(findings, key=lambda one: one.at):
        if isinstance(finding.outcome, Passed):
            newest[finding.check] = _stated(finding, finding.outcome, witnesses.of(finding))
    for check, stated in newest.items():
        if not stated.of:
            raise UnnamedWitness(check)
    return tuple(newest[check] for check in Check if check in newest)


def _stated(finding: Finding, passed: Passed, of: str | None) -> LetterCheck:
    seen = passed.seen
    if len(seen) > _LONGEST_SEEN:
        seen = seen[: _LONGEST_SEEN - 3] + "..."
    return LetterCheck(finding.check, seen, of or "", finding.at)


def deciding_roas(
    prefix: Prefix, origin: Asn, covering: Iterable[Vrp], *, now: datetime
) -> tuple[Vrp, ...]:
    """The ROAs that make the route valid; none where it is not."""
    verdict = validate_origin(prefix, origin, covering, now=now)
    return verdict.deciding if verdict.validity is Validity.VALID else ()
