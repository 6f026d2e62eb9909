"""What a check may answer, and what that means.

Three ends: passed, failed, unanswered. "We could not ask" is never "no": it leaves the last
state as it was, never approves and never undoes an approval.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TypeAlias

# Answers older than this do not count towards approval.
WINDOW = timedelta(hours=1)


class Check(StrEnum):
    """What a validation run asks."""

    REGISTRATION = "registration"  # which registry is responsible; is the space allocated?
    IRR = "irr"  # does an authoritative route object name prefix and origin?
    RPKI = "rpki"  # is the route valid by RFC 6811?
    OWNERSHIP_IRR = "ownership_irr"  # does that route object carry the token?
    OWNERSHIP_RDNS = "ownership_rdns"  # does every reverse zone carry the token?


class CheckState(StrEnum):
    """What the wire shows for irr, rpki and ownership."""

    PENDING = "pending"
    VALID = "valid"
    MISSING = "missing"
    MISMATCH_ASN = "mismatch_asn"
    INVALID = "invalid"
    EXPIRED = "expired"


class Reason(StrEnum):
    """Why a check failed: stable, documented, more exact than the state it leads to."""

    NOT_ALLOCATED = "not_allocated"
    SPANS_REGISTRIES = "spans_registries"
    ROUTE_OBJECT_MISSING = "route_object_missing"
    ROUTE_OBJECT_OTHER_ORIGIN = "route_object_other_origin"
    ROUTE_OBJECT_NOT_AUTHORITATIVE = "route_object_not_authoritative"
    ROUTE_OBJECT_MALFORMED = "route_object_malformed"
    ROUTE_OBJECTS_NOT_OFFERED = "route_objects_not_offered"
    TOKEN_MISSING = "token_missing"  # noqa: S105 - a reason, not a secret
    TOKEN_OTHER = "token_other"  # noqa: S105
    TOKEN_NOT_IN_EVERY_ZONE = "token_not_in_every_zone"  # noqa: S105
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    TOKEN_TOO_EARLY = "token_too_early"  # noqa: S105
    MAINTAINER_NOT_HOLDER = "maintainer_not_holder"
    ADDRESS_BLOCK_MISSING = "address_block_missing"
    ALIAS_IN_ANSWER = "alias_in_answer"
    DNSSEC_BOGUS = "dnssec_bogus"
    ZONE_NOT_DELEGATED = "zone_not_delegated"
    SERVERS_CONTRADICT = "servers_contradict"
    SERVER_REFUSED_BY_POLICY = "server_refused_by_policy"
    PERSPECTIVES_DISAGREE = "perspectives_disagree"
    ROA_MISSING = "roa_missing"
    ROA_OTHER_ORIGIN = "roa_other_origin"
    ROA_MAX_LENGTH = "roa_max_length"
    ROA_AS0 = "roa_as0"
    ASN_NOT_ASSIGNED = "asn_not_assigned"
    AUT_NUM_MISSING = "aut_num_missing"
    AUT_NUM_MALFORMED = "aut_num_malformed"
    AUT_NUM_TAKES_NO_TOKEN = "aut_num_takes_no_token"  # noqa: S105
    ASPA_EXCLUDES_OPERATOR = "aspa_excludes_operator"
    ASPA_MISSING = "aspa_missing"

    @property
    def state(self) -> CheckState:
        """The state on the wire that this reason leads to."""
        return _STATES.get(self, CheckState.INVALID)


_STATES = {
    Reason.ROUTE_OBJECT_MISSING: CheckState.MISSING,
    Reason.ROUTE_OBJECT_OTHER_ORIGIN: CheckState.MISMATCH_ASN,
    Reason.ROUTE_OBJECTS_NOT_OFFERED: CheckState.MISSING,
    Reason.TOKEN_MISSING: CheckState.MISSING,
    Reason.ZONE_NOT_DELEGATED: CheckState.MISSING,
    Reason.TOKEN_EXPIRED: CheckState.EXPIRED,
    Reason.ROA_MISSING: CheckState.MISSING,
    Reason.ROA_OTHER_ORIGIN: CheckState.MISMATCH_ASN,
    Reason.AUT_NUM_MISSING: CheckState.MISSING,
    Reason.AUT_NUM_TAKES_NO_TOKEN: CheckState.MISSING,
    Reason.ASPA_MISSING: CheckState.MISSING,
}


class Fault(StrEnum):
    """Why a question stayed unanswered."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"  # refused, reset, no route
    TRUNCATED = "truncated"  # the terminator is missing
    TOO_LARGE = "too_large"
    GARBAGE = "garbage"  # not the protocol
    REFUSED = "refused"  # the server says it will not answer us: quota, block, REFUSED
    SERVER_FAILURE = "server_failure"  # SERVFAIL without a DNSSEC reason, 5xx, %ERROR:100
    LAME = "lame"  # servers that are not authoritative for the zone they are delegated
    OUT_OF_BUDGET = "out_of_budget"  # asking now would endanger the operator's standing
    STALE = "stale"  # the data at hand is too old to judge by
    NO_DATA = "no_data"  # no snapshot has been loaded yet
    EXPIRED_ROA = "expired_roa"  # an expired ROA would have made it valid: wait for the next
    UNKNOWN_REGISTRY = "unknown_registry"  # the settings do not know the one responsible
    SOURCES_DISAGREE = "sources_disagree"  # two registries contradict each other
    NOT_ASKED = "not_asked"  # it depends on another question that stayed unanswered


