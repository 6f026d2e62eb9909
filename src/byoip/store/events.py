from typing import Final

from sqlalchemy import text

from byoip.ports.store import Event
from byoip.store.rows import as_json
from byoip.store.statements import Session, compiled

# One statement, so that the counters are locked for as short as can be. They are locked in the
# order of their ids; whoever adds events of two claims has locked both claims before.
_WRITE: Final = compiled(
    text("""
    WITH added AS (
        SELECT * FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS added (
            prefix_id uuid, place int, kind text, actor text, request_id text, at timestamptz,
            before jsonb, after jsonb
        )
    ), counts AS (
        SELECT prefix_id, count(*) AS many FROM added GROUP BY prefix_id ORDER BY prefix_id
    ), counters AS (
        INSERT INTO event_counters AS kept (prefix_id, last) SELECT prefix_id, many FROM counts
        ON CONFLICT (prefix_id) DO UPDATE SET last = kept.last + excluded.last
        RETURNING prefix_id, last
    )
    INSERT INTO events (prefix_id, number, kind, actor, request_id, at, before, after)
    SELECT prefix_id, last - many + place, kind, actor, request_id, at, before, after
    FROM added JOIN counters USING (prefix_id) JOIN counts USING (prefix_id)
    """)
)


class EventShelf:
    """The history; kept back until the transaction ends, so that numbers follow commits."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._added: list[Event] = []

    async def add(self, *events: Event) -> None:
        """Note what happened."""
        self._added.extend(events)

    async def write(self) -> None:
        """Number and write them: the last thing in a transaction but for its stored answer."""
        if self._added:
            await self._session.change(_WRITE, events=_as_json(self._added))
            self._added.clear()


def _as_json(events: list[Event]) -> str:
    places: dict[object, int] = {}
    rows = []
    for event in events:
        place = places[event.claim_id] = places.get(event.claim_id, 0) + 1
        rows.append(
            {
                "prefix_id": event.claim_id,
                "place": place,
                "kind": event.kind,
                "actor": event.by.actor,
                "request_id": event.by.request_id,
                "at": event.at,
                "before": event.before,
                "after": event.after,
            }
        )
    return as_json(rows).decode()
