"""What is refused of snapshots: of ROA data, and of the registries' statistics."""

from byoip.domain.errors import Refusal


class SnapshotNotFound(Refusal):
    """There was no such attempt to take ROA data or statistics."""

    name = "snapshot_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such snapshot.")


class SnapshotNotAcceptable(Refusal):
    """It is not a refused snapshot that an operator could accept."""

    name = "snapshot_not_acceptable"

    def __init__(self, why: str) -> None:
        super().__init__(f"Nothing has changed: {why}.")
