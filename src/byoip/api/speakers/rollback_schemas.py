"""What operators send and are shown of roll-backs to a snapshot."""

from typing import Any

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Text, Wire, example
from byoip.usecases.speakers.restore_snapshot import RolledBack

_REFUSED: dict[str, Any] = {"cidr": "198.18.7.0/24", "because": "its owner has withdrawn it since"}


class RollbackOrder(Reasoned):
    """Why routes are to be announced again, and whether this is only a dry run."""

    model_config = example(reason="The accident of this morning, ticket 4711.", dry_run=True)

    dry_run: bool = Field(
        default=False, description="Change nothing; show what would be announced."
    )


class RefusedRoute(Wire):
    """A route that is not announced again."""

    model_config = example(**_REFUSED)

    cidr: Text
    because: str


class RouteRollback(Wire):
    """What came of a roll-back, or would come of it."""

    model_config = example(
        snapshot=12,
        dry_run=True,
        announced=["198.18.4.0/24"],
        kept=950,
        newer=["198.18.9.0/24"],
        refused=[_REFUSED],
    )

    snapshot: int
    dry_run: bool
    announced: list[Text] = Field(description="Announced again; in a dry run, would be.")
    kept: int = Field(description="Announced anyway.")
    newer: list[Text] = Field(description="Announced and not in the snapshot; not touched.")
    refused: list[RefusedRoute]


def rollback_of(made: RolledBack, *, snapshot: int, dry_run: bool) -> RouteRollback:
    """What came of it as the wire shows it."""
    return RouteRollback.showing(
        made,
        snapshot=snapshot,
        dry_run=dry_run,
        kept=len(made.kept),
        refused=[RefusedRoute(cidr=one, because=why) for one, why in made.refused],
    )
