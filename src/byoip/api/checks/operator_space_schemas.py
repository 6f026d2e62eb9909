"""What operators send and are shown of reservations, registries and snapshots."""

from typing import Any

from pydantic import ConfigDict, Field

from byoip.api.accounts.operator_schemas import Reasoned, example
from byoip.api.border.envelope import Id, IdIn, Time, Wire
from byoip.domain.accounts import operating as domain
from byoip.domain.checks.vrp_snapshot import Gate
from byoip.store.accounts.operator_views import RoaSnapshotView
from byoip.store.checks.snapshots import Acceptance, RegistrationStatus

_ACCOUNT_ID = "8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7"
_OVERRIDE: dict[str, Any] = {
    "id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "cidr": "198.18.0.0/23",
    "registry": "ripencc",
    "reason": "Transferred on 2026-10-30.",
    "created_at": "2026-11-02T09:30:00Z",
}
_RESERVATION: dict[str, Any] = {
    "id": "1a2b3c4d5e6f708192a3b4c5d6e7f809",
    "cidr": "198.18.0.0/23",
    "account_id": _ACCOUNT_ID,
    "reason": "Served on paper since 2019, contract 4711.",
    "created_at": "2026-11-02T09:30:00Z",
}


class NewOverride(Reasoned):
    """Which registry is responsible for a range."""

    model_config = example(
        cidr=_OVERRIDE["cidr"], registry=_OVERRIDE["registry"], reason=_OVERRIDE["reason"]
    )

    cidr: str
    registry: str = Field(description="Its key in the settings, or that of an RIR.")


class RegistryOverride(Wire):
    """The operator's word on a range; those of the settings are not listed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OVERRIDE]})

    id: Id
    cidr: str
    registry: str
    reason: str
    created_at: Time


class NewReservation(Reasoned):
    """Space to keep for somebody."""

    model_config = example(
        cidr=_RESERVATION["cidr"], account_id=_ACCOUNT_ID, reason=_RESERVATION["reason"]
    )

    cidr: str
    account_id: IdIn | None = Field(
        default=None, description="Who may claim it; null: nobody, until it is released."
    )


class Reservation(Wire):
    """Space that only one account may claim, or nobody."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RESERVATION]})

    id: Id
    cidr: str
    account_id: Id | None
    reason: str
    created_at: Time


class SnapshotObjection(Wire):
    """Why a snapshot was refused."""

    model_config = example(gate="anchor", detail="ripe has 12 entries, 40000 before")

    gate: Gate
    detail: str


class SnapshotAcceptance(Wire):
    """An operator's word that it is right all the same."""

    model_config = example(
        by="operator:89abcdef0123456789abcdef01234567",
        reason="RIPE confirmed the mass revocation.",
        at="2026-11-02T09:31:07Z",
    )

    by: str
    reason: str
    at: Time


class RoaSnapshot(Wire):
    """An attempt to take ROA data."""

    model_config = example(
        number=4711,
        in_use=True,
        accepted=True,
        attempted_at="2026-11-02T09:30:00Z",
        built_at="2026-11-02T09:20:00Z",
        source="rpki-client 9.6",
        counts={"ripe": 40000},
        objections=[],
        kept=True,
        acceptance=None,
    )

    number: int
    in_use: bool
    accepted: bool
    attempted_at: Time
    built_at: Time | None = Field(description="null: nothing could be loaded.")
    source: str | None
    counts: dict[str, int] = Field(description="Entries of each trust anchor.")
    objections: list[SnapshotObjection] = Field(description="Why it was refused at first.")
    kept: bool = Field(description="Whether its entries are still there, so that it may be used.")
    acceptance: SnapshotAcceptance | None


class RegistrationSnapshot(Wire):
    """One registry's statistics."""

    model_config = example(
        registry="ripencc",
        serial="20261102",
        loaded_at="2026-11-02T03:00:00Z",
        ranges=140000,
        fault=None,
        refused=None,
        acceptance=None,
    )

    registry: str
    serial: str | None = Field(description="Of the file in use; null before the first.")
    loaded_at: Time | None
    ranges: int
    fault: str | None = Field(description="Why the newest attempt failed.")
    refused: int | None = Field(
        description="Ranges of the newest file, where it was refused for having too few."
    )
    acceptance: SnapshotAcceptance | None = Field(
        description="By it the next file is measured; what was refused is not kept."
    )


def override_of(override: domain.RegistryOverride) -> RegistryOverride:
    """An override as the wire shows it."""
    return RegistryOverride(
        id=override.id.hex,
        cidr=str(override.prefix),
        registry=override.registry,
        reason=override.reason.value,
        created_at=override.created_at,
    )


def reservation_of(reservation: domain.Reservation) -> Reservation:
    """A reservation as the wire shows it."""
    return Reservation(
        id=reservation.id.hex,
        cidr=str(reservation.prefix),
        account_id=reservation.account_id.hex if reservation.account_id else None,
        reason=reservation.reason.value,
        created_at=reservation.created_at,
    )


def roa_snapshot_of(view: RoaSnapshotView) -> RoaSnapshot:
    """A snapshot as the wire shows it."""
    snapshot = view.snapshot
    return RoaSnapshot(
        number=snapshot.number,
        in_use=view.in_use,
        accepted=snapshot.accepted,
        attempted_at=snapshot.attempted_at,
        built_at=snapshot.tally.built_at if snapshot.tally else None,
        source=snapshot.source,
        counts=dict(snapshot.tally.counts) if snapshot.tally else {},
        objections=[
            SnapshotObjection(gate=one.gate, detail=one.detail) for one in snapshot.objections
        ],
        kept=snapshot.kept,
        acceptance=_acceptance(view.acceptance),
    )


def registration_of(status: RegistrationStatus) -> RegistrationSnapshot:
    """A registry's statistics as the wire shows them."""
    return RegistrationSnapshot(
        registry=status.registry,
        serial=status.serial,
        loaded_at=status.loaded_at,
        ranges=status.ranges,
        fault=status.fault,
        refused=status.refused,
        acceptance=_acceptance(status.acceptance),
    )


def _acceptance(word: Acceptance | None) -> SnapshotAcceptance | None:
    return SnapshotAcceptance(by=word.by, reason=word.reason, at=word.at) if word else None
