"""Rows to domain objects, and back."""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final, TypeAlias

import msgspec
from psycopg.types.json import Jsonb

from byoip.domain.accounts.credential import Credential, Scope
from byoip.domain.asn import Asn
from byoip.domain.bindings.service_binding import Provisioning, Service, ServiceBinding
from byoip.domain.checks.evidence import (
    CheckState,
    Reason,
)
from byoip.domain.checks.validation_run import RunResult, RunState, Trigger, ValidationRun
from byoip.domain.claims.claim import CheckRecord, Claim, OtherOrigin
from byoip.domain.claims.lifecycle import Approver, Standing, State
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.customer_text import CustomerText
from byoip.domain.prefix import Prefix
from byoip.store.bindings.tables import bindings, services
from byoip.store.checks.tables import validation_runs
from byoip.store.claims.tables import prefixes, validation_tokens
from byoip.store.claims.views import NumberedEvent

# SQLAlchemy's, or the named tuples of `lanes.py`.
AnyRow: TypeAlias = Any

TOKEN: Final = tuple(column.label(f"token_{column.name}") for column in validation_tokens.c)
_answering = services.alias("answering")
BINDING: Final = (
    *bindings.c,
    services.c.name.label("service_name"),
    services.c.default_only.label("service_default_only"),
    _answering.c.name.label("answering_name"),
    _answering.c.default_only.label("answering_default_only"),
)
BINDING_SOURCE: Final = bindings.join(services, bindings.c.service_id == services.c.id).outerjoin(
    _answering, bindings.c.answering_service_id == _answering.c.id
)
# The columns that we write; the database computes the rest.
CLAIM_WRITTEN: Final = tuple(one.name for one in prefixes.c if one.computed is None)
CLAIM_FIXED: Final = frozenset({"id", "account_id", "cidr", "asn", "created_at"})
TOKEN_WRITTEN: Final = tuple(one.name for one in validation_tokens.c)
BINDING_WRITTEN: Final = tuple(
    one.name
    for one in bindings.c
    if one.computed is None and one.name not in {"removed_at", "change", "settled"}
)
RUN_WRITTEN: Final = tuple(one.name for one in validation_runs.c if one.name != "lease_until")

_CHECKS: Final = ("irr", "rpki", "ownership")
_NOTHING: Final[Mapping[str, str]] = {}


def claim_from(row: AnyRow) -> Claim:
    """A row of prefixes."""
    findings = row.findings
    return Claim(
        id=row.id,
        account_id=row.account_id,
        prefix=Prefix(row.cidr),
        asn=Asn(row.asn),
        description=CustomerText(row.description),
        delegate_loa_creation=row.delegate_loa_creation,
        created_at=row.created_at,
        modified_at=row.modified_at,
        loa_document_id=row.loa_document_id,
        state=State(row.state),
        standing=Standing(row.standing),
        irr=_check(row.irr_state, row.irr_passed_at, findings.get("irr", _NOTHING)),
        rpki=_check(row.rpki_state, row.rpki_passed_at, findings.get("rpki", _NOTHING)),
        ownership=_check(
            row.ownership_state, row.ownership_passed_at, findings.get("ownership", _NOTHING)
        ),
        registry=row.registry,
        irr_waived=row.irr_waived,
        other_origins=tuple(_other_origin(one) for one in row.other_origins),
        approved_at=row.approved_at,
        approved_by=None if row.approved_by is None else Approver(row.approved_by),
        revoked_at=row.revoked_at,
        closed_at=row.closed_at,
        version=row.version,
    )


def claim_values(claim: Claim) -> dict[str, Any]:
    """What a row of prefixes holds of a claim."""
    checks = {name: getattr(claim, name) for name in _CHECKS}
    return {
        "id": claim.id,
        "account_id": claim.account_id,
        "cidr": claim.prefix.network,
        "asn": claim.asn.number,
        "description": claim.description.value,
        "delegate_loa_creation": claim.delegate_loa_creation,
        "created_at": claim.created_at,
        "modified_at": claim.modified_at,
        "loa_document_id": claim.loa_document_id,
        "state": claim.state,
        "standing": claim.standing,
        **{f"{name}_state": check.state for name, check in checks.items()},
        **{f"{name}_passed_at": check.passed_at for name, check in checks.items()},
        "findings": json({name: found for name, one in checks.items() if (found := _found(one))}),
        "registry": claim.registry,
        "irr_waived": claim.irr_waived,
        "other_origins": json(
            [
                {"asn": one.asn.number, "prefix": str(one.prefix), "where": one.where}
                for one in claim.other_origins
            ]
        ),
        "approved_at": claim.approved_at,
        "approved_by": claim.approved_by,
        "revoked_at": claim.revoked_at,
        "closed_at": claim.closed_at,
        "version": claim.version,
    }


