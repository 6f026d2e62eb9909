"""A claim on the wire, where it is called a prefix."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from byoip.api.asns.own_asn_schemas import known_state
from byoip.api.border.envelope import (
    AsnIn,
    Id,
    IdIn,
    SecretText,
    Strict,
    Text,
    TextIn,
    Time,
    Wire,
    example,
)
from byoip.api.document.meanings import documented_at
from byoip.domain.checks.evidence import CheckState
from byoip.domain.checks.validation_run import RunState
from byoip.domain.claims.blockers import Advice
from byoip.domain.claims.closing import closes_at
from byoip.domain.claims.lifecycle import Standing
from byoip.store.claims.views import ClaimView, SpanningRoute
from byoip.store.routes.views import NEVER_APPLIED


class NewPrefix(Strict):
    """A prefix to bring."""

    model_config = example(cidr="198.18.0.0/23", asn=64500, description="Frankfurt edge")

    cidr: str = Field(description="The prefix, without host bits. Canonical text is echoed.")
    asn: AsnIn
    description: TextIn | None = Field(default=None, description="null: none.")
    delegate_loa_creation: bool | None = Field(
        default=None,
        description="Whether the operator writes a letter of agency once the prefix is approved; "
        "it takes the place of an uploaded one.",
    )
    loa_document_id: IdIn | None = Field(
        default=None, description="A letter of agency that was uploaded before."
    )


class PrefixChange(Strict):
    """What may change; what is left out, or null, stays as it is."""

    model_config = example(description="Berlin edge")

    description: TextIn | None = None
    loa_document_id: IdIn | None = Field(
        default=None, description="A letter of agency that was uploaded before."
    )


class Blocker(Wire):
    """One thing that still stands between the prefix and the Internet."""

    name: str = Field(description="Stable name.")
    message: str = Field(description="How to fix it, with text to paste.")
    documentation_url: str = Field(description="What it means; below the server's address.")


class NextStep(Wire):
    """What follows once nothing is missing."""

    name: Literal["announce", "wait_for_speakers", "no_speaker"]
    message: str = Field(description="What to do, with the request to send; or what is waited for.")


class OpenRun(Wire):
    """The validation run that is out, or waits for its time."""

    id: Id
    state: Literal[RunState.SCHEDULED, RunState.RUNNING]
    due_at: Time = Field(description="When it starts, or could start.")


EXAMPLE: dict[str, Any] = {
    "id": "2af39739cc4e3b5910c918468bb89828",
    "account_id": "258def64c72dae45f3e4c8516e2111f2",
    "cidr": "198.18.0.0/23",
    "asn": 64500,
    "description": "Frankfurt edge",
    "approved": "P",
    "irr_validation_state": "valid",
    "rpki_validation_state": "valid",
    "ownership_validation_state": "pending",
    "asn_ownership_validation_state": None,
    "ownership_validation_token": "4f0c1f3a9b5de0a65a2b1a7cbb0d9e13",
    "delegate_loa_creation": False,
    "loa_document_id": None,
    "created_at": "2026-11-02T09:30:00Z",
    "modified_at": "2026-11-02T09:31:07Z",
    "standing": "ok",
    "advertisable": False,
    "blockers": [
        {
            "name": "ownership_pending",
            "message": "Prove ownership: publish in reverse DNS: byoip-validation.0.18.198.in-addr."
            'arpa. IN TXT "4f0c1f3a9b5de0a65a2b1a7cbb0d9e13" (and 1 more zones).',
            "documentation_url": "/errors#ownership_pending",
        }
    ],
    "next": None,
    "validation": None,
    "closes_at": "2026-12-02T09:30:00Z",
    "advertised": None,
    "advertised_modified_at": None,
    "on_demand_enabled": False,
    "on_demand_locked": False,
}


class Prefix(Wire):
    """A prefix in an account, with its checks and what it still lacks."""

    model_config = example(**EXAMPLE)

    id: Id
    account_id: Id
    cidr: Text
    asn: int
    description: Text
    approved: Literal["P", "V"] = Field(description="P: pending. V: approved.")
    irr_validation_state: CheckState
    rpki_validation_state: CheckState = Field(
        description="What the newest ROA data says, once it was asked for the first time."
    )
    ownership_validation_state: CheckState
    asn_ownership_validation_state: CheckState | None = Field(
        description="Of an origin that is the account's own AS number: pending, valid, missing or "
        "invalid; null: it is the operator's."
    )
    ownership_validation_token: SecretText | None = Field(
        description="The newest token to publish; null when it was revoked."
    )
    delegate_loa_creation: bool
    loa_document_id: Id | None
    created_at: Time
    modified_at: Time
    standing: Standing
    advertisable: bool = Field(
        description="true: announcing the whole prefix is accepted now, and `blockers` is empty."
    )
    blockers: list[Blocker] = Field(
        description="What is missing, in the order to fix it; a refused announcement has the name "
        "of one of them."
    )
    next: NextStep | None = Field(
        description="What follows once `advertisable` is true; null: nothing, it is announced."
    )
    validation: OpenRun | None = Field(
        description="The run that is out or scheduled; null: none. While one that the customer "
        "asked for is out, the states of a pending prefix that it asks about read `pending`."
    )
    closes_at: Time | None = Field(
        description="When it is closed, if it is not proven before. Asking for validation in the "
        "last seven days of thirty puts that off to day 60, once. null: it is not closed by "
        "itself, as while it has bindings of an approval that was revoked."
    )
    advertised: bool | None = Field(
        deprecated=True, description="Whether a speaker holds its route; null: there is no speaker."
    )
    advertised_modified_at: Time | None = Field(deprecated=True)
    on_demand_enabled: bool = Field(deprecated=True)
    on_demand_locked: bool = Field(deprecated=True)


def prefix_of(view: ClaimView, advice: Advice, now: datetime) -> dict[str, Any]:
    """The members of a claim's `Prefix`: as a model it would take twice as long to show."""
    claim = view.claim
    route = view.route
    applied = NEVER_APPLIED if route is None else route.applied
    token, run = view.token, view.run
    states, missing = view.shown(advice, now)
    return {
        "id": claim.id,
        "account_id": claim.account_id,
        "cidr": str(claim.prefix),
        "asn": claim.asn.number,
        "description": claim.description.value,
        "approved": "V" if claim.approved else "P",
        "irr_validation_state": states["irr"],
        "rpki_validation_state": states["rpki"],
        "ownership_validation_state": states["ownership"],
        "asn_ownership_validation_state": _of_asn(view, advice),
        "ownership_validation_token": None if token is None else token.value,
        "delegate_loa_creation": claim.delegate_loa_creation,
        "loa_document_id": claim.loa_document_id,
        "created_at": _utc(claim.created_at),
        "modified_at": _utc(claim.modified_at),
        "standing": claim.standing,
        "advertisable": not missing,
        "blockers": [
            {
                "name": one.name,
                "message": one.message,
                "documentation_url": documented_at(one.name),
            }
            for one in missing
        ],
        "next": None if missing or route is None else _next(route, advice),
        "validation": run and {"id": run.id, "state": run.state, "due_at": _utc(run.due_at)},
        "closes_at": None if view.still_bound else _utc(closes_at(claim, now)),
        # Deprecated members: of the BGP prefix that spans the prefix, if there is one.
        "advertised": applied.advertised if advice.speaks else None,
        "advertised_modified_at": _utc(applied.at) if advice.speaks else None,
        "on_demand_enabled": route is not None,
        "on_demand_locked": route is not None and route.locked,
    }


def _utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.astimezone(UTC)


def _next(route: SpanningRoute, advice: Advice) -> dict[str, str] | None:
    if not route.advertised:
        where = f"PATCH .../bgp/prefixes/{'' if route.id is None else route.id.hex}"
        request = f'{where} {{"on_demand": {{"advertised": true}}}}'
        return _step("announce", f"Announce it: {request}.")
    if not advice.speaks:
        return _step(
            "no_speaker",
            "It is to be announced, and no BGP speaker is configured: tell the operator.",
        )
    if not route.applied.advertised:
        return _step(
            "wait_for_speakers",
            "It is to be announced, and no speaker has confirmed that it holds it yet: "
            "`waiting_for` of its BGP prefix says what for.",
        )
    return None


def _step(name: str, message: str) -> dict[str, str]:
    return {"name": name, "message": message}


def _of_asn(view: ClaimView, advice: Advice) -> CheckState | None:
    state = view.own.state
    if state is None:
        ours = advice.origins is None or view.claim.asn in advice.origins
        return None if ours else CheckState.MISSING
    return known_state(state)
