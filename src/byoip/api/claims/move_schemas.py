"""Offers of prefixes between accounts on the wire."""

from typing import Any

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.envelope import Id, IdIn, Text, Time, Wire, example
from byoip.domain.claims import move as domain
from byoip.domain.claims.move import MoveEnd
from byoip.store.claims.views import MoveView

_MOVE: dict[str, Any] = {
    "id": "5a1b0c3d9e8f47a6b5c4d3e2f1a0b9c8",
    "prefix_id": "1f2e3d4c5b6a79887766554433221100",
    "from_account_id": "8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7",
    "to_account_id": "0c2d1e3f4a5b46978899aabbccddeeff",
    "offered_at": "2026-11-29T09:30:00Z",
    "expires_at": "2026-12-13T09:30:00Z",
}


class NewMove(Wire):
    """To whom a prefix is offered."""

    model_config = example(to_account_id=_MOVE["to_account_id"])

    to_account_id: IdIn = Field(description="The account that may accept it.")


class OperatorMove(Reasoned):
    """Where you move a prefix to."""

    model_config = example(to_account_id=_MOVE["to_account_id"], reason="Contract 4711 was signed.")

    to_account_id: IdIn


class PrefixMove(Wire):
    """An offer of a prefix to another account."""

    model_config = example(**_MOVE, ended=None)

    id: Id
    prefix_id: Id
    from_account_id: Id
    to_account_id: Id
    offered_at: Time
    expires_at: Time = Field(description="Until when it may be accepted.")
    ended: MoveEnd | None = Field(description="How it has ended; null: it has not.")


class OfferedPrefix(PrefixMove):
    """An open offer, with the prefix."""

    model_config = example(**_MOVE, ended=None, cidr="198.18.0.0/23")

    cidr: Text


def move_of(move: domain.Move) -> PrefixMove:
    """An offer as the wire shows it."""
    return PrefixMove.showing(move, prefix_id=move.claim_id)


def offered_of(view: MoveView) -> OfferedPrefix:
    """An offer with its prefix."""
    return OfferedPrefix.showing(view.move, prefix_id=view.move.claim_id, cidr=view.cidr)
