"""The operator's part of a transaction: overrides, reservations, and its history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
from sqlalchemy import Uuid, bindparam, insert, select, text, update
from sqlalchemy.dialects.postgresql import CIDR
from sqlalchemy.ext.asyncio import AsyncConnection

from byoip.domain.accounts.credential import AccountNotFound
from byoip.domain.accounts.operating import (
    OverlapsReservation,
    OverrideNotFound,
    RegistryOverride,
    Reservation,
    ReservationNotFound,
)
from byoip.domain.customer_text import CustomerText
from byoip.domain.history import OperatorEvent
from byoip.domain.prefix import Prefix
from byoip.store.accounts.operating import (
    AccountRepository,
    CredentialRepository,
    OfferedServiceRepository,
)
from byoip.store.accounts.tables import operator_events
from byoip.store.checks.partitions import REGISTRATIONS_LOCK, VRPS_LOCK, wait_for_turn
from byoip.store.checks.registration_snapshots import RegistrationSnapshotRepository
from byoip.store.checks.tables import registry_overrides
from byoip.store.checks.vrp_writing import VrpSnapshotRepository
from byoip.store.claims.tables import reservations
from byoip.store.rows import AnyRow, json
from byoip.store.statements import Session, compiled

_o, _r = registry_overrides.c, reservations.c
_PREFIX: Final = bindparam("prefix", type_=CIDR)

_OVERRIDES: Final = compiled(select(_o.cidr, _o.registry).where(_o.cidr.op("&&")(_PREFIX), _o.live))
_ADD_OVERRIDE: Final = compiled(
    insert(registry_overrides), ["id", "cidr", "registry", "reason", "created_at"]
)
_end_override = update(registry_overrides).where(_o.live).returning(registry_overrides)
_REPLACE: Final = compiled(_end_override.where(_o.cidr == _PREFIX), ["removed_at"])
_REMOVE: Final = compiled(
    _end_override.where(_o.id == bindparam("override_id", type_=Uuid)), ["removed_at"]
)
_BLOCKING: Final = compiled(
    select(_r.id)
    .where(
        _r.cidr.op("&&")(_PREFIX),
        _r.account_id.is_distinct_from(bindparam("account_id", type_=Uuid)),
        _r.live,
    )
    .limit(1)
)
_ADD_RESERVATION: Final = compiled(
    insert(reservations), ["id", "cidr", "account_id", "reason", "created_at"]
)
_RELEASE: Final = compiled(
    update(reservations)
    .where(_r.id == bindparam("reservation_id", type_=Uuid), _r.live)
    .returning(reservations),
    ["released_at"],
)
_NUMBER: Final = compiled(
    text("""
    INSERT INTO operator_event_counter AS kept (last) VALUES (:many)
    ON CONFLICT (singleton) DO UPDATE SET last = kept.last + excluded.last
    RETURNING last
    """)
)
_WRITE: Final = compiled(insert(operator_events), operator_events.c.keys())


class OverrideRepository:
    """The operator's word on registries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def overlapping(self, prefix: Prefix) -> Sequence[tuple[Prefix, str]]:
        """Ranges that overlap a prefix, and the registry named for each."""
        rows = await self._session.rows(_OVERRIDES, prefix=prefix.network)
        return [(Prefix(row.cidr), row.registry) for row in rows]

    async def put(self, override: RegistryOverride) -> RegistryOverride | None:
        """Keep it; gives the one that it replaces, of exactly the same range."""
        replaced = await self._session.row(
            _REPLACE, prefix=override.prefix.network, removed_at=override.created_at
        )
        await self._session.change(
            _ADD_OVERRIDE,
            id=override.id,
            cidr=override.prefix.network,
            registry=override.registry,
            reason=override.reason.value,
            created_at=override.created_at,
        )
        return None if replaced is None else override_from(replaced)

    async def remove(self, override_id: UUID, now: datetime) -> RegistryOverride:
        """End one; the row stays.

        Raises:
            OverrideNotFound: there is none.
        """
        row = await self._session.row(_REMOVE, override_id=override_id, removed_at=now)
        if row is None:
            raise OverrideNotFound
        return override_from(row)


class ReservationRepository:
    """Space kept for somebody."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def blocks(self, prefix: Prefix, account_id: UUID) -> bool:
        """Whether any of a prefix is reserved, but not for this account."""
        asked = {"prefix": prefix.network, "account_id": account_id}
        return await self._session.row(_BLOCKING, **asked) is not None

    async def add(self, reservation: Reservation) -> None:
        """Keep it; the space must be locked.

        Raises:
            OverlapsReservation: an address in it is reserved already.
            AccountNotFound: its account does not exist.
        """
        try:
            await self._session.change(
                _ADD_RESERVATION,
                id=reservation.id,
                cidr=reservation.prefix.network,
                account_id=reservation.account_id,
                reason=reservation.reason.value,
                created_at=reservation.created_at,
            )
        except psycopg.errors.ExclusionViolation as fault:
            if fault.diag.constraint_name == "ex_reservations_overlap":
                raise OverlapsReservation(reservation.prefix) from None
            raise
        except psycopg.errors.ForeignKeyViolation as fault:
            if fault.diag.constraint_name == "fk_reservations_account_id":
                raise AccountNotFound from None
            raise

    async def release(self, reservation_id: UUID, now: datetime) -> Reservation:
        """End one; the row stays.

        Raises:
            ReservationNotFound: there is none.
        """
        row = await self._session.row(_RELEASE, reservation_id=reservation_id, released_at=now)
        if row is None:
            raise ReservationNotFound
        return reservation_from(row)


class OperatorEventRepository:
    """The operators' history; kept back until the transaction ends, as the prefixes' is."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._added: list[OperatorEvent] = []

    def note(self, event: OperatorEvent) -> None:
        """Note what happened."""
        self._added.append(event)

    async def add(self, event: OperatorEvent) -> None:
        """Note what happened. Its number is given when the transaction ends."""
        self._added.append(event)

    async def write(self) -> None:
        """Number and write them: the last thing in a transaction but for its stored answer."""
        if not self._added:
            return
        (counter,) = await self._session.rows(_NUMBER, many=len(self._added))
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


class OperatorRepositories:
    """The operator's part of a transaction."""

    def __init__(self, connection: AsyncConnection, session: Session) -> None:
        self._connection = connection
        self.accounts = AccountRepository(session)
        self.credentials = CredentialRepository(session)
        self.services = OfferedServiceRepository(session)
        self.overrides = OverrideRepository(session)
        self.reservations = ReservationRepository(session)
        self.events = OperatorEventRepository(session)

    async def roa_snapshots(self) -> VrpSnapshotRepository:
        """Snapshots of ROA data, open for writing by this transaction alone."""
        await wait_for_turn(self._connection, VRPS_LOCK)
        return VrpSnapshotRepository(self._connection)

    async def registration_snapshots(self) -> RegistrationSnapshotRepository:
        """The registries' statistics, open for writing by this transaction alone."""
        await wait_for_turn(self._connection, REGISTRATIONS_LOCK)
        return RegistrationSnapshotRepository(self._connection)

    async def end(self) -> None:
        """Write the history."""
        await self.events.write()


def override_from(row: AnyRow) -> RegistryOverride:
    """A row of registry_overrides."""
    return RegistryOverride(
        row.id, Prefix(row.cidr), row.registry, CustomerText(row.reason), row.created_at
    )


def reservation_from(row: AnyRow) -> Reservation:
    """A row of reservations."""
    return Reservation(
        row.id, Prefix(row.cidr), row.account_id, CustomerText(row.reason), row.created_at
    )
