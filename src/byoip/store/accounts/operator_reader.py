"""Reads for operators: one statement each, nothing is locked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import AccountNotFound, Credential
from byoip.domain.accounts.people import Role
from byoip.domain.address import Address, prefixes_around
from byoip.domain.bindings.service_binding import ServiceBinding
from byoip.domain.checks.registry_override import RegistryOverride
from byoip.domain.claims.check_waiver import CheckWaiver
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.reservation import Reservation
from byoip.domain.prefix import Prefix
from byoip.store.accounts import operator_reader_sql as reading
from byoip.store.accounts.accounts import account_from
from byoip.store.accounts.credentials import credential_from
from byoip.store.accounts.event_chain import EventChain
from byoip.store.accounts.need_reader import NeedReader
from byoip.store.accounts.operator_views import (
    AccountView,
    AddressReport,
    CredentialView,
    Holding,
    OperatorClaimFilter,
    OperatorEventView,
    RoaCounts,
    RoaSnapshotView,
)
from byoip.store.accounts.people_reader import NEWEST
from byoip.store.autocommit import autocommit_pool
from byoip.store.bindings.bindings import BINDING, binding_from
from byoip.store.checks.place_sightings import PlaceSightings
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.registry_overrides import override_from
from byoip.store.checks.roa_counts import ROA_COUNTS, counts_from
from byoip.store.checks.snapshots import RegistrationStatus, SnapshotAcceptance
from byoip.store.checks.vrp_writing import snapshot_from
from byoip.store.checks.waivers import IN_FORCE, waiver_from
from byoip.store.claims.claim_reader import claim_from, claim_view, page_of
from byoip.store.claims.delegations import delegation_from
from byoip.store.claims.events import event_from
from byoip.store.claims.reservations import reservation_from
from byoip.store.claims.views import ClaimView, Cursor
from byoip.store.statements import AnyRow

_BINDING_NAMES: Final = tuple(one.name for one in BINDING)


class OperatorReader:
    """What operators are shown.

    Attributes:
        chain: their history, with its hashes.
        needs: what waits for them.
        places: what perspectives last said.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._autocommit = autocommit_pool(engine)
        self._registrations = RegistrationSnapshots(engine)
        self.chain = EventChain(engine)
        self.needs = NeedReader(self._autocommit)
        self.places = PlaceSightings(engine)

    async def accounts(self, *, after: Cursor | None, limit: int) -> Sequence[AccountView]:
        """Accounts in the order of (created_at, id)."""
        rows = await self._autocommit.ask(reading.ACCOUNTS, **page_of(after, limit))
        return [AccountView(account_from(row), row.claims) for row in rows]

    async def accounts_by_page(
        self, *, name: str | None, newest_first: bool, skipped: int, limit: int
    ) -> tuple[Sequence[Account], int]:
        """Accounts of this name, or all, by age, behind as many; and how many there are in all."""
        page = reading.NEWEST_FIRST if newest_first else reading.OLDEST_FIRST
        rows = await self._autocommit.ask(page, name=name, skipped=skipped, page_size=limit)
        [counted] = await self._autocommit.ask(reading.COUNT_ACCOUNTS, name=name)
        return [account_from(row) for row in rows], counted.held

    async def account(self, account_id: UUID) -> AccountView:
        """One account.

        Raises:
            AccountNotFound: there is no such account.
        """
        missing = AccountNotFound(account_id)
        row = await self._autocommit.one(reading.ACCOUNT, missing, account_id=account_id)
        return AccountView(account_from(row), row.claims)

    async def account_names(self, ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """What these accounts are called."""
        rows = await self._autocommit.ask(reading.ACCOUNT_NAMES, ids=sorted(set(ids)))
        return {row.id: row.name for row in rows}

    async def credentials(
        self, account_id: UUID | None, *, after: Cursor | None, limit: int
    ) -> Sequence[Credential]:
        """Credentials of one account, or all, in the order of (created_at, id)."""
        page = page_of(after, limit)
        if account_id is None:
            rows = await self._autocommit.ask(reading.CREDENTIALS, **page)
        else:
            rows = await self._autocommit.ask(reading.CREDENTIALS_OF, account_id=account_id, **page)
        return [credential_from(row) for row in rows]

    async def newest_issued(self) -> Sequence[UUID]:
        """The token that an operator issued last; of people's own ones none."""
        start = {"before_time": NEWEST.created_at, "before_id": NEWEST.id, "page_size": 1}
        rows = await self._autocommit.ask(reading.credential_views(frozenset({"issued"})), **start)
        return [row.id for row in rows]

    async def credential_views(
        self,
        whose: UUID | None,
        *,
        every: bool = False,
        people: bool = True,
        in_force_at: datetime | None = None,
        before: Cursor | None,
        limit: int,
    ) -> Sequence[CredentialView]:
        """The same with what ends with each, the newest first.

        Args:
            whose: an account; None: the operator.
            every: of all accounts and the operator instead.
            people: also people's ways in, not tokens alone.
            in_force_at: only those that count at that time; None: also those that have ended.
            before: where the page begins.
            limit: how many.
        """
        start = before or NEWEST
        asked = {"before_time": start.created_at, "before_id": start.id, "page_size": limit}
        chosen: dict[str, object] = {} if in_force_at is None else {"now": in_force_at}
        if whose is not None:
            chosen["account_id"] = whose
        filters = {*chosen} | ({"operators"} if whose is None and not every else set())
        filters |= set() if people else {"tokens"}
        rows = await self._autocommit.ask(
            reading.credential_views(frozenset(filters)), **asked, **chosen
        )
        return [
            CredentialView(
                credential_from(row),
                row.account_name,
                None if row.role is None else Role(row.role),
                row.of,
                row.falls,
            )
            for row in rows
        ]

    async def overrides(self, *, after: Cursor | None, limit: int) -> Sequence[RegistryOverride]:
        """Live overrides of the database in the order of (created_at, id)."""
        rows = await self._autocommit.ask(reading.OVERRIDES, **page_of(after, limit))
        return [override_from(row) for row in rows]

    async def waivers(self, claim_id: UUID, now: datetime) -> Sequence[CheckWaiver]:
        """A live claim's waivers in force, by check.

        Raises:
            ClaimNotFound: there is no such live claim.
        """
        await self.claim(claim_id)
        rows = await self._autocommit.ask(IN_FORCE, claim_id=claim_id, now=now)
        return [waiver_from(row) for row in rows]

    async def all_waivers(
        self, now: datetime, *, after: Cursor | None, limit: int
    ) -> Sequence[tuple[Prefix, CheckWaiver]]:
        """Waivers in force of live claims, each with its prefix, by (created_at, id)."""
        rows = await self._autocommit.ask(reading.WAIVERS, now=now, **page_of(after, limit))
        return [(Prefix(row.cidr), waiver_from(row)) for row in rows]

    async def reservations(self, *, after: Cursor | None, limit: int) -> Sequence[Reservation]:
        """Live reservations in the order of (created_at, id)."""
        rows = await self._autocommit.ask(reading.RESERVATIONS, **page_of(after, limit))
        return [reservation_from(row) for row in rows]

    async def claims(
        self, wanted: OperatorClaimFilter, *, after: Cursor | None, limit: int
    ) -> Sequence[ClaimView]:
        """Live claims of all accounts in the order of (created_at, id)."""
        asked: Mapping[str, object] = {
            "account_id": wanted.account_id,
            "wanted_cidr": None if wanted.overlapping is None else wanted.overlapping.network,
            "wanted_approved": wanted.approved,
            "wanted_standing": wanted.standing,
        }
        asked = {name: value for name, value in asked.items() if value is not None}
        statement = reading.claims(frozenset(asked))
        rows = await self._autocommit.ask(statement, **asked, **page_of(after, limit))
        return [claim_view(row) for row in rows]

    async def claim(self, claim_id: UUID) -> ClaimView:
        """One live claim.

        Raises:
            ClaimNotFound: there is no such live claim.
        """
        row = await self._autocommit.one(reading.CLAIM, ClaimNotFound, claim_id=claim_id)
        return claim_view(row)

    async def owner(self, claim_id: UUID) -> UUID:
        """The account of a claim, live or closed.

        Raises:
            ClaimNotFound: there is no such claim.
        """
        row = await self._autocommit.one(reading.OWNER, ClaimNotFound, claim_id=claim_id)
        owner: UUID = row.account_id
        return owner

    async def roa_snapshots(self, *, below: int, limit: int) -> Sequence[RoaSnapshotView]:
        """Attempts to take ROA data with lower numbers, newest first."""
        rows = await self._autocommit.ask(reading.ROA_SNAPSHOTS, below=below, page_size=limit)
        return [RoaSnapshotView(snapshot_from(row), row.in_use, _acceptance(row)) for row in rows]

    async def roa_counts(self, since: datetime, step: timedelta) -> Sequence[RoaCounts]:
        """How many entries each trust anchor had, for each step since then, the oldest first."""
        rows = await self._autocommit.ask(ROA_COUNTS, since=since, step=step)
        return [counts_from(row) for row in rows]

    async def registration_snapshots(self) -> Sequence[RegistrationStatus]:
        """One entry for each registry ever tried."""
        return await self._registrations.status()

    async def events(self, *, after: int, limit: int) -> Sequence[OperatorEventView]:
        """The operators' history, with numbers above `after`."""
        rows = await self._autocommit.ask(reading.EVENTS, after_number=after, page_size=limit)
        return [OperatorEventView(event_from(row), row.reason) for row in rows]

    async def newest_event(self) -> int:
        """The number of the last of them; 0 before the first."""
        rows = await self._autocommit.ask(reading.NEWEST_EVENT)
        return rows[0].last if rows else 0

    async def address(self, address: Address, now: datetime) -> AddressReport:
        """Which accounts, bindings, delegations and reservation answer for an address."""
        around = prefixes_around(address)
        rows = await self._autocommit.ask(reading.HOLDINGS, address=address, around=around)
        holdings = tuple(Holding(claim_from(row), row.account_name, _binding(row)) for row in rows)
        delegated = []
        if holdings:
            asked = {"address": address, "claim_id": holdings[0].claim.id, "now": now}
            delegated = await self._autocommit.ask(reading.DELEGATIONS, **asked)
        reserved = await self._autocommit.ask(reading.RESERVATION, address=address)
        return AddressReport(
            address,
            holdings,
            tuple((delegation_from(row), row.account_name) for row in delegated),
            reservation_from(reserved[0]) if reserved else None,
        )


def _binding(row: AnyRow) -> ServiceBinding | None:
    if row.binding_id is None:
        return None
    named = {name: getattr(row, f"binding_{name}") for name in _BINDING_NAMES}
    return binding_from(SimpleNamespace(**named))


def _acceptance(row: AnyRow) -> SnapshotAcceptance | None:
    if row.accepted_at is None:
        return None
    return SnapshotAcceptance(row.accepted_by, row.accepted_because, row.accepted_at)
