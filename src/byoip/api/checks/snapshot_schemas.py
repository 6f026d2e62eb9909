"""What operators are shown of snapshots: ROA data, and the registries' statistics."""

from pydantic import Field

from byoip.api.border.envelope import Time, Wire, example
from byoip.domain.checks.vrp_snapshot import Gate
from byoip.store.accounts.operator_views import RoaSnapshotView


class SnapshotObjection(Wire):
    """Why a snapshot was refused."""

    model_config = example(gate="anchor", detail="ripe has 12 entries, 40000 before")

    gate: Gate
    detail: str


class SnapshotAcceptance(Wire):
    """An operator's word that a refused snapshot is right."""

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
        unreadable=0,
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
    unreadable: int = Field(description="Entries that made no sense, and were dropped.")
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
        description="The next file is measured by the refused one, which is not kept."
    )


def roa_snapshot_of(view: RoaSnapshotView) -> RoaSnapshot:
    """A snapshot as the wire shows it."""
    snapshot = view.snapshot
    return RoaSnapshot.showing(
        snapshot,
        in_use=view.in_use,
        built_at=snapshot.tally.built_at if snapshot.tally else None,
        counts=snapshot.tally.counts if snapshot.tally else {},
        unreadable=snapshot.tally.unreadable if snapshot.tally else 0,
        acceptance=view.acceptance,
    )
