"""Which registry a range belongs to, where an operator has said so."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.checks.registry_override import OverrideNotFound, RegistryOverride
from byoip.domain.customer_text import CustomerText
from byoip.domain.prefix import Prefix
from byoip.store.batches import Part, asking
from byoip.store.checks.tables import registry_overrides
from byoip.store.statements import AnyRow, Repository, compiled, from_row, to_row

_o = registry_overrides.c
_PREFIX: Final = sa.bindparam("prefix", type_=pg.CIDR)
_OVERRIDES: Final = compiled(
    sa.select(_o.cidr, _o.registry).where(_o.cidr.op("&&")(_PREFIX), _o.live)
)
_WRITTEN: Final = ("id", "cidr", "registry", "reason", "created_at")
# It waits for another transaction's override of the same range, and gives way to it.
_ADD_OVERRIDE: Final = compiled(
    pg.insert(registry_overrides).on_conflict_do_nothing(
        index_elements=[_o.cidr], index_where=_o.live
    ),
    _WRITTEN,
)
_end_override = sa.update(registry_overrides).where(_o.live).returning(registry_overrides)
_REPLACE: Final = compiled(_end_override.where(_o.cidr == _PREFIX), ["removed_at"])
_REMOVE: Final = compiled(_end_override.where(_o.id == sa.bindparam("override_id")), ["removed_at"])


class OverrideRepository(Repository):
    """Operators' overrides of the responsible registry."""

    async def overlapping(self, prefix: Prefix) -> Sequence[tuple[Prefix, str]]:
        """Ranges that overlap a prefix, and the registry named for each."""
        return _ranges(await self._session.rows(_OVERRIDES, prefix=prefix.network))

    def asking(self, prefix: Prefix) -> Part:
        """The same, as a part of a look."""
        return asking(_OVERRIDES, _ranges, prefix=prefix.network)

    async def put(self, override: RegistryOverride) -> RegistryOverride | None:
        """Keep it; gives the one that it replaces, of exactly the same range."""
        asked = {"prefix": override.prefix.network, "removed_at": override.created_at}
        replaced = await self._session.row(_REPLACE, **asked)
        while not await self._session.change(_ADD_OVERRIDE, **_values(override)):
            replaced = await self._session.row(_REPLACE, **asked)  # put at the same time
        return None if replaced is None else override_from(replaced)

    async def remove(self, override_id: UUID, now: datetime) -> RegistryOverride:
        """End one; the row stays.

        Raises:
            OverrideNotFound: there is none.
        """
        row = await self._session.one(
            _REMOVE, OverrideNotFound, override_id=override_id, removed_at=now
        )
        return override_from(row)


def _ranges(rows: Sequence[AnyRow]) -> Sequence[tuple[Prefix, str]]:
    return [(Prefix(row.cidr), row.registry) for row in rows]


def override_from(row: AnyRow) -> RegistryOverride:
    """A row of registry_overrides."""
    given = {"prefix": Prefix(row.cidr), "reason": CustomerText(row.reason)}
    return from_row(RegistryOverride, row, **given)


def _values(override: RegistryOverride) -> dict[str, Any]:
    given = {"cidr": override.prefix.network, "reason": override.reason.value}
    return to_row(override, _WRITTEN, **given)
