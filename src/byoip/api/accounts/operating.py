"""What the operator's side of the API is built from."""

from dataclasses import dataclass

from byoip.ports.clock import Clock
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.jobs.guard_reader import GuardReader
from byoip.store.transaction import Store


@dataclass(frozen=True, slots=True)
class Operating:
    """What operators may do, and what they are shown."""

    guards: GuardReader
    reader: OperatorReader


def operating(
    *,
    store: Store,
    clock: Clock,
    reader: OperatorReader,
    guards: GuardReader,
) -> Operating:
    """All of it, around these ports."""
    return Operating(
        guards=guards,
        reader=reader,
    )
