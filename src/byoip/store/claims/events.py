"""Histories of claims.

Text SQL: hot, at the end of every write. One statement locks the counters, numbers the events
and writes them. It notifies nobody: who waits looks at the counters (`event_notifier.py`).
"""

from collections import Counter
from collections.abc import Collection
from typing import Final
from uuid import UUID

from byoip.domain.history import Event
from byoip.domain.speakers.succession import Write
from byoip.store.claims.views import NumberedEvent
from byoip.store.sharing import PART, in_slices
from byoip.store.statements import AnyRow, Session, from_row, from_text, json_text

# One statement, so that the counters are locked for as short as can be: those of claims first,
# then those of accounts (which read what the first returned), each in the order of their ids.
_WRITE: Final = from_text("""
    WITH added AS (
        SELECT event.*, coalesce(new_of, prefixes.account_id) AS account_id
        FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS event (
            prefix_id uuid, new_of uuid, position int, place int, kind text, actor text,
            request_id text, at timestamptz, before jsonb, after jsonb
        ) LEFT JOIN prefixes ON prefixes.id = event.prefix_id
    ), counts AS (
        SELECT prefix_id, count(*) AS many FROM added GROUP BY prefix_id ORDER BY prefix_id
    ), counters AS (
        INSERT INTO event_counters AS kept (prefix_id, last) SELECT prefix_id, many FROM counts
        ON CONFLICT (prefix_id) DO UPDATE SET last = kept.last + excluded.last
        RETURNING prefix_id, last
    ), numbered AS (
        SELECT added.*, last - many + place AS number,
            row_number() OVER (PARTITION BY account_id ORDER BY position) AS account_place
        FROM added JOIN counters USING (prefix_id) JOIN counts USING (prefix_id)
    ), account_counts AS (
        SELECT account_id, count(*) AS many FROM numbered GROUP BY account_id ORDER BY account_id
    ), account_numbers AS (
        INSERT INTO account_event_counters AS kept (account_id, last)
        SELECT account_id, many FROM account_counts
        ON CONFLICT (account_id) DO UPDATE SET last = kept.last + excluded.last
        RETURNING account_id, last
    )
    INSERT INTO events (
        prefix_id, number, account_id, account_number, kind, actor, request_id, at, before, after
    )
    SELECT prefix_id, number, account_id, last - many + account_place, kind, actor,
        request_id, at, before, after
    FROM numbered JOIN account_numbers USING (account_id)
        JOIN account_counts USING (account_id)
""")

_LOCK_CLAIMS: Final = from_text("""
    SELECT id FROM prefixes WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
""")


class EventRepository:
    """The history; kept back until the transaction ends, so that numbers follow commits.

    Attributes:
        written: which claims changed at whose request.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._added: list[Event] = []
        self._new: dict[UUID, UUID] = {}
        self._for: dict[int, UUID] = {}  # by position
        self.written: list[Write] = []

    async def lock_claims(self, claim_ids: Collection[UUID]) -> None:
        """Lock claims that nothing else is written of, before events of them.

        A saved claim keeps rows that refer to it waiting (its `live` is generated, and part of a
        key): who had its counter and then waited for it would deadlock with who saved it.
        """
        await self._session.rows(_LOCK_CLAIMS, ids=list(claim_ids))

    def note(self, *events: Event) -> None:
        """Note what happened; numbers are given when the transaction ends, in this order."""
        self._added.extend(events)

    def note_for(self, account_id: UUID, event: Event) -> None:
        """Note what this account's feed is to say, whoever has the claim now."""
        self._for[len(self._added)] = account_id
        self._added.append(event)

    def of_new(self, claim_id: UUID, account_id: UUID) -> None:
        """A claim is written with its first events, in one statement, which does not see it yet."""
        self._new[claim_id] = account_id

    async def write(self) -> None:
        """Number and write them: the last thing in a transaction but for its stored answer."""
        if self._added:
            await self._session.put_off("rung", _WRITE, {"events": await self._as_json()})
            self.written += {(one.claim_id, one.by.request_id) for one in self._added}
            self._added.clear()
            self._for.clear()

    async def _as_json(self) -> str:
        """In slices: a contest of thousands may end in one transaction."""
        places: Counter[UUID] = Counter()

        def row(positioned: tuple[int, Event]) -> str:
            position, event = positioned
            places[event.claim_id] += 1
            return json_text(
                {
                    "prefix_id": event.claim_id,
                    "new_of": self._for.get(position) or self._new.get(event.claim_id),
                    "position": position,
                    "place": places[event.claim_id],
                    "kind": event.kind,
                    "actor": event.by.name,
                    "request_id": event.by.request_id,
                    "at": event.at,
                    "before": event.before,
                    "after": event.after,
                }
            )

        return f"[{','.join(await in_slices(list(enumerate(self._added)), row, size=PART))}]"


def event_from(row: AnyRow) -> NumberedEvent:
    """A row of events."""
    return from_row(NumberedEvent, row)
