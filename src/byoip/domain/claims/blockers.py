"""What still stands between a prefix and the Internet, in the order to fix it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from byoip.domain.asn import Asn
from byoip.domain.bindings.service_binding import PrefixNotApproved
from byoip.domain.checks.evidence import CheckState, Reason, recent
from byoip.domain.checks.registries.remedies import (
    others_first,
    roa_to_publish,
    steps_to_route_object,
    token_line,
)
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.reverse_zone import reverse_zones, txt_lines
from byoip.domain.checks.validation_run import ValidationRun
from byoip.domain.claims.claim import CheckRecord, Claim
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.routes.announceable import Announceable
from byoip.domain.routes.leaving import Leaving


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing to fix. `name` is stable; `message` says how, with text to paste."""

    name: str
    message: str


# What the statistics say of the space itself, before any check is asked.
_NO_ONE_HOLDER = frozenset({Reason.NOT_ALLOCATED, Reason.SPANS_REGISTRIES})
_ANOTHER = (
    "Ask for validation (POST .../validate): that issues another of the same method, which you "
    "publish before you ask again. To prove it another way, issue one (POST .../validation_tokens)."
)


@dataclass(frozen=True, slots=True)
class Advice:
    """What the texts need to know of the operator.

    Attributes:
        label: where the token stands: `<label>: <token>` in RPSL, `<label>.<zone>` in DNS.
        registries: the registries by key.
        origins: the ASNs that the operator announces from; None: any.
        behind: the one of them that stands before an origin of a customer's own.
        without_aspa: whether such a one is announced where it has no ASPA.
        speaks: whether any BGP speaker is configured.
    """

    label: str
    registries: Mapping[str, Registry]
    origins: Collection[Asn] | None = None
    behind: Asn | None = None
    without_aspa: bool = True
    speaks: bool = False


def blockers(
    asked: Announceable,
    token: OwnershipToken | None,
    *,
    advice: Advice,
    now: datetime,
    leaving: Leaving | None = None,
    run: ValidationRun | None = None,
) -> tuple[Blocker, ...]:
    """List them; none are left exactly when the prefix is advertisable.

    Each obstacle of announcing the prefix is one, under the name of its refusal; what is missing
    for the approval stands before that of the approval itself. What an offboarding waits for comes
    first.
    """
    waits = leaving and leaving.waits()
    first = (Blocker("offboarding_waits", waits),) if waits else ()
    return (*first, *_blockers(asked, token, advice, now, run))


def _blockers(
    asked: Announceable,
    token: OwnershipToken | None,
    advice: Advice,
    now: datetime,
    run: ValidationRun | None,
) -> Iterator[Blocker]:
    for refusal in asked.obstacles(now):
        if isinstance(refusal, PrefixNotApproved):
            yield from _unproven(asked.claim, token, advice, now)
            yield _proceed(asked.claim, now, run)
        else:
            yield Blocker(refusal.name, refusal.message)


def _no_token(token: OwnershipToken | None) -> Blocker:
    if token is None:
        why = "No token is in force: the last one was revoked."
    elif token.consumed_at:
        why = f"The token served the approval of {_moment(token.consumed_at)}, and serves no other."
    else:
        why = f"The token expired at {_moment(token.expires_at)}."
        return Blocker("ownership_token_needed", f"{why} {_ANOTHER}")
    return Blocker("ownership_token_needed", f"{why} Issue one (POST .../validation_tokens).")


def _moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _unproven(
    claim: Claim, token: OwnershipToken | None, advice: Advice, now: datetime
) -> Iterator[Blocker]:
    if claim.irr.reason in _NO_ONE_HOLDER and not _settled(claim.irr, now):
        yield Blocker("space_not_held", f"{claim.irr.seen} {claim.irr.fix}".strip())
        return  # nothing that its customer could publish would help
    if token is None or not token.usable(now):  # approval consumes one, whatever is proven
        yield _no_token(token)
    elif not _settled(claim.ownership, now):
        yield _check("ownership", claim.ownership, _publish(claim, token, advice))
    others = _others_first(claim) if claim.other_origins or not _others_asked(claim) else None
    for name, check in (("irr", claim.irr), ("rpki", claim.rpki)):
        if _settled(check, now):
            continue
        if others and (name == "rpki" or _from_roas(claim, advice)):
            yield others
            others = None
        yield _check(
            name, check, _roa(claim) if name == "rpki" else _route_object(claim, token, advice)
        )