def token_from(row: AnyRow) -> OwnershipToken:
    """Columns TOKEN; account, prefix and ASN are its claim's."""
    return OwnershipToken(
        id=row.token_id,
        claim_id=row.token_prefix_id,
        account_id=row.account_id,
        prefix=Prefix(row.cidr),
        asn=Asn(row.asn),
        method=TokenMethod(row.token_method),
        value=row.token_value,
        created_at=row.token_created_at,
        expires_at=row.token_expires_at,
        consumed_at=row.token_consumed_at,
        revoked_at=row.token_revoked_at,
    )


def token_values(token: OwnershipToken) -> dict[str, Any]:
    """What a row of validation_tokens holds of a token."""
    return {
        "id": token.id,
        "prefix_id": token.claim_id,
        "method": token.method,
        "value": token.value,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "consumed_at": token.consumed_at,
        "revoked_at": token.revoked_at,
    }


def binding_from(row: AnyRow) -> ServiceBinding:
    """Columns BINDING, of BINDING_SOURCE."""
    state, meanwhile = Provisioning(row.state), None
    if state is not Provisioning.ACTIVE and row.answering_service_id is not None:
        meanwhile = Service(
            row.answering_service_id, row.answering_name, row.answering_default_only
        )
    return ServiceBinding(
        id=row.id,
        claim_id=row.prefix_id,
        prefix=Prefix(row.prefix_cidr),
        cidr=Prefix(row.cidr),
        service=Service(row.service_id, row.service_name, row.service_default_only),
        created_at=row.created_at,
        state=state,
        meanwhile=meanwhile,
    )


def binding_values(binding: ServiceBinding) -> dict[str, Any]:
    """What a row of bindings holds of a binding."""
    return {
        "id": binding.id,
        "prefix_id": binding.claim_id,
        "prefix_cidr": binding.prefix.network,
        "cidr": binding.cidr.network,
        "service_id": binding.service.id,
        "state": binding.state,
        "answering_service_id": binding.answered_by.id if binding.answered_by else None,
        "created_at": binding.created_at,
    }


def run_values(run: ValidationRun) -> dict[str, Any]:
    """What a row of validation_runs holds of a run."""
    return {
        "id": run.id,
        "prefix_id": run.claim_id,
        "trigger": run.trigger,
        "state": run.state,
        "result": run.result,
        "created_at": run.created_at,
        "due_at": run.due_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "attempt": run.attempt,
        "retries": run.retries,
    }


def run_from(row: AnyRow) -> ValidationRun:
    """A row of validation_runs."""
    return ValidationRun(
        id=row.id,
        claim_id=row.prefix_id,
        trigger=Trigger(row.trigger),
        created_at=row.created_at,
        due_at=row.due_at,
        state=RunState(row.state),
        attempt=row.attempt,
        retries=row.retries,
        started_at=row.started_at,
        finished_at=row.finished_at,
        result=None if row.result is None else RunResult(row.result),
    )


def credential_from(row: AnyRow) -> Credential:
    """A row of credentials."""
    return Credential(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def event_from(row: AnyRow) -> NumberedEvent:
    """A row of events."""
    return NumberedEvent(
        number=row.number,
        kind=row.kind,
        actor=row.actor,
        request_id=row.request_id,
        at=row.at,
        before=row.before,
        after=row.after,
    )


def json(value: object) -> Jsonb:
    """A value for a jsonb column."""
    return Jsonb(value, dumps=as_json)


def as_json(value: object) -> bytes:
    """JSON as Postgres takes it: without U+0000, the one character that jsonb refuses."""
    return msgspec.json.encode(value).replace(b"\\u0000", b"\\ufffd")


def storable(text: str) -> str:
    """Text with what Postgres refuses (U+0000, lone surrogates) replaced.

    Customers' text is refused for that at the border; what outside parties answer must not be
    able to keep a run from being recorded.
    """
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _check(state: str, passed_at: datetime | None, found: Mapping[str, str]) -> CheckRecord:
    reason = found.get("reason")
    return CheckRecord(
        state=CheckState(state),
        passed_at=passed_at,
        reason=None if reason is None else Reason(reason),
        seen=found.get("seen", ""),
        fix=found.get("fix", ""),
        doubt=found.get("doubt", ""),
    )


def _found(check: CheckRecord) -> dict[str, str]:
    texts = {
        "reason": check.reason or "",
        "seen": check.seen,
        "fix": check.fix,
        "doubt": check.doubt,
    }
    return {name: storable(text) for name, text in texts.items() if text}


def _other_origin(kept: Mapping[str, Any]) -> OtherOrigin:
    return OtherOrigin(Asn(kept["asn"]), Prefix(ip_network(kept["prefix"])), kept["where"])
