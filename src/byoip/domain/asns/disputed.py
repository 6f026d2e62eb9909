"""A dispute about an AS number, as a party's number shows it, and what it stops."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from byoip.domain.asn import Asn
from byoip.domain.errors import Refusal
from byoip.domain.watch.dispute import DisputeEnd, Side, left_to_answer


class AsnDisputed(Refusal):
    """Nothing new has this number as its origin while a dispute about it is open."""

    name = "asn_disputed"

    def __init__(self, asn: Asn, *, pointer: str | None = None) -> None:
        super().__init__(
            f"There is a dispute about {asn}: another account has proven it, too. What is "
            "announced stays. Until an operator has decided no new prefix has it as its origin, "
            "and no route is announced from it that was not up within 30 days. Take another "
            "origin, or tell the operator whose the number is.",
            pointer=pointer,
        )


@dataclass(frozen=True, slots=True)
class OwnAsnDispute:
    """The newest one about an account's number.

    Attributes:
        decide_from: see `Dispute`.
        ended: None: it is open.
    """

    side: Side
    opened_at: datetime
    decide_from: datetime
    ended: DisputeEnd | None = None

    @property
    def state(self) -> str:
        """`open`, or how it has ended."""
        return self.ended.value if self.ended else "open"

    def left(self, now: datetime) -> str:
        """See `left_to_answer`."""
        return left_to_answer(self.decide_from, now)

    @property
    def means(self) -> str:
        """What it means to the party whose number it is."""
        return _MEANS[self.ended, self.side]


_MEANS: Final = {
    (
        None,
        Side.HOLDER,
    ): "Another account has proven this number, too. You keep it, and all that is "
    "announced stays. Until an operator has decided no new prefix takes it as its origin, no route "
    "is announced from it that was not up within 30 days, and no letter of agency names it anew. "
    "If it is yours, tell the operator.",
    (
        None,
        Side.CLAIMANT,
    ): "You have proven this number, and another account had done so before. It "
    "keeps the number until an operator decides, and has 14 days to answer.",
    (DisputeEnd.HOLDER, Side.HOLDER): "An operator has decided that the number stays yours.",
    (DisputeEnd.HOLDER, Side.CLAIMANT): "An operator has decided that the other account keeps the "
    "number. Your proof does not count: there is a new token, in case it is given to you.",
    (DisputeEnd.CLAIMANT, Side.HOLDER): "An operator has decided that the number is the other "
    "account's. Nothing new is announced from it for you; what is announced stays until you or an "
    "operator take it back.",
    (DisputeEnd.CLAIMANT, Side.CLAIMANT): "An operator has decided that the number is yours.",
    (DisputeEnd.GONE, Side.HOLDER): "It ended without a decision: one of the two proofs has gone.",
    (
        DisputeEnd.GONE,
        Side.CLAIMANT,
    ): "It ended without a decision: one of the two proofs has gone. "
    "If the number is yours, have its proof looked for again.",
}