def _settled(check: CheckRecord, now: datetime) -> bool:
    return check.state is CheckState.VALID and recent(check.passed_at, now)


def _check(name: str, check: CheckRecord, first_steps: str) -> Blocker:
    doubt = f" The last attempt could not be answered: {check.doubt}" if check.doubt else ""
    if check.state is CheckState.PENDING:
        return Blocker(f"{name}_pending", first_steps + doubt)
    if check.state is CheckState.VALID:
        again = "It passed, but not within the last hour, as approval needs: validate again."
        return Blocker(f"{name}_outdated", again)
    return Blocker(f"{name}_{check.state.value}", f"{check.seen} {check.fix}{doubt}".strip())


def _publish(claim: Claim, token: OwnershipToken, advice: Advice) -> str:
    ways = []
    if token.serves(TokenMethod.RDNS):
        lines = "\n".join(txt_lines(reverse_zones(claim.prefix), advice.label, token.value))
        ways.append(f"publish in reverse DNS:\n\n{lines}\n\n")
    if token.serves(TokenMethod.IRR) and _offered(claim, advice):
        line = token_line(advice.label, token.value)
        ways.append(f"add to the route object, as a line of remarks: {line}")
    if not ways:
        return f"{claim.registry} has no route objects: issue a token for rdns."
    return f"Prove ownership: {'or '.join(ways)}".rstrip()


def _offered(claim: Claim, advice: Advice) -> bool:
    registry = advice.registries.get(claim.registry or "")
    return registry is None or registry.offers_route_objects


def _from_roas(claim: Claim, advice: Advice) -> bool:
    registry = advice.registries.get(claim.registry or "")
    return registry is not None and registry.objects_from_roas


def _route_object(claim: Claim, token: OwnershipToken | None, advice: Advice) -> str:
    registry = advice.registries.get(claim.registry or "")
    if registry is None:
        kind = "route" if claim.prefix.family == 4 else "route6"  # noqa: PLR2004 - family
        return (
            f"Create a {kind} object for {claim.prefix} with origin {claim.asn} in the routing "
            "registry run by the RIR of the space."
        )
    serves = token is not None and token.serves(TokenMethod.IRR)
    line = token_line(advice.label, token.value) if token and serves else None
    return steps_to_route_object(claim.prefix, claim.asn, registry, line)


def _others_asked(claim: Claim) -> bool:
    """Whether the registry has told which other origins it knows for the space."""
    return claim.irr.state is not CheckState.PENDING


def _others_first(claim: Claim) -> Blocker:
    if not claim.other_origins:
        return Blocker(
            "other_origins_unknown",
            "The registry has not been asked yet which other origins it knows for this space: if "
            "there are any, ask for validation or a pre-flight first, and publish ROAs for those "
            f"before the one for {claim.asn}.",
        )
    return Blocker("other_origins_known", others_first(claim.asn, claim.other_origins))


def _roa(claim: Claim) -> str:
    return roa_to_publish(claim.prefix, claim.asn)


def _proceed(claim: Claim, now: datetime, run: ValidationRun | None) -> Blocker:
    token_note = (
        " Leave the token in place until then."
        if _settled(claim.ownership, now) or claim.ownership.state is CheckState.PENDING
        else ""
    )
    if run and run.out(now):
        ask = f"A validation is under way: read it (GET .../validations/{run.id.hex}?wait=30)."
    elif run:
        ask = (
            f"Validation is tried again by itself at {_moment(run.due_at)}; to have it now, ask "
            "for it: POST .../validate."
        )
    else:
        ask = "Then ask for validation: POST .../validate."
    return Blocker(PrefixNotApproved.name, f"{ask}{token_note}")
