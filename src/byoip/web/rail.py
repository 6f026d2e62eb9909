"""The rail of a prefix, Prove > Approve > Bind > Announce: how far it is, and where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from byoip.domain.bindings.service_binding import Provisioning
from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.lifecycle import Approver, Standing
from byoip.store.claims.views import ClaimView

_UNASKED: Final = frozenset({CheckState.PENDING, CheckState.VALID})


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the rail.

    Attributes:
        tone: `good` is done, `wait` is under way or next, `bad` stands in the way.
        now: where the prefix is: at the first thing in its way, else at the first not done.
    """

    name: str
    said: str
    tone: str
    now: bool = False


_Said: TypeAlias = tuple[str, str]


def rail_of(view: ClaimView, now: datetime, *, disputed: bool) -> Sequence[Step]:
    """The four steps as they are now; the customer's own next one is the one that is current."""
    said = (_proven(view, now), _approved(view, disputed=disputed), _bound(view), _announced(view))
    tones = [tone for _, tone in said]
    undone = [place for place, tone in enumerate(tones) if tone != "good"]
    current = tones.index("bad") if "bad" in tones else undone[0] if undone else None
    return [
        Step(
            name,
            text,
            "wait" if tone == "plain" and place == current else tone,
            place == current,
        )
        for place, (name, (text, tone)) in enumerate(
            zip(("Prove", "Approve", "Bind", "Announce"), said, strict=True)
        )
    ]


def _proven(view: ClaimView, now: datetime) -> _Said:
    claim, run, token = view.claim, view.run, view.token
    if claim.approved:
        ends = claim.proof.ends_at
        by_word = claim.approved_by is Approver.OPERATOR
        return _first(
            (ends is not None and ends <= now, "the proof has ended: prove it anew", "bad"),
            (bool(claim.frozen_for), "no longer as it was proven", "bad"),
            (by_word, "on the operator's word", "good"),
            (True, "proven", "good"),
        )
    checks = (claim.irr, claim.rpki, claim.ownership)
    return _first(
        (run is not None and run.out(now), "being checked", "wait"),
        (claim.standing is Standing.CONTESTED, "proven", "good"),
        (token is not None and token.expired(now), "the token has expired: make a new one", "bad"),
        (any(one.state not in _UNASKED for one in checks), "a check said no: see below", "bad"),
        (True, "publish, then check", "wait"),
    )


def _approved(view: ClaimView, *, disputed: bool) -> _Said:
    claim = view.claim
    contested = claim.standing is Standing.CONTESTED
    return _first(
        (disputed, "in dispute: the operator decides", "bad"),
        (claim.suspended, "suspended by the operator", "bad"),
        (contested and claim.approved, "contested by another account", "bad"),
        (contested, "contested: the operator decides", "bad"),
        (bool(claim.frozen_for), "approved, and frozen: nothing new", "bad"),
        (claim.approved, "approved", "good"),
        (claim.revoked_at is not None, "the operator took it back", "plain"),
        (True, "follows by itself", "plain"),
    )


def _bound(view: ClaimView) -> _Said:
    if view.default_binding is Provisioning.ACTIVE:
        return "bound, active", "good"
    if view.default_binding is not None:
        return "bound, on its way to edges", "wait"
    if view.still_bound:
        return "bound still, for a part", "wait"
    if view.claim.offboarding:
        return "bindings have ended", "plain"
    return "to a service", "plain"


def _announced(view: ClaimView) -> _Said:
    route = view.route
    locked = ", locked by the operator" if route is not None and route.locked else ""
    asked = route is not None and route.advertised
    if view.claim.offboarding:
        if asked or view.held:
            return f"on its way out{locked}", "bad"
        return "withdrawn, on its way out", "bad"
    if asked and view.held:
        return f"speakers hold it{locked}", "good"
    if asked:
        return f"asked for{locked}", "wait"
    if view.held:
        return f"going down{locked}", "wait"
    return (f"withdrawn{locked}" if locked else "to the Internet"), "plain"


def _first(*cases: tuple[bool, str, str]) -> _Said:
    """What is said of the first case that is so."""
    return next((said, tone) for so, said, tone in cases if so)
