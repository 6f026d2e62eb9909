"""Does a customer's ASPA let the operator stand behind its AS in a path?

draft-ietf-sidrops-aspa-profile and -verification: an ASPA lists every provider of its customer, and
networks that verify paths drop those in which another stands next to it. One hop is judged, from
the customer to the operator. An ASPA authorises the operator, as a ROA does, and never an account.

That there is none is believed with care, for it lets through: only of a snapshot that has ASPAs at
all and ROAs of the number's registry, and not soon after there was one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from byoip.domain.asn import AS0, Asn
from byoip.domain.checks.evidence import (
    CheckState,
    Failed,
    Fault,
    Outcome,
    Passed,
    Reason,
    Unanswered,
)
from byoip.domain.checks.vrp_snapshot import stale
from byoip.domain.errors import Refusal
from byoip.domain.foreign_text import shown

REMEMBERED: Final = timedelta(days=7)  # that there was one
ABSENT_FOR: Final = timedelta(hours=24)  # from every accepted snapshot, before its end is believed

# The trust anchors of registries, as relying parties name them, where that differs from statistics.
ANCHORS: Final[Mapping[str, str]] = MappingProxyType({"ripencc": "ripe"})


class AspaExcludesOperator(Refusal):
    """Networks that verify paths would drop the route."""

    name = "aspa_excludes_operator"

    def __init__(self, seen: str, fix: str) -> None:
        super().__init__(f"{seen} {fix}".strip())


class AspaUnanswered(Refusal):
    """Whether the pair may be announced has no answer, and that is no yes."""

    name = "aspa_unanswered"

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"Whether an ASPA lets this operator announce could not be answered: {detail} Nothing "
            "was changed: try again later.",
            retry_after=600,
        )


@dataclass(frozen=True, slots=True)
class ListedAspa:
    """What a snapshot holds of one customer.

    Attributes:
        providers: of all its objects together; None: one of them cannot be read.
        expires_at: when the first of them ends; None: the source does not say.
    """

    providers: tuple[Asn, ...] | None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AspaFacts:
    """What is known about one customer.

    Attributes:
        built_at: of the snapshot in use; None: there is none.
        fault: why that snapshot says of no customer that it has none; empty: it does.
        anchored: it holds ROAs of the registry that is responsible for the number.
        listed: its entry there.
        seen_at: when an accepted snapshot last had an entry of it; None: none that we know of.
        gone_since: since when every accepted snapshot that could have had it lacks it; None: none
            has been accepted since, or one in between could not have had it.
    """

    built_at: datetime | None = None
    fault: str = ""
    anchored: bool = False
    listed: ListedAspa | None = None
    seen_at: datetime | None = None
    gone_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class OriginStanding:
    """Of an account and a number that is not the operator's.

    Attributes:
        state: of the account's proof of it; None: it has none under way.
        aspa: what is known of the number.
        disputed: another account has proven the number, too, and no operator has decided yet.
    """

    state: CheckState | None = None
    aspa: AspaFacts = AspaFacts()
    disputed: bool = False

    @property
    def proven(self) -> bool:
        """Whether its account has proven it."""
        return self.state is CheckState.VALID


NO_STANDING: Final = OriginStanding()


def judge_pair(
    customer: Asn, operator: Asn, facts: AspaFacts, now: datetime, *, without: bool
) -> Outcome:
    """Judge whether `operator customer` may be announced.

    Args:
        customer: whose origin it is.
        operator: the AS that stands next to it.
        facts: of the customer.
        now: the moment.
        without: whether the operator announces where there is no ASPA.
    """
    if unusable := _unusable(facts, now):
        return unusable
    if facts.listed is not None:
        return _judge_listed(customer, operator, facts.listed, now)
    if unknown := _not_gone(customer, facts, now):
        return unknown
    if not without:
        seen = f"{customer} has no ASPA: by the operator's policy it is not announced without one."
        return Failed(Reason.ASPA_MISSING, seen, to_publish(customer, operator, ()))
    return Passed(f"{customer} has no ASPA: by the operator's policy it is announced without one.")


def told(outcome: Outcome) -> str:
    """What was judged of a pair, in words for evidence."""
    if isinstance(outcome, Passed):
        return outcome.seen
    return f"It could not be announced: {outcome.seen} {outcome.fix}"


def _unusable(facts: AspaFacts, now: datetime) -> Unanswered | None:
    """Why the snapshot says nothing of any customer."""
    if facts.built_at is None:
        return Unanswered(Fault.NO_DATA, "No ROA data has been loaded yet.")
    if stale(facts.built_at, now):
        seen = f"The newest ROA data was built at {facts.built_at:%Y-%m-%dT%H:%M:%SZ}."
        return Unanswered(Fault.STALE, seen)
    if facts.fault:
        seen = f"The newest ROA data does not say which ASPAs there are: {shown(facts.fault)}."
        return Unanswered(Fault.NO_DATA, seen)
    return None


def _not_gone(customer: Asn, facts: AspaFacts, now: datetime) -> Unanswered | None:
    """Why that the snapshot has no entry of a customer does not say that there is none."""
    if not facts.anchored:
        seen = f"The newest ROA data holds nothing of the registry that has given {customer}."
        return Unanswered(Fault.NO_DATA, seen)
    if _lately(facts, now):
        seen = f"{customer} had an ASPA until lately, and nothing says yet that it was taken back."
        fix = "Wait until it is there again, or gone for 24 hours."
        return Unanswered(Fault.SOURCES_DISAGREE, seen, fix)
    return None


def _judge_listed(customer: Asn, operator: Asn, listed: ListedAspa, now: datetime) -> Outcome:
    if listed.providers is None:
        seen = f"The entry of {customer} among ASPAs cannot be read."
        return Unanswered(Fault.GARBAGE, seen, "Wait for the next snapshot, or tell the operator.")
    if listed.expires_at is not None and listed.expires_at <= now:
        seen = f"The ASPA of {customer} expired at {listed.expires_at:%Y-%m-%dT%H:%M:%SZ}."
        return Unanswered(Fault.STALE, seen, "Renew it, or wait until newer data is loaded.")
    if operator in listed.providers:
        return Passed(f"The ASPA of {customer} lists {operator}.")
    others = [one for one in listed.providers if one != AS0]
    known = ", ".join(map(str, others[:_MOST_NAMED])) or "no provider"
    seen = f"The ASPA of {customer} lists {known}, and not {operator}."
    return Failed(Reason.ASPA_EXCLUDES_OPERATOR, seen, to_publish(customer, operator, others))


_MOST_NAMED: Final = 200


def to_publish(customer: Asn, operator: Asn, known: Sequence[Asn]) -> str:
    """The whole list to publish: an ASPA replaces nothing, and what it leaves out is dropped."""
    every = sorted({*known, operator}, key=attrgetter("number"))
    named = ", ".join(map(str, every[:_MOST_NAMED]))
    more = f" and the {len(every) - _MOST_NAMED} others" if len(every) > _MOST_NAMED else ""
    return (
        f"Publish an ASPA of {customer} at its registry with all of these providers: {named}{more}."
        " Leave none out that you use: networks that verify paths drop what comes through another."
    )


def _lately(facts: AspaFacts, now: datetime) -> bool:
    if facts.seen_at is None or now - facts.seen_at > REMEMBERED:
        return False
    return facts.gone_since is None or now - facts.gone_since < ABSENT_FOR


def pair_refusal(outcome: Outcome) -> Refusal | None:
    """Why the pair is not announced; None: it may be."""
    match outcome:
        case Failed():
            return AspaExcludesOperator(outcome.seen, outcome.fix)
        case Unanswered():
            return AspaUnanswered(outcome.seen)
        case _:
            return None


def judge_upstreams(
    operator: Asn, upstreams: Sequence[Asn], facts: AspaFacts, now: datetime
) -> str | None:
    """What a customer should know of the operator's own ASPA; None: it lists every upstream."""
    if not upstreams:
        return (
            "Whether the operator's own ASPA lists its upstreams was not checked: the operator has "
            "not said which they are (upstream_asns)."
        )
    lacking = []
    for one in sorted(upstreams):
        outcome = judge_pair(operator, one, facts, now, without=True)
        if isinstance(outcome, Unanswered):
            asked = "Whether the operator's own ASPA lists its upstreams has no answer"
            return f"{asked}: {outcome.seen}"
        if isinstance(outcome, Failed):
            lacking.append(str(one))
    if not lacking:
        return None
    return (
        f"The operator's own ASPA of {operator} does not list its upstreams {', '.join(lacking)}: "
        "networks that verify paths may drop what it announces. Tell the operator."
    )
