"""Tables that commands print."""

from collections.abc import Iterable
from datetime import datetime

from rich.table import Table

from byoip.domain.accounts.credential import Credential


def credentials_table(credentials: Iterable[Credential]) -> Table:
    """One line for each credential."""
    table = Table("id", "account", "name", "scopes", "created", "last used", "state")
    for one in credentials:
        table.add_row(
            one.id.hex,
            one.account_id.hex if one.account_id else "operator",
            one.name,
            " ".join(sorted(one.scopes)),
            _day(one.created_at),
            _day(one.last_used_at),
            "revoked" if one.revoked_at else "live",
        )
    return table


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z" if at else "never"
