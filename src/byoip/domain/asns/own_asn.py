"""An AS number that a customer wants as the origin of its prefixes: its proof, and who may have it.

The operator's own AS stands before it in the path. A proof of the number serves one account; it is
asked for beside the proof of each prefix, and never instead of it.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.asns.disputed import OwnAsnDispute
from byoip.domain.checks.evidence import CheckState, Failed, Outcome, Passed, Unanswered
from byoip.domain.customer_text import CustomerText
from byoip.domain.errors import Refusal

OWN_ASNS_PER_ACCOUNT: Final = 100
# RFC 5398: they stand for customers' numbers in the sandbox, where the operator's is one, too.
DOCUMENTATION: Final = frozenset(map(Asn, (*range(64496, 64512), *range(65536, 65552))))


class OwnAsnNotFound(Refusal):
    """The account has no such AS number."""

    name = "own_asn_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such AS number in this account.")


class OwnAsnExists(Refusal):
    """The account has the number already."""

    name = "own_asn_exists"

    def __init__(self, asn: Asn) -> None:
        super().__init__(f"This account has {asn} already: use that one.", pointer="/asn")


class TooManyOwnAsns(Refusal):
    """The account has as many as it may have."""

    name = "own_asn_quota_reached"

    def __init__(self) -> None:
        super().__init__(
            f"This account has {OWN_ASNS_PER_ACCOUNT} AS numbers, its quota: remove one."
        )


class OwnAsnsNotOffered(Refusal):
    """It is not clear in which AS the operator's speakers are, so none can stand behind it."""

    name = "own_asns_not_offered"

    def __init__(self) -> None:
        super().__init__(
            "This operator announces with no customer's AS number: it has not said which of its "
            "own stands before it (announcing_asn). Nothing was changed.",
            pointer="/asn",
        )


class OwnAsnRefused(Refusal):
    """No customer can have this number, or none whose routes could come through this operator."""

    name = "own_asn_refused"

    def __init__(self, asn: Asn, why: str) -> None:
        super().__init__(f"{asn} cannot be a customer's origin here: {why}.", pointer="/asn")


class AsnProvenByAnother(Refusal):
    """Another account has proven the number."""

    name = "asn_proven_by_another_account"

    def __init__(self, asn: Asn) -> None:
        super().__init__(
            f"Another account has proven {asn}, and keeps it unless an operator decides otherwise. "
            "`dispute` of the number says how that stands, where one is open between the two."
        )


class OwnAsnInUse(Refusal):
    """A prefix of the account has it as its origin."""

    name = "own_asn_in_use"

    def __init__(self, cidr: str) -> None:
        super().__init__(f"It cannot be removed: {cidr} has it as its origin. Remove that first.")


class OwnAsnTokenSpent(Refusal):
    """The number is proven: no token is needed."""

    name = "own_asn_proven_already"

    def __init__(self) -> None:
        super().__init__("This AS number is proven already: it needs no token.")


class OwnAsnNotProven(Refusal):
    """There is no proof that could be taken back."""

    name = "own_asn_not_proven"

    def __init__(self) -> None:
        super().__init__("This AS number is not proven: there is nothing to take back.")


class ProvenBy(StrEnum):
    """What an account's right to a number rests on."""

    TOKEN = "token"  # noqa: S105 - the way, not a secret
    HOLDER = "holder"  # statistics name one holder for it and for a prefix that was proven
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class OwnAsnRules:
    """Which numbers the operator takes.

    Attributes:
        own: the operator's.
        operator: the one of them that stands before a customer's in the path; None: none does.
        upstreams: those that the operator buys transit from.
        neighbours: others next to it, its transit customers among them.
        reserved: those of no network that count as a network's all the same (the sandbox's).
    """

    own: Collection[Asn]
    operator: Asn | None = None
    upstreams: Collection[Asn] = ()
    neighbours: Collection[Asn] = ()
    reserved: Collection[Asn] = ()

    def admit(self, asn: Asn) -> None:
        """Refuse a number that no customer of this operator can announce from.

        A network drops a path with its own AS in it (RFC 4271, section 9.1.2): neither the operator
        nor its upstreams would carry a route of theirs.

        Raises:
            OwnAsnsNotOffered: none can.
            OwnAsnRefused: this one cannot.
        """
        if self.operator is None:
            raise OwnAsnsNotOffered
        if asn in self.own:
            raise OwnAsnRefused(asn, "it is the operator's own; a prefix may name it without proof")
        if asn.reserved and asn not in self.reserved:
            raise OwnAsnRefused(asn, "it is reserved, and no network on the Internet may use it")
        if asn in self.upstreams:
            why = "it is an upstream of this operator, which would drop the route as a loop"
            raise OwnAsnRefused(asn, why)

    def warning(self, asn: Asn, peers: Collection[Asn]) -> str | None:
        """What a customer should know that is a neighbour of the operator's; None: it is none.

        `peers`: the ASes that speakers have sessions with. The settings name others: a network
        that buys transit from the operator is most often next to another of its routers.
        """
        if asn not in peers and asn not in self.neighbours:
            return None
        return (
            f"{asn} is a neighbour of this operator. Its own routers drop our route, for {asn} is "
            "in its path already: from there the prefix is reached by your own routes only."
        )


