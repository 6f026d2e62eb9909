"""Customers' own AS numbers on the wire, and the members of the operator's AS-SET."""

from typing import Any, Final, Literal

from pydantic import Field

from byoip.api.border.envelope import AsnIn, Id, SecretText, Strict, Text, Time, Wire, example
from byoip.domain.asns.disputed import OwnAsnDispute
from byoip.domain.asns.own_asn import OwnAsn as Kept
from byoip.domain.asns.own_asn import ProvenBy
from byoip.domain.checks.evidence import CheckState
from byoip.domain.checks.registries.remedies import remarks_line, token_line
from byoip.domain.watch.dispute import Side
from byoip.store.asns.views import Member

DISPUTE_EXAMPLE: dict[str, Any] = {
    "state": "open",
    "side": "claimant",
    "opened_at": "2026-11-15T09:30:00Z",
    "decide_after": "2026-11-29T09:30:00Z",
    "means": "You have proven this number, and another account had done so before. It keeps the "
    "number until an operator decides, and has 14 days to answer.",
}
_EXAMPLE: dict[str, Any] = {
    "id": "7c1f0a5d2b9e4836a0d1c2e3f4051627",
    "account_id": "258def64c72dae45f3e4c8516e2111f2",
    "asn": 3320,
    "asn_ownership_validation_state": "pending",
    "asn_ownership_validation_token": "9d13e0c1f3a9b5de0a65a2b1a7cbb04f",
    "token_expires_at": "2026-11-09T09:30:00Z",
    "publish": "remarks:        byoip-validation: 9d13e0c1f3a9b5de0a65a2b1a7cbb04f",
    "registry": None,
    "proven_at": None,
    "proven_by": None,
    "evidence": None,
    "seen": "No line of descr or remarks starts with byoip-validation:",
    "fix": "Add this line to the aut-num object of AS3320 in RIPE (whois.ripe.net).",
    "doubt": "",
    "warnings": [],
    "dispute": None,
    "created_at": "2026-11-02T09:30:00Z",
    "modified_at": "2026-11-02T09:31:07Z",
}


class AsnDispute(Wire):
    """What another account's proof of the same AS number has led to."""

    model_config = example(**DISPUTE_EXAMPLE)

    state: Literal["open", "holder", "claimant", "gone"] = Field(
        description="open: an operator decides. holder, claimant: for whom it was decided. gone: "
        "one of the two proofs has gone."
    )
    side: Side = Field(description="holder: this account has proven it first.")
    opened_at: Time
    decide_after: Time = Field(description="Until then the holder may answer.")
    means: str = Field(description="What it means to this account, in a sentence.")


class NewOwnAsn(Strict):
    """An AS number to prove."""

    model_config = example(asn=3320)

    asn: AsnIn


class OwnAsn(Wire):
    """An AS number that prefixes of the account may have as their origin, once it is proven."""

    model_config = example(**_EXAMPLE)

    id: Id
    account_id: Id
    asn: int
    asn_ownership_validation_state: CheckState = Field(
        description="pending, valid, missing or invalid. invalid as well once the token has "
        "expired, as `seen` says then."
    )
    asn_ownership_validation_token: SecretText = Field(
        description="Of this account and this number; no prefix's token proves it."
    )
    token_expires_at: Time
    publish: SecretText = Field(
        description="A line for the aut-num object at the registry that has given the number."
    )
    registry: Text | None = Field(description="That registry, once statistics have named it.")
    proven_at: Time | None
    proven_by: ProvenBy | None = Field(
        description="token: by its aut-num object. holder: it is registered to the holder of a "
        "prefix that the account has proven by its route object. operator: on the operator's word."
    )
    evidence: Text | None = Field(description="What was seen, or the operator's reason.")
    seen: str = Field(description="What the last attempt saw that failed.")
    fix: str = Field(description="What to do about it, with text to paste.")
    doubt: str = Field(description="Why the last attempt had no answer, which changes no state.")
    warnings: list[str]
    dispute: AsnDispute | None = Field(
        description="The newest about this number; null: no other account has proven it."
    )
    created_at: Time
    modified_at: Time


class AsSetMember(Wire):
    """A number that belongs in the operator's AS-SET, or upstreams filter what it announces."""

    model_config = example(asn=3320, prefixes=["198.18.0.0/23"])

    asn: int
    prefixes: list[str] = Field(
        description="Approved prefixes that have it as their origin, and others of which a route "
        "from it is up still; each needs a route object."
    )


class AsSet(Wire):
    """What to add to the operator's AS-SET."""

    model_config = example(
        members=[{"asn": 3320, "prefixes": ["198.18.0.0/23"]}],
        text="members:        AS3320\n",
    )

    members: list[AsSetMember]
    text: str = Field(description="Lines to paste into the AS-SET object (RFC 2622, section 5.1).")


# v4 clients know four states of a number; ours of all checks are six.
_KNOWN: Final = {
    CheckState.MISMATCH_ASN: CheckState.INVALID,
    CheckState.EXPIRED: CheckState.INVALID,
}


def known_state(state: CheckState) -> CheckState:
    """A number's state as v4 clients know it: pending, valid, missing or invalid."""
    return _KNOWN.get(state, state)


def own_asn_of(own: Kept, label: str, warnings: list[str]) -> OwnAsn:
    """A number as the wire shows it."""
    return OwnAsn.showing(
        own,
        asn=own.asn.number,
        asn_ownership_validation_state=known_state(own.state),
        asn_ownership_validation_token=own.token,
        publish=remarks_line(token_line(label, own.token)),
        evidence=own.evidence or None,
        warnings=warnings,
        dispute=own.dispute and _dispute_of(own.dispute),
    )


def _dispute_of(one: OwnAsnDispute) -> AsnDispute:
    return AsnDispute.showing(one, decide_after=one.decide_from)


def as_set_of(members: list[Member]) -> AsSet:
    """The members as the wire shows them."""
    shown = [AsSetMember(asn=one.asn.number, prefixes=list(one.cidrs)) for one in members]
    text = "".join(f"{'members:':<16}{one.asn}\n" for one in members)
    return AsSet(members=shown, text=text)
