from typing import Final
from uuid import UUID

from sqlalchemy import Integer, Interval, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.ports.rate_limits import WINDOW, Window
from byoip.store.lanes import lanes_of
from byoip.store.statements import compiled

# A window begins with the first report after the last one's end, so that not all end at once.
_REPORT: Final = compiled(
    text("""
    INSERT INTO rate_windows AS kept (who, began_at, used)
    VALUES (:who, clock_timestamp(), :used)
    ON CONFLICT (who) DO UPDATE SET
        used = excluded.used
            + CASE WHEN kept.began_at + :length > excluded.began_at THEN kept.used ELSE 0 END,
        began_at = CASE WHEN kept.began_at + :length > excluded.began_at
            THEN kept.began_at ELSE excluded.began_at END
    RETURNING used,
        extract(epoch FROM began_at + :length - clock_timestamp())::float AS seconds_left
    """).bindparams(
        bindparam("who", type_=Uuid),
        bindparam("used", type_=Integer),
        bindparam("length", type_=Interval),
    )
)


class PostgresRateWindows:
    """Counts that all API processes share; a report is one statement."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._lanes = lanes_of(engine)

    async def report(self, who: UUID, used: int) -> Window:
        """Add what was used since the last report; the window as it then stands."""
        (row,) = await self._lanes.ask(_REPORT, who=who, used=used, length=WINDOW)
        return Window(row.used, max(0.0, row.seconds_left))