@dataclass(frozen=True, slots=True)
class OwnAsn:
    """An AS number in an account, and how far its proof has come.

    Attributes:
        token: to publish in its aut-num object; means this account and this number, nothing else.
        proven_at, proven_by: None until it is proven.
        registry: key of the one that is responsible for the number, once statistics named it.
        holder: the registry's opaque id of the holder as it was proven; empty without one.
        evidence: what was seen as it was proven, or the operator's reason.
        seen, fix: of the last refusal; doubt: why the last attempt had no answer.
        revoked_at: when an operator last took a proof of it back; then the token proves it, and a
            prefix of the same holder does not.
        dispute: the newest about it, open or ended.
    """

    id: UUID
    account_id: UUID
    asn: Asn
    token: str
    token_expires_at: datetime
    created_at: datetime
    modified_at: datetime
    state: CheckState = CheckState.PENDING
    proven_at: datetime | None = None
    proven_by: ProvenBy | None = None
    registry: str | None = None
    holder: str = ""
    evidence: str = ""
    seen: str = ""
    fix: str = ""
    doubt: str = ""
    revoked_at: datetime | None = None
    ended_at: datetime | None = None
    version: int = 1
    dispute: OwnAsnDispute | None = None

    @property
    def proven(self) -> bool:
        """Whether prefixes of the account may name it."""
        return self.state is CheckState.VALID

    def hear(
        self, said: Outcome, by: ProvenBy, now: datetime, *, registry: str | None, holder: str
    ) -> "OwnAsn":
        """Note what an attempt came to. What is proven stays so; no answer changes no state."""
        if self.proven:
            return self
        heard = replace(self, modified_at=now, version=self.version + 1)
        heard = replace(heard, registry=registry or self.registry)
        match said:
            case Passed(seen=seen):
                return replace(heard.with_proof(by, seen, now), holder=holder)
            case Failed(reason, seen, fix):
                return replace(heard, state=reason.state, seen=seen, fix=fix, doubt="")
            case Unanswered(seen=seen, fix=fix):
                return replace(heard, doubt=f"{seen} {fix}".strip())

    def refuse(self, seen: str, now: datetime, fix: str = "") -> "OwnAsn":
        """Note why a proof of it does not count; its state stays."""
        version = self.version + 1
        return replace(self, seen=seen, fix=fix, doubt="", modified_at=now, version=version)

    def approve(self, reason: CustomerText, now: datetime) -> "OwnAsn":
        """Take the operator's word for it."""
        moved = replace(self, modified_at=now, version=self.version + 1)
        return moved.with_proof(ProvenBy.OPERATOR, reason.value, now)

    def with_proof(self, by: ProvenBy, evidence: str, now: datetime) -> "OwnAsn":
        """Proven in this way, on this evidence."""
        return replace(
            self,
            state=CheckState.VALID,
            proven_at=now,
            proven_by=by,
            evidence=evidence,
            seen="",
            fix="",
            doubt="",
        )

    def require_proven(self) -> None:
        """Refuse to take back what is not there.

        Raises:
            OwnAsnNotProven: there is no proof.
        """
        if not self.proven:
            raise OwnAsnNotProven

    def without_proof(self, token: str, expires_at: datetime, now: datetime) -> "OwnAsn":
        """Without a proof, and by nothing but a new token from now on; what is announced stays."""
        return replace(
            self.reissue(token, expires_at, now, again=True),
            proven_at=None,
            proven_by=None,
            holder="",
            evidence="",
            revoked_at=now,
        )

    def reissue(
        self, token: str, expires_at: datetime, now: datetime, *, again: bool = False
    ) -> "OwnAsn":
        """With another token; the one before proves nothing any more.

        Raises:
            OwnAsnTokenSpent: it is proven.
        """
        if self.proven and not again:
            raise OwnAsnTokenSpent
        return replace(
            self,
            token=token,
            token_expires_at=expires_at,
            state=CheckState.PENDING,
            seen="",
            fix="",
            doubt="",
            modified_at=now,
            version=self.version + 1,
        )

    def end(self, now: datetime) -> "OwnAsn":
        """The account has it no longer; the row stays."""
        return replace(self, ended_at=now, modified_at=now, version=self.version + 1)
