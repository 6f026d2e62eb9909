"""The history of what operators do that is not about one claim."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.history import OperatorEvent
from byoip.store.accounts.tables import operator_event_counter, operator_events
from byoip.store.statements import Session, compiled, json

_counting = pg.insert(operator_event_counter)
_NUMBER: Final = compiled(
    _counting.on_conflict_do_update(
        index_elements=["singleton"],
        set_={"last": operator_event_counter.c.last + _counting.excluded.last},
    ).returning(operator_event_counter.c.last),
    ["last"],
)
_WRITE: Final = compiled(
    sa.insert(operator_events), [one.name for one in operator_events.c if one.name != "hash"]
)


class OperatorEventRepository:
    """The operators' history; kept back until the transaction ends, as the prefixes' is."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._added: list[OperatorEvent] = []

    def note(self, event: OperatorEvent) -> None:
        """Note what happened."""
        self._added.append(event)

    async def write(self) -> None:
        """Number and write them: the last thing in a transaction but for its stored answer."""
        if not self._added:
            return
        (counter,) = await self._session.rows(_NUMBER, last=len(self._added))
        first = counter.last - len(self._added) + 1
        for number, event in enumerate(self._added, first):
            await self._session.change(
                _WRITE,
                number=number,
                kind=event.kind,
                actor=event.actor,
                request_id=event.request_id,
                reason=event.reason.value,
                at=event.at,
                before=json(event.before),
                after=json(event.after),
            )
        self._added.clear()