@dataclass(frozen=True, slots=True)
class GoneAnswer:
    """What stays of a raw answer that is not kept any more."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """One question to one outside party, and its answer as it came.

    Attributes:
        asked: the question as sent, for example a whois query line or `name TXT`.
        of: the party asked: `host:port`, an address, or `snapshot 17`.
        answer: the raw answer; empty when nothing came. The adapter may cut a long one, which
            `asked` then says, as in `name TXT (cut from 2100 bytes)`.
        at: when the answer was complete, or given up.
        gone: `answer` was given up, and this is what stays of it.
    """

    asked: str
    of: str
    answer: bytes
    at: datetime
    gone: GoneAnswer | None = None

    @property
    def sha256(self) -> str:
        """Digest in hex of `answer`: of what is kept, where the answer was cut."""
        return self.gone.sha256 if self.gone else sha256(self.answer).hexdigest()


@dataclass(frozen=True, slots=True)
class ShownBy:
    """Who showed the token for reverse zones that have the same witnesses.

    Attributes:
        zones: their names, without the root's dot.
        servers: names of name servers, likewise, or what stands for them; none: the zones are
            signed, and the operator's resolver validates.
    """

    zones: tuple[str, ...]
    servers: tuple[str, ...] = ()

    @classmethod
    def merged(cls, each: Iterable[tuple[str, tuple[str, ...]]]) -> "tuple[ShownBy, ...]":
        """Of one zone each: its name, and its servers."""
        zones: dict[tuple[str, ...], list[str]] = {}
        for zone, servers in each:
            zones.setdefault(servers, []).append(zone)
        return tuple(cls(tuple(names), servers) for servers, names in zones.items())


@dataclass(frozen=True, slots=True)
class Passed:
    """The answer is yes. `seen` says on what grounds; warnings do not change that.

    Attributes:
        by: of a proof of ownership who vouched: maintainers of the route object, or the name
            servers to which registries delegate the zones themselves, in every place that
            agrees; none where one of these is not known, or does not tell; not kept.
        shown_by: of a token in reverse DNS who showed it, here; none where an older version kept
            the answer.
    """

    seen: str
    warnings: tuple[str, ...] = ()
    by: frozenset[str] = field(default=frozenset(), compare=False)
    shown_by: tuple[ShownBy, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer is no: why, what was seen, and what to do about it."""

    reason: Reason
    seen: str
    fix: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """There is no answer, and that says nothing about the prefix.

    Attributes:
        fix: what to do about it; never empty: without one, what is always true of the fault.
    """

    fault: Fault
    seen: str
    fix: str = ""

    def __post_init__(self) -> None:
        """Give it its fault's fix, also to what was stored before there were any."""
        if not self.fix.strip():
            object.__setattr__(self, "fix", _FIXES[self.fault])


_FIXES = {
    Fault.TIMEOUT: "The party that was asked did not answer in time: check that it can be reached "
    "from the Internet, or wait until it answers again.",
    Fault.UNREACHABLE: "The party that was asked cannot be reached: check its address, its port "
    "and its firewall, or wait until it is back.",
    Fault.TRUNCATED: "The answer ended too early: check the server, or wait until it is well.",
    Fault.TOO_LARGE: "The answer is larger than any check needs: remove what is not needed there.",
    Fault.GARBAGE: "The answer cannot be read: check what runs at that address and port.",
    Fault.REFUSED: "The server declines to answer the operator: allow its questions, or wait.",
    Fault.SERVER_FAILURE: "The server that was asked reports a failure of its own: check that the "
    "name servers behind it answer, or wait until it is well.",
    Fault.LAME: "Let every name server that the parent zone names serve the zone, or have it "
    "removed there.",
    Fault.OUT_OF_BUDGET: "No more may be asked for now: wait.",
    Fault.STALE: "The operator's data is too old to judge by: wait until it is loaded again, or "
    "tell the operator.",
    Fault.NO_DATA: "The operator has no data to judge by yet: wait until it is loaded, or tell "
    "the operator.",
    Fault.EXPIRED_ROA: "Renew the ROA at the registry, or wait until newer ROA data is loaded.",
    Fault.UNKNOWN_REGISTRY: "The operator must add the registry to the settings, or waive irr for "
    "this prefix: tell the operator.",
    Fault.SOURCES_DISAGREE: "The operator can override it: ask the operator to name the registry "
    "that is responsible, or wait until the statistics agree.",
    Fault.NOT_ASKED: "Another check must be answered first: see what it says.",
}


Outcome: TypeAlias = Passed | Failed | Unanswered


@dataclass(frozen=True, slots=True)
class Finding:
    """How one check ended, and on what evidence."""

    check: Check
    outcome: Outcome
    at: datetime
    exhibits: tuple[RawAnswer, ...] = field(default=(), repr=False)


def recent(passed_at: datetime | None, now: datetime) -> bool:
    """Whether a passed answer is young enough to count towards approval.

    One of the future is not: the clock was moved back since, and its age is not known.
    """
    return passed_at is not None and abs(now - passed_at) <= WINDOW
