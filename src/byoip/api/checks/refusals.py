"""The records of what is refused about checks, registries and snapshots of public data."""

from byoip.api.problems.record import conflict, invalid, not_found
from byoip.domain.checks import registry_override, reverse_zone, snapshot_refusals, validation_run
from byoip.domain.prefix import Prefix

REFUSALS = (
    invalid(
        1311,
        reverse_zone.NoReverseZone(Prefix.parse("198.18.0.1/32")),
        "Prove ownership by the registry (`irr`) instead.",
    ),
    not_found(1403, validation_run.ValidationNotFound(), "List the prefix's validations."),
    invalid(
        1810,
        registry_override.RegistryUnknown(["arin", "ripencc"]),
        "Take a key that the message names, or add it to the settings.",
    ),
    not_found(
        1811, registry_override.OverrideNotFound(), "List the overrides; the settings have others."
    ),
    not_found(1812, snapshot_refusals.SnapshotNotFound(), "List the snapshots."),
    conflict(
        1813,
        snapshot_refusals.SnapshotNotAcceptable("it was accepted before"),
        "Accept the newest refused one; the message says what was wrong with this one.",
    ),
)
