"""What operators send and are shown of waivers: checks that one prefix need not pass."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Id, Text, Time, Wire, example
from byoip.api.claims.delegation_schemas import read_time
from byoip.domain.claims import check_waiver as domain
from byoip.domain.claims.check_waiver import Waivable

_WAIVER: dict[str, Any] = {
    "id": "1f2e3d4c5b6a79887766554433221100",
    "check": "rpki",
    "reason": "Legacy space at ARIN without a contract: it can have no ROA.",
    "created_at": "2026-11-02T09:30:00Z",
    "expires_at": "2027-11-01T00:00:00Z",
}

_EndIn = Annotated[
    datetime, BeforeValidator(read_time), WithJsonSchema({"type": "string", "format": "date-time"})
]


class NewWaiver(Reasoned):
    """A check to do without."""

    model_config = example(
        check=_WAIVER["check"], expires_at=_WAIVER["expires_at"], reason=_WAIVER["reason"]
    )

    check: Literal["irr", "rpki"] = Field(
        description="`irr`: no route object is needed. `rpki`: *not found* passes, at approval and "
        "at each announcement; *invalid* never does, and a ROA that covers the prefix ends it."
    )
    expires_at: _EndIn = Field(description="When it ends by itself: within a year.")


class Waiver(Wire):
    """The operator's word that one check of a prefix need not pass."""

    model_config = example(**_WAIVER)

    id: Id
    check: Waivable
    reason: Text
    created_at: Time
    expires_at: Time


def waiver_of(waiver: domain.CheckWaiver) -> Waiver:
    """A waiver as the wire shows it."""
    return Waiver.showing(waiver)
