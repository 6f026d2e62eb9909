"""What is told of a freeze, what lifts it, and what may return under it; see `effects`."""

from collections.abc import Collection
from datetime import datetime

from byoip.domain.errors import Refusal
from byoip.domain.watch.effects import Act, Stage, stops
from byoip.domain.watch.levels import NOT_BY_THE_OLD_ACCOUNT, UP_LATELY, Signal


class PrefixFrozen(Refusal):
    """What was proven is no longer so: nothing new, and what is there stays."""

    name = "prefix_frozen"

    def __init__(self, signals: Collection[Signal]) -> None:
        super().__init__(
            f"This prefix is frozen for {', '.join(sorted(signals))}: nothing new, until it is "
            f"lifted. Routes and bindings stay. {how_lifted(signals)}"
        )


class NotFrozen(Refusal):
    """There is no freeze to lift, or nothing for an operator to announce in spite of."""

    name = "not_frozen"

    def __init__(self, besides: str = "") -> None:
        super().__init__(f"This prefix is not frozen{besides}.")


def how_lifted(signals: Collection[Signal]) -> str:
    """What lifts it, in words."""
    if NOT_BY_THE_OLD_ACCOUNT.intersection(signals):
        return (
            "The space has another holder by now. A new proof (POST .../validation_tokens) by "
            "maintainers, or in zones delegated to servers, that were not there before lifts it, "
            "once no other account has claimed the space for 14 days. Or talk to the operator."
        )
    return (
        "Put back what is missing (GET .../watch), issue a token (POST .../validation_tokens), "
        "publish it and ask for validation: the new proof lifts it. Or talk to the operator."
    )


def by_a_new_proof(signals: Collection[Signal]) -> bool:
    """Whether any new proof of the same account lifts it."""
    return not NOT_BY_THE_OLD_ACCOUNT.intersection(signals)


def may_return(signals: Collection[Signal], last_up: datetime | None, now: datetime) -> bool:
    """Whether its owner may announce a route again that was up until then.

    Under attack a customer withdraws and announces. Nothing here says that the space is another's.
    """
    lately = last_up is not None and now - last_up <= UP_LATELY
    return lately and not stops(Stage.FREEZE, Act.ANNOUNCE_AGAIN, signals)
